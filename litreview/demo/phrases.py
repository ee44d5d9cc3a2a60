"""The grammar of the invented works: reading phrases.yaml and filling it in.

A kind of work (`Family`) has title and subtitle templates and an abstract in
steps. One set of slot fillings serves a whole work, so that its title and its
abstract speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random

import yaml

LONG_STEP = 5  # sentences to choose from; such a step gives two


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of work.

    `topic` is `on` for what the review wants, else the code of the criteria for
    which a careful screener excludes it, or `off` for what only a ranked search
    brings up at all. `kind` is its document type, "" for the usual mixture.
    """

    name: str
    count: int
    topic: str
    titles: tuple[str, ...]
    subtitles: tuple[str, ...]
    abstract: tuple[tuple[str, ...], ...]
    kind: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Grammar:
    """All families, and what their templates may hold."""

    families: tuple[Family, ...]
    slots: Mapping[str, Sequence[str]]
    numbers: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one work."""

    title: str
    subtitle: str
    abstract: str


@cache
def read_grammar() -> Grammar:
    """Read the package's phrases.yaml."""
    file = resources.files("litreview.demo").joinpath("phrases.yaml")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    pools = content["pools"]
    families = []
    for entry in content["families"]:
        steps = [
            pools[step] if isinstance(step, str) else step for step in entry["abstract"]
        ]
        texts = {name: tuple(entry[name]) for name in ("titles", "subtitles")}
        abstract = tuple(tuple(step) for step in steps)
        families.append(Family(**{**entry, **texts, "abstract": abstract}))
    numbers = {name: (low, high) for name, (low, high) in content["numbers"].items()}
    return Grammar(tuple(families), content["slots"], numbers)


def word(family: Family, random: Random) -> Wording:
    """Write the title, subtitle and abstract of one work."""
    grammar = read_grammar()
    filling = {name: random.choice(words) for name, words in grammar.slots.items()}
    for name, (low, high) in grammar.numbers.items():
        filling[name] = str(random.randint(low, high))
    sentences = [
        sentence for step in family.abstract for sentence in _pick(step, random)
    ]
    return Wording(
        _fill(random.choice(family.titles), filling),
        _fill(random.choice(family.subtitles), filling, capital=False),
        " ".join(_fill(sentence, filling) for sentence in sentences),
    )


def _pick(step: Sequence[str], random: Random) -> list[str]:
    """Choose one sentence of a step, or two of a long one."""
    return random.sample(list(step), 2 if len(step) >= LONG_STEP else 1)


def _fill(template: str, filling: Mapping[str, str], *, capital: bool = True) -> str:
    """Fill twice, since a filling may itself hold a slot; begin with a capital."""
    filled = template.format_map(filling).format_map(filling)
    return filled[:1].upper() + filled[1:] if capital else filled
