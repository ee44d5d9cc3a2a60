"""The trace of a survey item as one page of HTML that needs nothing beside it.

From the item down to the query as it was sent: each link stands inside the one that
it is part of. All text is escaped, there are no scripts and nothing is loaded, so the
page can be sent to a reviewer or kept with the study. Dark where the reader's
computer is dark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from litreview.document import clean_lines

Tree = Mapping[str, object]

HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root { --ink: #1b2430; --soft: #566273; --paper: #f5f6f8; --card: #ffffff;
  --rule: #d5dae1; --mark: #1f5f8b; --tint: #e8f1f7; --code: #f0f2f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #a3adba; --paper: #14181d; --card: #1d232b;
    --rule: #36404c; --mark: #7fbde6; --tint: #1f3342; --code: #262d36; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Arial, sans-serif; }
main { max-width: 52rem; margin: 0 auto; }
h1 { font-size: 1.6rem; line-height: 1.3; margin: .3rem 0 .6rem; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
h3 { font-size: .95rem; margin: 0 0 .4rem; color: var(--mark); }
p { margin: .3rem 0; }
.over { margin: 0; color: var(--soft); font-size: .85rem; }
.whole { display: inline-block; padding: .1rem .6rem; border-radius: 1rem;
  background: var(--tint); color: var(--mark); font-size: .85rem; }
section { margin-top: 1.2rem; padding: 1rem 1.2rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: .5rem; }
section section { margin-top: .9rem; padding: .1rem 0 .1rem 1rem; border: 0;
  border-left: 3px solid var(--rule); border-radius: 0; }
blockquote { margin: .4rem 0; padding: .5rem .9rem; background: var(--tint);
  border-left: 3px solid var(--mark); white-space: pre-wrap; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr;
  gap: .15rem .9rem; margin: .3rem 0; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--code);
  border-radius: .3rem; font: .82rem/1.45 ui-monospace, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--mark); font-size: .9rem; margin-top: .4rem; }
@media print { body { background: none; padding: 0; }
  section { break-inside: auto; } details > * { display: block; } }
</style>
</head>
<body>
<main>
"""
TAIL = "</main>\n</body>\n</html>\n"

# Keys that are told under their heading, or are branches of their own.
IN_PASSAGE = ("construct", "role", "polarity", "evidence_type", "speaker")
CODED = ("coder", "coded_at")
IN_RECORD = ("record_id", "source", "source_id", "year", "doi", "cluster_id")
IN_HIT = (
    "run_id",
    "kind",
    "source",
    "at",
    "client",
    "rank",
    "line",
    "person",
    "seed_id",
)
# What stands at the very end, by the kind of the run.
ASKED = {
    "search": "The query as it was sent:",
    "citation": "The query as it was sent:",
    "file": "The file that it stood in:",
}
OTHERWISE = "What was noted when it was found:"
LABELS = {
    "cluster_id": "report",
    "doi": "DOI",
    "item_id": "item",
    "code_id": "passage",
    "record_id": "record",
    "run_id": "run",
    "seed_id": "found by the citations of record",
    "sha256": "SHA-256",
}


def to_html(tree: Tree) -> str:
    """Return the trace of an item (the tree of `trace.item`) as a page."""
    title = f"Trace of item {_said(tree.get('item_id'))}"
    lines = [HEAD.replace("{title}", _text(title)), *_item(tree)]
    passages = _trees(tree.get("evidence"))
    for number, passage in enumerate(passages, start=1):
        lines += _passage(passage, f"Evidence {number} of {len(passages)}")
    return "\n".join(line for line in lines if line) + "\n" + TAIL


def _item(tree: Tree) -> Iterator[str]:
    yield f'<p class="over">Survey item {_text(tree.get("item_id"))}</p>'
    yield f"<h1>{_text(tree.get('text'))}</h1>"
    if tree.get("whole"):
        yield '<p><span class="whole">Whole: every link was checked</span></p>'
    yield from _facts(tree, ("instrument", "construct", "version", "status"))


def _passage(tree: Tree, heading: str) -> Iterator[str]:
    yield f"<section>\n<h2>{_text(heading)}</h2>"
    yield f"<blockquote>{_text(tree.get('quote'))}</blockquote>"
    yield f"<p><strong>{_text(tree.get('locator'))}</strong></p>"
    yield from _facts(tree, IN_PASSAGE)
    yield from _codebook(tree)
    yield from _record(tree)
    yield "</section>"


def _codebook(tree: Tree) -> Iterator[str]:
    book = _tree(tree.get("codebook"))
    yield "<section>\n<h3>What the code means</h3>"
    yield f"<p><strong>{_text(book.get('label'))}.</strong> "
    yield f"{_text(book.get('definition'))}</p>"
    told = {"codebook": book.get("name"), "sha256": book.get("sha256")}
    coded = {key: tree.get(key) for key in ("code_id", *CODED)}
    yield from _facts({**coded, **told}, (*coded, *told))
    yield "</section>"


def _record(tree: Tree) -> Iterator[str]:
    record = _tree(tree.get("record"))
    yield "<section>\n<h3>Report</h3>"
    yield f"<p><strong>{_text(record.get('title'))}</strong></p>"
    yield from _facts(record, IN_RECORD)
    for payload in _trees(tree.get("payloads")):
        yield "<section>\n<h3>Payload, stored as it came</h3>"
        yield from _facts(payload, ("version", "sha256", "run_id"))
        yield "</section>"
    hits = _trees(tree.get("hits"))
    for number, hit in enumerate(hits, start=1):
        of = f" ({number} of {len(hits)})" if len(hits) > 1 else ""
        yield from _hit(hit, f"Found by{of}")
    yield "</section>"


def _hit(tree: Tree, heading: str) -> Iterator[str]:
    yield f"<section>\n<h3>{_text(heading)}</h3>"
    yield from _facts(tree, IN_HIT)
    yield f"<p>{ASKED.get(str(tree.get('kind')), OTHERWISE)}</p>"
    yield f"<pre>{_text(_json(tree.get('request')))}</pre>"
    strategy = _tree(tree.get("strategy"))
    if strategy:
        yield "<details open>"
        yield f"<summary>The strategy {_text(strategy.get('name'))}</summary>"
        yield f"<pre>{_text(strategy.get('text'))}</pre>"
        yield from _facts(strategy, ("sha256",))
        yield "</details>"
    yield "</section>"


def _facts(tree: Tree, keys: Sequence[str]) -> Iterator[str]:
    """Yield a list of what a link tells; what is empty is left out."""
    told = [(key, tree.get(key)) for key in keys if tree.get(key) not in (None, "")]
    if not told:
        return
    yield "<dl>"
    for key, value in told:
        label = LABELS.get(key, key.replace("_", " "))
        yield f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>"
    yield "</dl>"


def _tree(value: object) -> Tree:
    return value if isinstance(value, Mapping) else {}


def _trees(value: object) -> list[Tree]:
    return [_tree(entry) for entry in value] if isinstance(value, list | tuple) else []


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _said(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return "" if value is None else str(value)


def _text(value: object) -> str:
    return escape(clean_lines(_said(value)))
