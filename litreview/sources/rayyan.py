"""Articles that Rayyan exports, and what its users decided about them.

Rayyan writes decisions into the notes, whatever the format: a Ruby hash of names and
verdicts, then labels and reasons,

    RAYYAN-INCLUSION: {"Kofi"=>"Included", "Ama"=>"Maybe"} | RAYYAN-LABELS: a,b |
    RAYYAN-EXCLUSION-REASONS: x,y

The hash is read character by character: a name may hold quotes, braces and arrows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from litreview.errors import InputFileError
from litreview.sources.generic import citation, named
from litreview.sources.rows import Opinion, Row
from litreview.sources.table import Table
from litreview.vocabulary import Stage, Verdict

MARK = "RAYYAN-INCLUSION:"
_NEEDED = {"key", "title", "authors", "journal", "pubmed_id", "notes"}
_COLUMNS = {
    "source_id": "key",
    "title": "title",
    "year": "year",
    "container_title": "journal",
    "issn": "issn",
    "volume": "volume",
    "issue": "issue",
    "pages": "pages",
    "publisher": "publisher",
    "pmid": "pubmed_id",
    "url": "url",
    "abstract": "abstract",
    "language": "language",
    "doi": "doi",
}
_VERDICTS = {
    "included": Verdict.INCLUDE,
    "excluded": Verdict.EXCLUDE,
    "maybe": Verdict.MAYBE,
}
_UNDECIDED = "undecided"
_REASONS = re.compile(r"RAYYAN-EXCLUSION-REASONS:\s*(?P<words>[^|]*)")
# A string of Ruby, and the escapes that its `inspect` writes.
_STRING = re.compile(r'\s*"(?P<text>(?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u\{?(?P<code>[0-9A-Fa-f]{4,6})\}?|(?P<char>.))", re.DOTALL)
_TEX = re.compile(r'\\(?=[{}">=_&%$#|])')
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b"}


def fits(names: Collection[str]) -> bool:
    """Tell whether a header, in small letters, is that of Rayyan."""
    return set(names) >= _NEEDED


def read(table: Table) -> Iterator[Row]:
    """Yield the articles of a table with the decisions in their notes."""
    columns = {field: table.column(name) for field, name in _COLUMNS.items()}
    authors, notes = table.column("authors"), table.column("notes")
    for line, row in table.rows:
        told = {field: row[name] for field, name in columns.items() if name}
        if not told.get("doi") and "doi.org/" in told.get("url", ""):
            told["doi"] = told["url"]
        people = named(row[authors], r"\s+and\s+|;")
        made = citation(told, line, people=people)
        said = opinions(row[notes])
        if said is None:
            raise unreadable(table.path, line)
        yield Row(line, row, made, "", said)


def unreadable(path: object, line: int) -> InputFileError:
    """Return the error for decisions that cannot be read."""
    return InputFileError(
        str(path),
        line,
        "has decisions of Rayyan that cannot be read.",
        why=f'They look like {MARK} {{"Kofi"=>"Included", "Ama"=>"Excluded"}}.',
        fix="export the records from Rayyan again; or read them without decisions: "
        "give --format csv, ris or bibtex.",
    )


def opinions(notes: str) -> tuple[Opinion, ...] | None:
    """Return what the notes say that people decided; None where they are garbled."""
    place = notes.find(MARK)
    if place < 0:
        return ()
    text = notes[place + len(MARK) :].replace("=&gt;", "=>").lstrip()
    # Where the notes went through BibTeX, signs have a backslash before them.
    said = _hash(text) or _hash(_TEX.sub("", text))
    if said is None:
        return None
    found = _REASONS.search(notes)
    reason = found["words"].strip() if found else ""
    made = []
    for name, word in said.items():
        if word.casefold() == _UNDECIDED:
            continue
        if word.casefold() not in _VERDICTS:
            return None
        verdict = _VERDICTS[word.casefold()]
        why = reason if verdict == Verdict.EXCLUDE else ""
        made.append(Opinion(name, verdict, Stage.TITLE_ABSTRACT, why))
    return tuple(made)


def _hash(text: str) -> dict[str, str] | None:
    """Read {"name"=>"word", ...} at the beginning of a text; None if it is not one."""
    found: dict[str, str] = {}
    if not text.startswith("{"):
        return None
    place = 1
    if text[place:].lstrip().startswith("}"):
        return found
    while True:
        key = _STRING.match(text, place)
        if key is None or not text.startswith("=>", key.end()):
            return None
        value = _STRING.match(text, key.end() + 2)
        name = _unescaped(key["text"]).strip()
        if value is None or not name or name in found:
            return None
        found[name] = _unescaped(value["text"])
        place = value.end() + 1
        if text.startswith("}", value.end()):
            return found
        if not text.startswith(",", value.end()):
            return None


def _unescaped(text: str) -> str:
    def sign(match: re.Match[str]) -> str:
        if match["code"]:
            code = int(match["code"], 16)
            return chr(code) if code <= 0x10FFFF else ""
        return _CONTROLS.get(match["char"], match["char"])

    return _ESCAPE.sub(sign, text)
