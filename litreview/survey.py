"""A questionnaire before any survey tool has seen it: blocks of questions.

Every format is written from the same frozen `Questionnaire`, and every format has
rules for the names of variables. `variable` makes names that suit all: the construct,
the item's id, and ``_r`` where the item is scored the other way round, so that the
flag reaches the data even where a tool has no place for it. `problems` tells in words
what a tool would refuse, or take and spoil.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from litreview.document import clean, clean_lines
from litreview.errors import LitreviewError
from litreview.scales import FEWEST, Scale, ScaleKind
from litreview.text import fold

LONGEST_NAME = 20  # characters of a name that suits all formats (LimeSurvey's limit)
LONGEST_ID = 40  # characters of a questionnaire's id; file names are made of it
REVERSED = "_r"  # how the name of a variable ends that is scored the other way round
FEWEST_IN_GRID = 2  # questions that are worth a grid
MOST_TOLD = 10  # problems in one message
OPEN = frozenset({ScaleKind.NUMBER, ScaleKind.TEXT})
BLOCK_ID = re.compile(r"[a-z][a-z0-9_]*")
NO_NAME = re.compile(r"[^a-z0-9]+")
# What makes an entity of an ampersand; browsers forgive a missing semicolon.
ENTITY = re.compile(r"&(?=[#\w])")
# What starts a formula in a spreadsheet, also in full width.
FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
NAMED = {"&": "&amp;", "<": "&lt;", '"': "&quot;"}


@dataclass(frozen=True)
class Question:
    """One question; `name` is its variable's, `reverse` is for the team alone."""

    name: str
    text: str
    scale: Scale
    item_id: int
    construct: str
    reverse: bool = False
    required: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Block:
    """Questions under one heading."""

    id: str
    title: str
    questions: tuple[Question, ...]
    intro: str = ""


@dataclass(frozen=True)
class Questionnaire:
    """What is asked, in its order; `version` changes whenever the items do."""

    id: str
    title: str
    version: str
    language: str
    blocks: tuple[Block, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return the questions of all blocks."""
        return tuple(question for block in self.blocks for question in block.questions)

    @property
    def scales(self) -> tuple[Scale, ...]:
        """Return the scales, each once, in the order of their first use."""
        return tuple({one.scale.id: one.scale for one in self.questions}.values())


@dataclass(frozen=True)
class Naming:
    """What a tool allows as a variable's name; `spelled` makes a name its own."""

    tool: str
    longest: int
    pattern: re.Pattern[str]
    words: str
    spelled: Callable[[str], str] = str


def variable(construct: str, item_id: int, *, reverse: bool = False) -> str:
    """Return an item's variable name: ``coh_internal_12``, ``strat_reactive_2_r``.

    At most `LONGEST_NAME` characters. Items differ in their ids, so their names do.
    """
    tail = f"_{item_id}{REVERSED if reverse else ''}"
    stem = _name(construct)[: LONGEST_NAME - len(tail)].rstrip("_")
    return (stem or "q") + tail


def slug(title: str) -> str:
    """Return a questionnaire's id: lower-case ASCII letters, digits and ``_``."""
    return _name(title)[:LONGEST_ID].rstrip("_") or "survey"


def _name(text: str) -> str:
    found = NO_NAME.sub("_", fold(text)).strip("_")
    return found if not found or found[0].isalpha() else f"q_{found}"


def runs(block: Block) -> list[tuple[Question, ...]]:
    """Return a block's questions as grids and single questions, in their order.

    A grid are neighbours with the same answers in order; all others stand alone.
    """
    found: list[tuple[Question, ...]] = []
    for (scale, _required), group in groupby(
        block.questions, key=lambda one: (one.scale, one.required)
    ):
        questions = tuple(group)
        if scale.kind.ordered and len(questions) >= FEWEST_IN_GRID:
            found.append(questions)
        else:
            found += [(question,) for question in questions]
    return found


def numbered(scale: Scale) -> list[tuple[int, str]]:
    """Return the answers with their values, which count from 1."""
    return [(value, clean(answer)) for value, answer in enumerate(scale.answers, 1)]


def as_html(text: str, *, also: str = "") -> str:
    """Return text for a tool that takes it for HTML, on one line.

    `also` are further signs that would mean something to the tool. A sign that a
    spreadsheet would begin a formula with is an entity, too.
    """
    lines = clean_lines(text).strip()
    first = next((c for c in lines if unicodedata.category(c)[0] not in "CZ"), "")
    lines = ENTITY.sub("&amp;", lines)
    lines = "".join(_entity(sign) if sign in "<" + also else sign for sign in lines)
    if first and first in FORMULA:
        lines = lines.replace(first, _entity(first), 1)
    return lines.replace("\n", "<br />")


def _entity(sign: str) -> str:
    return NAMED.get(sign, f"&#{ord(sign)};")


# -- what is wrong -------------------------------------------------------------------


def refuse(questionnaire: Questionnaire, naming: Naming) -> None:
    """Raise `LitreviewError` with everything that the tool could not take."""
    found = problems(questionnaire, naming)
    if not found:
        return
    told = [*found[:MOST_TOLD]]
    if len(found) > MOST_TOLD:
        told.append(f"and {len(found) - MOST_TOLD} more")
    raise LitreviewError(
        f"the questionnaire {questionnaire.title!r} cannot become {naming.tool}",
        why="; ".join(told),
        fix="change the items with `litreview item revise`, or screening/scales.yaml "
        "and run `litreview sync`",
    )


def problems(questionnaire: Questionnaire, naming: Naming) -> list[str]:
    """Return in words what a tool would refuse or spoil; nothing where all is well."""
    if not questionnaire.questions:
        return ["the questionnaire is empty: it has no question"]
    return [
        *_blocks(questionnaire),
        *_texts(questionnaire.questions),
        *_names(questionnaire.questions, naming),
        *_scales(questionnaire.questions),
    ]


def _blocks(questionnaire: Questionnaire) -> Iterator[str]:
    if not clean(questionnaire.title):
        yield "the questionnaire has no title"
    if not BLOCK_ID.fullmatch(questionnaire.id):
        yield f"the questionnaire's id {questionnaire.id!r} is no plain name"
    for block in questionnaire.blocks:
        if not BLOCK_ID.fullmatch(block.id):
            yield f"the id of the block {block.id!r} is no plain name"
        if not clean(block.title):
            yield f"the block {block.id!r} has no title"
        if not block.questions:
            yield f"the block {block.id!r} has no question"
    for block_id in _twice(block.id for block in questionnaire.blocks):
        yield f"two blocks have the id {block_id!r}"


def _texts(questions: tuple[Question, ...]) -> Iterator[str]:
    for one in questions:
        if not clean(one.text):
            yield f"item {one.item_id} has no words"


def _names(questions: tuple[Question, ...], naming: Naming) -> Iterator[str]:
    for name in _twice(one.name for one in questions):
        ids = [str(one.item_id) for one in questions if one.name == name]
        yield f"the variable {name!r} stands twice: for the items {', '.join(ids)}"
    spelled = {name: naming.spelled(name) for name in {one.name for one in questions}}
    for name in _twice(spelled.values()):
        same = sorted(was for was, now in spelled.items() if now == name)
        yield f"{' and '.join(same)} would both be called {name!r} in {naming.tool}"
    for one in questions:
        yield from _name_problems(spelled[one.name], one.item_id, naming)


def _name_problems(name: str, item_id: int, naming: Naming) -> Iterator[str]:
    where = f"the variable {name!r} of item {item_id}"
    if len(name) > naming.longest:
        yield (
            f"{where} has {len(name)} characters; {naming.tool} allows {naming.longest}"
        )
    if not name.isascii():
        yield f"{where} has letters beyond a-z, which {naming.tool} does not take"
    elif not naming.pattern.fullmatch(name):
        yield f"{where} is not allowed in {naming.tool}: {naming.words}"


def _scales(questions: tuple[Question, ...]) -> Iterator[str]:
    seen: dict[str, Scale] = {}
    for one in questions:
        scale = one.scale
        known = seen.setdefault(scale.id, scale)
        if known is not scale and known != scale:
            yield f"two scales are called {scale.id!r}"
        elif scale.kind not in OPEN and known is scale:
            yield from _answers(scale)


def _answers(scale: Scale) -> Iterator[str]:
    if len(scale.answers) < FEWEST:
        yield f"the scale {scale.id!r} has no answers to choose from"
    words = [clean(answer) for answer in scale.answers]
    if not all(words):
        yield f"an answer of the scale {scale.id!r} has no words"
    for answer in _twice(filter(None, words)):
        yield f"the scale {scale.id!r} has the answer {answer!r} twice"


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, number in Counter(names).items() if number > 1)
