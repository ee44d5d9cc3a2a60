"""YAML whose every value knows its file and line, read without surprises.

YAML 1.1 turns ``NO`` into False and ``1.10`` into 1.1. A person who writes a
codebook means what the file shows, so scalars stay text here (in Unicode's NFC)
and become numbers or booleans only where the reader of a field asks for one. A
field that is unknown, missing or of the wrong kind is an `InputFileError` with
file, line, the allowed values and a "did you mean".

    doc = parse(text, path)
    doc.fields(required={"title"}, optional={"stages"})
    doc["title"].text()
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

from litreview.errors import InputFileError

# A review's YAML is written by hand; ten megabytes is a mistake or an attack.
MAX_CHARACTERS = 10_000_000
# Aliases can multiply a small file without bound, so the tree's size is capped.
MAX_NODES = 500_000
NULL_WORDS = frozenset({"", "~", "null"})
TRUE_WORDS = frozenset({"true", "yes"})
FALSE_WORDS = frozenset({"false", "no"})
# `int` and `date.fromisoformat` also take 1_000, Arabic digits, 20240101 and week
# dates; a file should hold only what its next reader takes for a number or a date.
# The digits are capped below the length at which Python refuses to convert.
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SURROGATE = re.compile("[\ud800-\udfff]")

E = TypeVar("E", bound=StrEnum)

KIND_NAMES = {"map": "a mapping", "list": "a list", "scalar": "a single value"}


def suggestion(word: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest allowed word, or nothing."""
    near = get_close_matches(word, list(allowed), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""


@dataclass(frozen=True)
class Node:
    """One value of a YAML file with the line (from 1) on which it starts.

    `key_line` is the line of the field's name, where the value is a field's: a
    list or a mapping often starts below its name.
    """

    path: Path
    line: int
    value: str | list[Node] | dict[str, Node] | None
    quoted: bool = False
    key_line: int | None = None

    def error(self, what: str, *, why: str = "", fix: str = "") -> InputFileError:
        """Return the error that points at this value."""
        return InputFileError(self.path, self.line, what, why=why, fix=fix)

    @property
    def kind(self) -> str:
        """Say whether this is a ``map``, a ``list`` or a ``scalar``."""
        if isinstance(self.value, dict):
            return "map"
        return "list" if isinstance(self.value, list) else "scalar"

    @property
    def _found(self) -> str:
        return "nothing" if self.value is None else KIND_NAMES[self.kind]

    @property
    def is_null(self) -> bool:
        """Tell whether the value is absent (empty, ``~`` or ``null``)."""
        return self.value is None

    def mapping(self) -> dict[str, Node]:
        """Return the value as a mapping, or refuse."""
        if isinstance(self.value, dict):
            return self.value
        raise self.error(f"expected a mapping here, found {self._found}")

    def items(self) -> list[Node]:
        """Return the value as a list, or refuse."""
        if isinstance(self.value, list):
            return self.value
        raise self.error(f"expected a list here, found {self._found}")

    def __getitem__(self, key: str) -> Node:
        """Return a field that must be there."""
        found = self.get(key)
        if found is None:
            raise self.error(f"the field {key!r} is missing")
        return found

    def __contains__(self, key: str) -> bool:
        """Tell whether a mapping has this field with a value."""
        return self.get(key) is not None

    def __iter__(self) -> Iterator[Node]:
        """Walk over the items of a list."""
        return iter(self.items())

    def get(self, key: str) -> Node | None:
        """Return a field, or None where it is absent or null."""
        node = self.mapping().get(key)
        return None if node is None or node.is_null else node

    def fields(
        self, *, required: Iterable[str] = (), optional: Iterable[str] = ()
    ) -> None:
        """Refuse a mapping with an unknown or a missing field."""
        required = set(required)
        allowed = required | set(optional)
        here = self.mapping()
        for key, node in here.items():
            if key not in allowed:
                raise InputFileError(
                    self.path,
                    node.key_line or node.line,
                    f"unknown field {key!r}",
                    why=suggestion(key, allowed),
                    fix=f"use one of: {', '.join(sorted(allowed))}",
                )
        for key in sorted(required):
            if key not in here or here[key].is_null:
                raise self.error(f"the field {key!r} is missing")

    def text(self) -> str:
        """Return a scalar as it is written."""
        if isinstance(self.value, str):
            return self.value
        raise self.error(f"expected text here, found {self._found}")

    def choice(self, allowed: Iterable[str]) -> str:
        """Return a scalar that must be one of the allowed words."""
        word = self.text()
        words = list(allowed)
        if word in words:
            return word
        raise self.error(
            f"{word!r} is not allowed here",
            why=suggestion(word, words),
            fix=f"use one of: {', '.join(words)}",
        )

    def integer(self) -> int:
        """Return a scalar as a whole number."""
        word = self.text()
        if not INTEGER.fullmatch(word):
            raise self.error(f"expected a whole number, found {word!r}")
        return int(word)

    def boolean(self) -> bool:
        """Return true/yes as True and false/no as False."""
        word = self.text().lower()
        if word in TRUE_WORDS | FALSE_WORDS:
            return word in TRUE_WORDS
        raise self.error(f"expected true or false, found {self.text()!r}")

    def day(self) -> date:
        """Return a scalar as a date written YYYY-MM-DD."""
        word = self.text()
        try:
            day = date.fromisoformat(word) if DAY.fullmatch(word) else None
        except ValueError:
            day = None
        if day is None:
            raise self.error(f"{word!r} is not a date", fix="write YYYY-MM-DD")
        return day

    def texts(self) -> list[str]:
        """Return a list of scalars as they are written."""
        return [item.text() for item in self.items()]

    def words(self, key: str, default: str | None = None) -> str:
        """Return a field's text on one line; without a default it must be there."""
        found = self.get(key)
        if found is None and default is not None:
            return default
        text = " ".join(self[key].text().split())
        if not text and default is None:
            raise self[key].error(f"the field {key!r} is empty")
        return text or default or ""

    def listed(self, key: str) -> list[Node]:
        """Return the items of a field that may be absent."""
        found = self.get(key)
        return [] if found is None else found.items()

    def sentences(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, each on one line, that may be absent."""
        return tuple(" ".join(item.text().split()) for item in self.listed(key))

    def identifier(self, key: str, pattern: re.Pattern[str], like: str) -> str:
        """Return a field whose whole text matches; `like` shows a good one."""
        word = self[key].text()
        if pattern.fullmatch(word):
            return word
        raise self[key].error(
            f"{word!r} is not a usable {key}", fix=f"write it like {like}"
        )

    def member(self, key: str, words: type[E]) -> E:
        """Return a field that must be one of a vocabulary's words."""
        return words(self[key].choice([str(word) for word in words]))

    def members(self, key: str, words: type[E]) -> tuple[E, ...]:
        """Return a list, not empty, of a vocabulary's words."""
        allowed = [str(word) for word in words]
        chosen = tuple(words(item.choice(allowed)) for item in self[key])
        if not chosen:
            raise self[key].error(
                f"the list {key!r} is empty", fix=f"use some of: {', '.join(allowed)}"
            )
        return chosen

    def plain(self) -> object:
        """Return the value without its lines: text, None, list and dict."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def refuse_twice(nodes: Iterable[Node], key: str) -> None:
    """Refuse a list of mappings in which two have the same `key`."""
    first: dict[str, int] = {}
    for node in nodes:
        word = node[key].text()
        if word in first:
            raise node[key].error(
                f"the {key} {word!r} stands twice",
                why=f"It is used in line {first[word]} already.",
                fix="give one of them another name",
            )
        first[word] = node[key].line


def parse(text: str, path: Path | str) -> Node:
    """Read one YAML document; `path` is only for messages.

    Raises `InputFileError` with the line of the first mistake.
    """
    path = Path(path)
    if len(text) > MAX_CHARACTERS:
        raise InputFileError(path, None, "the file is too large to be a review's YAML")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None or _is_null(root):
            return Node(path, 1, {})
        return _convert(root, path, [0])
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise InputFileError(
            path,
            line,
            f"this is not valid YAML: {error.problem or error.context}",
            fix="check the indentation, the quotes and the colons near this line",
        ) from error
    except yaml.reader.ReaderError as error:
        raise InputFileError(
            path,
            text.count("\n", 0, error.position) + 1,
            f"the character U+{error.character:04X} is not allowed in YAML",
            fix="delete it",
        ) from error
    except (RecursionError, OverflowError, ValueError) as error:
        # An alias may contain itself; PyYAML lets escapes such as \UFFFFFFFF out.
        raise InputFileError(
            path,
            None,
            "this is not usable YAML",
            why="An alias contains itself, values are nested too deeply, or an escape "
            "names no character.",
        ) from error


def _is_null(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.ScalarNode):
        return False
    return node.style is None and node.value in NULL_WORDS


def _text(node: yaml.Node, path: Path) -> str:
    word = str(node.value)
    if SURROGATE.search(word):
        # Neither database can store one, so it must not get past this line.
        line = node.start_mark.line + 1
        raise InputFileError(path, line, "an escape names half a character")
    return unicodedata.normalize("NFC", word)


def _convert(node: yaml.Node, path: Path, seen: list[int]) -> Node:
    seen[0] += 1
    line = node.start_mark.line + 1
    if seen[0] > MAX_NODES:
        raise InputFileError(path, line, "the file's aliases expand without end")
    if isinstance(node, yaml.MappingNode):
        fields: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputFileError(path, key_line, "a field's name must be text")
            key = _text(key_node, path)
            if key in fields:
                raise InputFileError(path, key_line, f"the field {key!r} stands twice")
            value = _convert(value_node, path, seen)
            fields[key] = replace(value, key_line=key_line)
        return Node(path, line, fields)
    if isinstance(node, yaml.SequenceNode):
        return Node(path, line, [_convert(item, path, seen) for item in node.value])
    if _is_null(node):
        return Node(path, line, None)
    quoted = getattr(node, "style", None) is not None
    return Node(path, line, _text(node, path), quoted)
