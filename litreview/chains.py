"""Configurations as chains: context, mechanism, outcome, and the studies on each link.

Two forms of the same picture: SVG to look at and print, DOT (Graphviz) to arrange
anew. A link carries the number of distinct studies with a supporting passage of the
constructs at both its ends; a link that no study has is drawn broken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from litreview import svg
from litreview.chart import BODY, HEAD, LEADING, MARGIN, SMALL, TITLE, tidy, wrap
from litreview.vocabulary import CmoRole

BOX, ACROSS = 210.0, 86.0  # widths of a box and of the room for a link
LINES = 3  # of a construct's name in its box
BOX_HEIGHT = LINES * SMALL * LEADING + 10
BETWEEN = 14.0  # boxes of one column
# Told apart by their edge as well as by their fill.
FILLS = {
    CmoRole.CONTEXT: ("#e8f0f8", ""),
    CmoRole.MECHANISM: ("#fdf3d8", ' stroke-dasharray="7 3"'),
    CmoRole.OUTCOME: ("#e6f2e6", ' stroke-width="2.4"'),
}
EDGE = "#404040"
GONE = ' stroke-dasharray="3 4"'  # a link that no study has
NOTHING = "nothing yet"
NEXT = dict(pairwise(CmoRole))
EARLY, LATE = 0.22, 0.78  # where a link's number stands, as a share of its course
QUOTED = re.compile(r'(["\\])')


@dataclass(frozen=True)
class Node:
    """A construct in its place; `aspect` says which half of a mechanism it is."""

    construct: str
    label: str
    aspect: str = ""


@dataclass(frozen=True)
class Link:
    """Two constructs in neighbouring places, and how many studies support both.

    `role` is the place of the first; the second stands in the next one.
    """

    role: CmoRole
    start: str
    end: str
    studies: int


@dataclass(frozen=True)
class Chain:
    """One configuration, as it is drawn."""

    number: int
    title: str
    status: str
    places: Mapping[CmoRole, tuple[Node, ...]]
    links: tuple[Link, ...]
    studies: int

    @property
    def support(self) -> str:
        """Return in words how many studies support it."""
        if self.studies == 1:
            return "1 study supports it"
        return f"{self.studies} studies support it"

    @property
    def name(self) -> str:
        """Return its heading."""
        return f"CMO {self.number} ({self.status}): {self.title or 'untitled'}"


def in_words(chain: Chain) -> str:
    """Tell a chain in words, for those who do not see it."""
    told = " leads to ".join(
        f"{role.value}: {' and '.join(node.label for node in nodes) or NOTHING}"
        for role, nodes in chain.places.items()
    )
    return f"{chain.name}. {told}. {chain.support}."


# -- SVG -----------------------------------------------------------------------------


def to_svg(title: str, chains: Sequence[Chain]) -> str:
    """Return all chains below each other as one SVG document."""
    top = MARGIN + TITLE * LEADING
    parts = [svg.bold(title, MARGIN, MARGIN + TITLE * 0.8, size=TITLE)]
    if not chains:
        parts.append(svg.text("There is no configuration yet.", MARGIN, top + BODY))
        top += 2 * BODY
    for chain in chains:
        drawn, top = _chain(chain, top + BODY)
        parts += drawn
    words = " ".join(map(in_words, chains)) or "No configuration yet."
    return svg.picture("cmo", title, words, height=top + MARGIN, parts=parts)


def _chain(chain: Chain, top: float) -> tuple[list[str], float]:
    width = svg.WIDTH - 2 * MARGIN
    head = wrap(tidy(chain.name), width, BODY, bold=True)
    parts = [
        svg.bold(line, MARGIN, top + (at + 0.8) * BODY * LEADING, size=BODY)
        for at, line in enumerate(head)
    ]
    top += len(head) * BODY * LEADING
    parts.append(svg.text(f"{chain.support}.", MARGIN, top + SMALL))
    top += SMALL * LEADING + 4
    most = max(1, *(len(nodes) for nodes in chain.places.values()))
    height = most * (BOX_HEIGHT + BETWEEN) - BETWEEN
    placed = _placed(chain, top, height)
    ends = Counter((link.role, link.end) for link in chain.links)
    starts = Counter((link.role, link.start) for link in chain.links)
    for link in chain.links:
        crowded = ends[link.role, link.end] > starts[link.role, link.start]
        parts += _link(link, placed, crowded=crowded)
    for role, nodes in chain.places.items():
        left = _left(role)
        if not nodes:
            parts += _box(role, Node("", NOTHING), left, top + height / 2)
        for node in nodes:
            parts += _box(role, node, left, placed[role, node.construct][1])
    return parts, top + height + BODY


def _left(role: CmoRole) -> float:
    return MARGIN + list(CmoRole).index(role) * (BOX + ACROSS)


def _placed(
    chain: Chain, top: float, height: float
) -> dict[tuple[CmoRole, str], tuple[float, float]]:
    """Return the left edge and the middle height of each box."""
    found = {}
    for role, nodes in chain.places.items():
        share = height / max(1, len(nodes))
        for at, node in enumerate(nodes):
            found[role, node.construct] = (_left(role), top + share * (at + 0.5))
    return found


def _box(role: CmoRole, node: Node, left: float, middle: float) -> Iterator[str]:
    fill, edge = FILLS[role]
    yield (
        f'<rect x="{left:.1f}" y="{middle - BOX_HEIGHT / 2:.1f}" width="{BOX:g}"'
        f' height="{BOX_HEIGHT:.1f}" rx="4" fill="{fill}" stroke="{EDGE}"{edge}/>'
    )
    name = f"{node.label} ({node.aspect})" if node.aspect else node.label
    lines = svg.fitted(name, BOX - 16, LINES)
    yield from svg.stacked(lines, left + BOX / 2, middle, anchor="middle")


def _link(
    link: Link,
    placed: dict[tuple[CmoRole, str], tuple[float, float]],
    *,
    crowded: bool,
) -> Iterator[str]:
    """Draw the arrow from one column to the next, with its number.

    Where several arrows come together the number stands near the beginning.
    """
    x1, y1 = placed[link.role, link.start]
    x1 += BOX
    x2, y2 = placed[NEXT[link.role], link.end]
    broken = "" if link.studies else GONE
    yield (
        f'<path d="M {x1:.1f} {y1:.1f} C {x1 + ACROSS / 2:.1f} {y1:.1f}'
        f' {x2 - ACROSS / 2:.1f} {y2:.1f} {x2 - HEAD:.1f} {y2:.1f}" fill="none"'
        f' stroke="{EDGE}"{broken}/>'
    )
    yield (
        f'<path d="M {x2:.1f} {y2:.1f} l {-HEAD:g} {-HEAD / 2:g} l 0 {HEAD:g} z"'
        f' fill="{EDGE}"/>'
    )
    x, y = _on_curve((x1, y1), (x2 - HEAD, y2), at=EARLY if crowded else LATE)
    y += SMALL * 0.35
    number = str(link.studies)
    half = (len(number) * SMALL * 0.6 + 4) / 2
    yield (
        f'<rect x="{x - half:.1f}" y="{y - SMALL:.1f}" width="{2 * half:.1f}"'
        f' height="{SMALL + 3:g}" fill="#ffffff" fill-opacity="0.85"/>'
    )
    yield svg.text(number, x, y, anchor="middle")


def _on_curve(
    start: tuple[float, float], end: tuple[float, float], *, at: float
) -> tuple[float, float]:
    """Return the point of a link's curve (a cubic Bezier) at a share of its course."""
    middle = ACROSS / 2
    xs = start[0], start[0] + middle, end[0] + HEAD - middle, end[0]
    ys = start[1], start[1], end[1], end[1]
    back = 1 - at
    parts = back**3, 3 * back**2 * at, 3 * back * at**2, at**3
    return (
        sum(part * x for part, x in zip(parts, xs, strict=True)),
        sum(part * y for part, y in zip(parts, ys, strict=True)),
    )


# -- DOT -----------------------------------------------------------------------------


def to_dot(title: str, chains: Sequence[Chain]) -> str:
    """Return all chains as one Graphviz digraph, each in a cluster of its own."""
    lines = [
        "digraph cmo {",
        "  rankdir=LR;",
        f"  label={_quoted(title)};",
        '  node [shape=box, fontname="Arial"];',
    ]
    for chain in chains:
        lines += _cluster(chain)
    return "\n".join([*lines, "}"]) + "\n"


def _cluster(chain: Chain) -> Iterator[str]:
    yield f"  subgraph cluster_{chain.number} {{"
    yield f"    label={_quoted(chain.name)};"
    for role, nodes in chain.places.items():
        for node in nodes:
            name = f"{node.label} ({node.aspect})" if node.aspect else node.label
            yield (
                f"    {_node(chain, role, node.construct)} "
                f"[label={_quoted(name)}, class={_quoted(role.value)}];"
            )
    for link in chain.links:
        style = "" if link.studies else ", style=dashed"
        yield (
            f"    {_node(chain, link.role, link.start)} -> "
            f"{_node(chain, NEXT[link.role], link.end)} "
            f"[label={_quoted(str(link.studies))}{style}];"
        )
    yield "  }"


def _node(chain: Chain, role: CmoRole, construct: str) -> str:
    return _quoted(f"{chain.number}/{role.value}/{construct}")


def _quoted(text: str) -> str:
    return '"' + QUOTED.sub(r"\\\1", tidy(text)) + '"'
