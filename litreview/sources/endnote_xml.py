"""EndNote XML, which EndNote and other reference managers export.

The file is <xml><records><record>..., often all on one line; text sits in <style>
elements, which say nothing to us. A record is kept as the texts of its elements by
their path ("titles/title"), attributes by "path@name". It is read in pieces by a
parser that refuses entities (a few lines of which can fill a memory, or fetch files),
and each record is let go when it is complete, so size is no matter.
Lines are those where records begin; where there is no record number, an entry is
called record-N, since line numbers tell little in a file of one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError  # only the exception

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import csl
from litreview.sources.reference import Told, accession, citation, own_id, people
from litreview.sources.rows import Row

# Name of the reference type in small letters -> (CSL type, genre).
TYPES = {
    "aggregated database": ("dataset", "aggregated database"),
    "ancient text": ("classic", ""),
    "artwork": ("graphic", ""),
    "audiovisual material": ("motion_picture", ""),
    "bill": ("bill", ""),
    "blog": ("post-weblog", ""),
    "book": ("book", ""),
    "book section": ("chapter", ""),
    "case": ("legal_case", ""),
    "catalog": ("book", "catalogue"),
    "chart or table": ("figure", csl.NOT_A_STUDY),
    "classical work": ("classic", ""),
    "computer program": ("software", ""),
    "conference paper": ("paper-conference", ""),
    "conference proceedings": ("paper-conference", ""),
    "dataset": ("dataset", ""),
    "dictionary": ("entry-dictionary", ""),
    "edited book": ("book", "edited book"),
    "electronic article": ("article-journal", ""),
    "electronic book": ("book", ""),
    "electronic book section": ("chapter", ""),
    "encyclopedia": ("entry-encyclopedia", ""),
    "equation": ("figure", csl.NOT_A_STUDY),
    "figure": ("figure", csl.NOT_A_STUDY),
    "film or broadcast": ("motion_picture", ""),
    "generic": ("document", ""),
    "government document": ("report", "government document"),
    "grant": ("document", csl.NOT_A_STUDY),
    "hearing": ("hearing", ""),
    "journal article": ("article-journal", ""),
    "legal rule or regulation": ("legislation", ""),
    "magazine article": ("article-magazine", ""),
    "manuscript": ("manuscript", ""),
    "map": ("map", ""),
    "music": ("musical_score", ""),
    "newspaper article": ("article-newspaper", ""),
    "online database": ("dataset", "database"),
    "online multimedia": ("document", "multimedia"),
    "pamphlet": ("pamphlet", ""),
    "patent": ("patent", ""),
    "personal communication": ("personal_communication", ""),
    "report": ("report", ""),
    "serial": ("book", "serial"),
    "standard": ("standard", ""),
    "statute": ("legislation", ""),
    "thesis": ("thesis", ""),
    "unpublished work": ("manuscript", "unpublished work"),
    "web page": ("webpage", ""),
}
# The same by number, for files that give no name or one in another language.
NUMBERS = {
    "2": "artwork", "3": "audiovisual material", "4": "bill", "5": "book section",
    "6": "book", "7": "case", "8": "catalog", "9": "computer program",
    "10": "conference proceedings", "12": "web page", "13": "generic", "14": "hearing",
    "17": "journal article", "19": "magazine article", "20": "map",
    "21": "film or broadcast", "23": "newspaper article", "24": "pamphlet",
    "25": "patent", "26": "personal communication", "27": "report", "28": "edited book",
    "31": "statute", "32": "thesis", "34": "unpublished work", "36": "manuscript",
    "37": "figure", "38": "chart or table", "39": "equation",
    "43": "electronic article", "44": "electronic book", "45": "online database",
    "46": "government document", "47": "conference paper", "48": "online multimedia",
    "49": "classical work", "50": "legal rule or regulation", "51": "ancient text",
    "52": "dictionary", "53": "encyclopedia", "54": "grant",
    "55": "aggregated database", "56": "blog", "57": "serial", "58": "standard",
    "59": "dataset", "60": "electronic book section", "61": "music",
}  # fmt: skip
# What has a series or a department where others name what they appeared in.
_IN_NO_CONTAINER = frozenset({"book", "thesis", "report"})
_RECORD = "record"
_STYLE = "style"  # the element that only says what text looks like
_BLOCK = 2**16  # bytes read at a time
_DEEPEST = 30  # elements in each other; EndNote has 5
_OPENING = re.compile(rb"<record(?=[\s/>])")
_HEAD = re.compile(
    r"<records?[\s>].*<(?:ref-type|rec-number|contributors|titles)\b", re.DOTALL
)


def looks_like(head: str) -> bool:
    """Tell whether the beginning of a file is that of EndNote XML."""
    text = head.lstrip("\ufeff \t\r\n")
    return text.startswith("<") and _HEAD.search(text) is not None


def starts(stream: BinaryIO) -> Iterator[int]:
    """Yield the lines on which records begin, found without parsing the file.

    Works in UTF-16, too: its marks are the same letters with a NUL beside each.
    """
    line, rest = 1, b""
    while block := stream.read(_BLOCK):
        data = rest + block.replace(b"\0", b"")
        # What might go on in the next block waits for it.
        end = data.rfind(b"<") if b"<" in data[-len(b"<record ") :] else len(data)
        data, rest = data[:end], data[end:]
        if data.endswith(b"\r"):
            data, rest = data[:-1], b"\r" + rest
        yield from _openings(data, line)
        line += _line_ends(data)
    yield from _openings(rest, line)


def _openings(data: bytes, line: int) -> Iterator[int]:
    done = 0
    for match in _OPENING.finditer(data):
        line += _line_ends(data[done : match.start()])
        done = match.start()
        yield line


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def read(stream: BinaryIO, path: Path) -> Iterator[Row]:
    """Yield the records of an EndNote XML file; raises InputFileError with the line."""
    records = _Records(path)
    parser: Any = DefusedXMLParser(target=records)
    expat = records.expat = parser.parser
    seen: set[str] = set()
    count = 0
    block = b"-"
    while block:
        block = stream.read(_BLOCK)
        try:
            parser.feed(block) if block else parser.close()
        except DefusedXmlException as error:
            raise _refused(path, expat.CurrentLineNumber) from error
        except ParseError as error:
            raise _broken(path, error.position[0], str(error)) from error
        except (ValueError, LookupError) as error:  # an encoding nobody knows
            raise _broken(path, expat.CurrentLineNumber, str(error)) from error
        for line, texts in records.take():
            count += 1
            yield _row(
                line, texts, own_id(seen, _one(texts, "rec-number"), f"record-{count}")
            )


def _refused(path: Path, line: int) -> InputFileError:
    return InputFileError(
        path,
        line,
        "declares entities.",
        why="EndNote needs none, and a few lines of them can fill a computer's memory "
        "or fetch its files.",
        fix="export the records again; if this came from somebody else, do not use it.",
    )


def _broken(path: Path, line: int, said: str) -> InputFileError:
    is_cut = said.startswith(("no element found", "unclosed"))
    return InputFileError(
        path,
        line,
        f"is no well-formed XML: {said}.",
        why="The file was cut off here." if is_cut else "",
        fix="export the records again; a stray '&' or '<' can be mended by hand.",
    )


class _Records:
    """What the parser builds: records as texts by path, each with its line.

    The parser calls `start`, `data`, `end` and `close`; `take` hands over what is
    complete, so that never more than a block's records are held.
    """

    def __init__(self, path: Path) -> None:
        self.expat: Any = None  # tells the line; there is a parser only later
        self._path = path
        self._depth = 0
        self._line = 0
        self._names: list[str] = []  # from the record down to where we are
        self._told: list[list[str]] = []  # the text of each of them
        self._texts: dict[str, list[str]] = {}
        self._done: list[tuple[int, dict[str, list[str]]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        name = tag.rpartition("}")[2]
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._odd(f"has more than {_DEEPEST} elements in each other.")
        if self._names and name == _RECORD:
            raise self._odd("has a record inside a record.")
        if name == _RECORD:
            self._line = int(self.expat.CurrentLineNumber)
        elif not self._names or name == _STYLE:
            return
        self._names.append(name)
        self._told.append([])
        for attribute, text in attributes.items():
            self._add(f"{self._here()}@{attribute}", text)

    def _odd(self, what: str) -> InputFileError:
        """Return the error for a file of another make."""
        return InputFileError(
            self._path,
            int(self.expat.CurrentLineNumber),
            what,
            why="EndNote writes no such file.",
            fix="export the records again.",
        )

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if self._told:
            self._told[-1].append(text)

    def end(self, tag: str) -> None:
        """End an element; at the end of a record it is complete."""
        self._depth -= 1
        if not self._names or tag.rpartition("}")[2] == _STYLE:
            return
        self._add(self._here(), "".join(self._told.pop()))
        self._names.pop()
        if not self._names:
            self._done.append((self._line, self._texts))
            self._texts = {}

    def close(self) -> None:
        """End the file."""

    def take(self) -> list[tuple[int, dict[str, list[str]]]]:
        """Return the records completed since the last call, each with its line."""
        done, self._done = self._done, []
        return done

    def _here(self) -> str:
        """Return the path below the record, '' for the record itself."""
        return "/".join(self._names[1:])

    def _add(self, path: str, text: str) -> None:
        if text.strip():
            self._texts.setdefault(path, []).append(text.strip())


def _all(texts: dict[str, list[str]], *paths: str) -> list[str]:
    return [text for path in paths for text in texts.get(path, ())]


def _one(texts: dict[str, list[str]], *paths: str) -> str:
    return next(iter(_all(texts, *paths)), "")


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def _row(line: int, texts: dict[str, list[str]], own: str) -> Row:
    name = " ".join(_all(texts, "remote-database-name", "remote-database-provider"))
    database, number = accession(_all(texts, "accession-num"), name)
    told = _told(texts, pmid=number if database == "pubmed" else "")
    return Row(line, dict(texts), citation(told, number or own), database)


def _told(texts: dict[str, list[str]], *, pmid: str) -> Told:
    """Say what the record's elements mean."""
    kind = _kind(texts)
    title = _one(texts, "titles/title", "titles/short-title", "titles/translated-title")
    contained = kind[0] not in _IN_NO_CONTAINER
    second = ("titles/secondary-title",) if contained else ()
    number = ("custom7",) if kind[0].startswith("article") else ()
    abbreviations = ("periodical/abbr-1", "alt-periodical/full-title")
    return Told(
        kind=kind,
        title=title,
        authors=_authors(texts, is_book=kind[0] == "book"),
        dates=tuple(_all(texts, "dates/year", "dates/pub-dates/date")),
        container_title=_one(texts, "periodical/full-title", *second, *abbreviations),
        volume=_one(texts, "volume"),
        issue=_one(texts, "number", "issue"),
        pages=_one(texts, "pages", *number),
        doi=_first_line(_one(texts, "electronic-resource-num")),
        abstract="\n".join(_all(texts, "abstract")),
        language=_one(texts, "language"),
        addresses=tuple(_addresses(texts)),
        publisher=_one(texts, "publisher"),
        numbers=" ; ".join(_all(texts, "isbn")),
        pmid=pmid,
    )


def _kind(texts: dict[str, list[str]]) -> tuple[str, str, bool]:
    """Return the kind of work: by the type's English name, else by its number."""
    name = _one(texts, "ref-type@name").casefold()
    number = _one(texts, "ref-type")
    return csl.kind(name if name in TYPES else NUMBERS.get(number, name), TYPES)


def _authors(texts: dict[str, list[str]], *, is_book: bool) -> tuple[Author, ...]:
    """Return the authors; a book without any has its editors in their place."""
    found = people(_all(texts, "contributors/authors/author"))
    others = ("secondary", "tertiary") if is_book and not found else ()
    editors = (f"contributors/{which}-authors/author" for which in others)
    return found or people(_all(texts, *editors))


def _addresses(texts: dict[str, list[str]]) -> Iterator[str]:
    """Yield the web addresses, those of the publication before those of files."""
    kinds = ("related-urls", "web-urls", "text-urls", "pdf-urls")
    yield from _all(texts, *(f"urls/{kind}/url" for kind in kinds), "urls/url")
