"""Records from CSL-JSON, the form in which Zotero, pandoc and doi.org hand them on.

A file is a list of items, an object with such a list in `items`, or one item. The
items are taken one at a time, so the size of the file is no matter; each knows its
line. Programs differ in how they nest a date, and whether an id is a number.
https://docs.citationstyles.org/en/stable/specification.html#appendix-iv-variables
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TextIO

from litreview.citation import Author, author
from litreview.errors import InputFileError
from litreview.sources import csl
from litreview.sources.page import as_dict, as_list, as_text, first_text
from litreview.sources.reference import Told, citation, own_id
from litreview.sources.rows import Row
from litreview.text import normalise_orcid

# https://docs.citationstyles.org/en/stable/specification.html#appendix-iii-types
TYPES = frozenset(
    """
    article article-journal article-magazine article-newspaper bill book broadcast
    chapter classic collection dataset document entry entry-dictionary
    entry-encyclopedia event figure graphic hearing interview legal_case legislation
    manuscript map motion_picture musical_score pamphlet paper-conference patent
    performance periodical personal_communication post post-weblog regulation report
    review review-book software song speech standard thesis treaty webpage
    """.split()  # noqa: SIM905 - as a list it takes fifty lines
)
# doi.org sends some of Crossref's words in the place of CSL's.
_KINDS = {**csl.CROSSREF, **{word: (word, "") for word in TYPES}}
OWN = "litreview"  # the key in `custom` under which litreview keeps its own
_EDITED = ("book", "report", "collection")
_BLOCK = 2**16  # characters read at a time
_LONGEST = 2**24  # characters of one item; the longest seen has some thousands
_SPACE = re.compile(r"\s*")
_HEAD = re.compile(r"\s*(?:\[\s*\{|\{)")
_MARKS = re.compile(
    r'"(?:DOI|issued|container-title|title-short|citation-key|date-parts|family|URL)"'
    r"\s*:"
)
_TYPE = re.compile(r'"type"\s*:\s*"([^"]+)"')
# A string, closed or cut off by the end of a block; a bracket; a line end.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?P<end>"?)|[\[\]{}]|\n', re.DOTALL)
_NUMBERS = re.compile(r"[,;\s]+")


def read(stream: TextIO, path: Path) -> Iterator[Row]:
    """Yield a row for each item; raise InputFileError with the line.

    An id that stands twice is refused: one of the two would be lost.
    """
    seen: dict[str, int] = {}
    for line, item in _items(_Feed(stream, path)):
        if not isinstance(item, dict):
            raise InputFileError(
                path,
                line,
                f"an item is {_name(item)}, not an object.",
                fix='write it as {"id": ..., "title": ...}.',
            )
        key = as_text(item.get("id"))
        if key and key in seen:
            raise InputFileError(
                path,
                line,
                f"the id {key!r} stands on line {seen[key]} already.",
                fix="give every item its own id.",
            )
        seen[key] = line
        database, source_id = _identity(item, key, line)
        yield Row(line, item, citation(_told(item), source_id), database)


def starts(stream: TextIO) -> Iterator[int]:
    """Yield the lines at which items begin, by counting brackets alone."""
    line, key, opened = 1, "", ""
    lonely = 0  # the line of an object that may be the only item
    for sign in _tokens(stream):
        if sign == "\n":
            line += 1
        elif sign in "]}":
            opened = opened[:-1]
        elif sign in "[{":
            if sign == "{" and (opened == "[" or (opened == "{[" and key == "items")):
                yield line
            if not opened:
                lonely = line if sign == "{" else 0
            elif opened == "{" and sign == "[" and key == "items":
                lonely = 0
            opened += sign
        elif opened == "{":
            key = sign.strip('"')
    if lonely and key:
        yield lonely


def _tokens(stream: TextIO) -> Iterator[str]:
    """Yield the strings, brackets and line ends of a JSON text."""
    rest = ""
    while block := stream.read(_BLOCK):
        text, rest = rest + block, ""
        for match in _TOKEN.finditer(text):
            if match[0][0] == '"' and not match["end"]:
                rest = text[match.start() :]  # it goes on in the next block
                break
            yield match[0]


def looks_like(head: str) -> bool:
    """Tell whether a file that begins so is a list of CSL items, or one."""
    if not _HEAD.match(head):
        return False
    words = set(_TYPE.findall(head))
    return bool(words & TYPES) or _MARKS.search(head) is not None


# -- items ---------------------------------------------------------------------------


class _Feed:
    """A JSON text of which only what is next is in memory, with its line."""

    def __init__(self, stream: TextIO, path: Path) -> None:
        self._stream, self._path = stream, path
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)
        self._text, self._at, self._lines = "", 0, 1

    @property
    def line(self) -> int:
        """Return the line of what is next, from 1."""
        return self._lines + self._text.count("\n", 0, self._at)

    def next_sign(self) -> str:
        """Return the next character that is no blank, '' at the end."""
        while True:
            blanks = _SPACE.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text) or not self._more(_BLOCK):
                return self._text[self._at : self._at + 1]

    def take(self, *signs: str) -> str:
        """Return the next character, which must be one of these."""
        found = self.next_sign()
        if found not in signs or not found:
            self.refuse(f"{' or '.join(signs)} is missing")
        self._at += 1
        return found

    def value(self) -> Any:
        """Return the next whole value."""
        self.next_sign()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                self.refuse("its lists are nested too deeply")
            except json.JSONDecodeError as error:
                # Perhaps the rest has not been read yet; twice as much costs little.
                size = len(self._text) - self._at
                if size > _LONGEST or not self._more(max(size, _BLOCK)):
                    self.refuse(error.msg, error.pos)
            except ValueError as error:  # a number that no database could hold
                self.refuse(str(error))
            else:
                self._at = end
                return found

    def refuse(self, what: str, at: int | None = None) -> NoReturn:
        """Raise InputFileError for what stands at a place of the text, or is next."""
        at = self._at if at is None else at
        seen = self._text[at : at + 20].split("\n", 1)[0]
        raise InputFileError(
            self._path,
            self._lines + self._text.count("\n", 0, at),
            f"is not JSON: {what}.",
            why=f"There is {seen!r}." if seen else "The file ends there.",
            fix="export the records again.",
        )

    def refuse_content(self, line: int, why: str) -> NoReturn:
        """Raise InputFileError for what is JSON and says something else."""
        raise InputFileError(
            self._path,
            line,
            "is JSON, but no list of references.",
            why=why,
            fix="export the records as CSL-JSON, or import another file.",
        )

    def _more(self, size: int) -> bool:
        """Read on, and forget what was taken; tell whether there was more."""
        block = self._stream.read(size)
        if block:
            self._lines = self.line
            self._text = self._text[self._at :] + block
            self._at = 0
        return bool(block)


def _refuse_constant(word: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and no database stores."""
    raise ValueError(f"{word} is no JSON value")


def _items(feed: _Feed) -> Iterator[tuple[int, Any]]:
    """Yield (line, item) of a list, of an object's `items`, or of one object."""
    sign, line = feed.next_sign(), feed.line
    if sign == "{":
        yield from _wrapped(feed)
    elif sign == "[":
        yield from _listed(feed)
    else:
        found = _name(feed.value())
        feed.refuse_content(line, f"There is only {found}.")
    if feed.next_sign():
        feed.refuse("more stands behind its end")


def _wrapped(feed: _Feed) -> Iterator[tuple[int, Any]]:
    """Yield the items of the object that is next, or itself."""
    line, told, is_list = feed.line, {}, False
    sign = feed.take("{")
    if feed.next_sign() == "}":
        sign = feed.take("}")
    while sign != "}":
        key = feed.value()
        feed.take(":")
        if key == "items" and feed.next_sign() == "[":
            is_list = True
            yield from _listed(feed)
        else:
            told[str(key)] = feed.value()
        sign = feed.take(",", "}")
    if not is_list and not {"title", "type"} & told.keys():
        feed.refuse_content(line, "The object is no item, and has no items.")
    if not is_list:
        yield line, told


def _listed(feed: _Feed) -> Iterator[tuple[int, Any]]:
    """Yield the items of the list that is next."""
    sign = feed.take("[")
    if feed.next_sign() == "]":
        sign = feed.take("]")
    while sign != "]":
        feed.next_sign()
        yield feed.line, feed.value()
        sign = feed.take(",", "]")


def _name(value: object) -> str:
    names = {list: "a list", str: "a text", type(None): "null", bool: "true or false"}
    return names.get(type(value), "a number")


# -- what an item says ---------------------------------------------------------------


def _identity(item: Mapping[str, Any], key: str, line: int) -> tuple[str, str]:
    """Return the database whose accession number is told, or '', and the id."""
    own = as_dict(as_dict(item.get("custom")).get(OWN))
    source, number = own.get("source"), own.get("source_id")
    if source and isinstance(source, str) and number and isinstance(number, str):
        return source, number
    return "", own_id(set(), key, f"line-{line}")


def _told(item: Mapping[str, Any]) -> Told:
    """Say what the item's variables mean."""
    csl_type, genre, is_study = csl.kind(as_text(item.get("type")), _KINDS)
    authors, edited = _authors(item, csl_type)
    flags = {
        "odd-type": csl_type == "document" and genre not in ("", csl.NOT_A_STUDY),
        "authors-are-editors": edited,
    }
    return Told(
        kind=(csl_type, as_text(item.get("genre")) or genre, is_study),
        title=_title(item),
        authors=authors,
        dates=_dates(item),
        container_title=_text(item.get("container-title")),
        volume=as_text(item.get("volume")),
        issue=as_text(item.get("issue")),
        pages=as_text(item.get("page")) or as_text(item.get("page-first")),
        doi=_verbatim(item.get("DOI")),
        abstract=_verbatim(item.get("abstract")),
        language=as_text(item.get("language")),
        addresses=(_verbatim(item.get("URL")),),
        hints=(_verbatim(item.get("note")),),
        publisher=as_text(item.get("publisher")),
        numbers=" ; ".join(
            number
            for name in ("ISSN", "ISBN")
            for value in (item.get(name), *as_list(item.get(name)))
            for number in _NUMBERS.split(as_text(value))
        ),
        pmid=as_text(item.get("PMID")),
        retracted=as_text(item.get("status")).casefold() == "retracted",
        flags=tuple(flag for flag, holds in flags.items() if holds),
    )


def _text(value: Any) -> str:
    """Return a text, or the first of a list, as doi.org sends them."""
    return as_text(value) or first_text(value)


def _verbatim(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _title(item: Mapping[str, Any]) -> str:
    """Return title and subtitle as one, unless the title has it already."""
    title, subtitle = _text(item.get("title")), _text(item.get("subtitle"))
    if not subtitle or title.casefold().endswith(subtitle.casefold()):
        return title or _text(item.get("title-short"))
    return f"{title.rstrip(':')}: {subtitle}" if title else subtitle


def _authors(item: Mapping[str, Any], csl_type: str) -> tuple[tuple[Author, ...], bool]:
    """Return the authors, and whether editors stand in their place."""
    authors = _people(item.get("author"))
    if authors or csl_type not in _EDITED:
        return authors, False
    editors = _people(item.get("editor"))
    return editors, bool(editors)


def _people(value: Any) -> tuple[Author, ...]:
    names = (_person(name) for name in as_list(value))
    return tuple(name for name in names if name is not None)


def _person(value: Any) -> Author | None:
    """Return one name; particles belong to the family name, suffixes to the given."""
    if isinstance(value, str):
        return author(value)
    told = {key: as_text(text) for key, text in as_dict(value).items()}
    orcid = normalise_orcid(told.get("ORCID", ""))
    family = _joined(told, "dropping-particle", "non-dropping-particle", "family")
    given = _joined(told, "given", "suffix")
    if told.get("family"):
        return Author(family, given, orcid=orcid)
    literal = told.get("literal") or told.get("name", "")
    if literal:
        return Author("", literal=literal, orcid=orcid)
    return author(given, orcid=orcid)


def _joined(told: Mapping[str, str], *keys: str) -> str:
    return " ".join(told[key] for key in keys if told.get(key))


def _dates(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts of a date: its parts, or however else it is told."""
    issued = item.get("issued")
    if isinstance(issued, list):  # a list of parts without their object
        issued = {"date-parts": issued}
    told = as_dict(issued) if not isinstance(issued, str | int) else {"raw": issued}
    dates = as_list(told.get("date-parts"))
    first = dates[0] if dates else []
    parts = map(as_text, first if isinstance(first, list) else dates)
    numbers = [part for part in parts if part]
    raw = as_text(told.get("raw")) or as_text(told.get("literal"))
    return "-".join(numbers), as_text(item.get("year")), raw.partition("/")[0]
