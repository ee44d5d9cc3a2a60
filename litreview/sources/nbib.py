"""NBIB, the tagged format of PubMed (MEDLINE display), which ERIC writes, too.

Tags fill four columns before a dash; long fields go on in lines that begin with
six blanks. An entry begins with PMID, in ERIC's files with OWN, or with the tag
that began the file's first entry, behind a blank line. Two titles in one entry
mean that the beginning of the second was lost, which is refused. PubMed ends each
entry with SO and the file with a line end: where the last entry lacks what the
others have, or the file stops in the middle of a line, it is flagged "cut-off?".

Our own reader, because the packages that read NBIB name no lines and drop in
silence what they do not understand.
https://pubmed.ncbi.nlm.nih.gov/help/#pubmed-format (tags)
https://www.nlm.nih.gov/bsd/mms/medlineelements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from litreview.citation import Author, author
from litreview.errors import InputFileError
from litreview.sources import csl, tagged
from litreview.sources.reference import Told, citation, own_id
from litreview.sources.rows import Row
from litreview.sources.tagged import START, Entry, Field, Grammar
from litreview.text import clean_markup, normalise_orcid

# Publication types of PubMed and of ERIC that say what a work is in a bibliography
# -> (CSL type, genre), the first that applies; all the others ("Case Reports",
# "Randomized Controlled Trial") are about the research. "Journal Article" is nearly
# always among the types, so the finer words go first.
# https://www.nlm.nih.gov/mesh/pubtypes.html
TYPES = {
    "published erratum": ("document", csl.NOT_A_STUDY),
    "retraction of publication": ("document", csl.NOT_A_STUDY),
    "retraction notice": ("document", csl.NOT_A_STUDY),
    "book chapter": ("chapter", ""),
    "books": ("book", ""),
    "book": ("book", ""),
    "preprint": ("article", "preprint"),
    "editorial": ("article-journal", "editorial"),
    "letter": ("article-journal", "letter"),
    "news": ("article-journal", "news"),
    "newspaper article": ("article-newspaper", ""),
    "dataset": ("dataset", ""),
    "academic dissertation": ("thesis", ""),
    "dissertation": ("thesis", ""),
    "review": ("article-journal", "review"),
    "systematic review": ("article-journal", "review"),
    "journal article": ("article-journal", ""),
    "journal articles": ("article-journal", ""),
    "congress": ("paper-conference", ""),
    "technical report": ("report", ""),
}
# ERIC: "Dissertations/Theses - Doctoral Dissertations", "Speeches/Meeting Papers",
# "Reports - Research", which journal articles have, too.
_BEGINNINGS = {
    "dissertation": ("thesis", ""),
    "speeches/meeting papers": ("paper-conference", ""),
    "collected works": ("book", "collected works"),
    "reports": ("report", ""),
}
_RETRACTED = "retracted publication"
_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,3}-(?:\s(.*))?", re.DOTALL)
_START = re.compile(r"(?:PMID {0,3}-(?:\s|$)|OWN {0,3}-\s)")
_SOMEWHERE = re.compile(
    r"^\ufeff?(?:PMID {0,3}-\s*[0-9]+\s*$|OWN {0,3}-\s+ERIC)", re.MULTILINE
)
_DOI = re.compile(r"(\S+)\s*\[doi\]")
_PII = re.compile(r"(\S+)\s*\[pii\]")
_ERIC = re.compile(r"E[JD][0-9]{6,7}")
_PMID = re.compile(r"[0-9]{1,8}")


def looks_like(head: str) -> bool:
    """Tell whether the beginning of a file has a line that begins an NBIB entry."""
    return _SOMEWHERE.search(head.replace("\r", "\n")) is not None


def starts(stream: TextIO) -> Iterator[int]:
    """Yield the lines at which entries begin, found without reading the entries."""
    opener, blank = "", True
    for number, line in tagged.lines(stream):
        match = _TAG.fullmatch(line)
        tag = match[1] if match is not None else ""
        if tag and (tag == "PMID" or (blank and tag in {"OWN", opener or tag})):
            opener = opener or tag
            yield number
        blank = not line.strip()


def read(stream: TextIO, path: Path) -> Iterator[Row]:
    """Yield the entries of an NBIB file; raises InputFileError with the line."""
    grammar = Grammar(
        name="NBIB",
        split=_split,
        begins=_begins,
        ends=frozenset(),
        is_heading=lambda _: False,
        first="PMID",
    )
    seen: set[str] = set()
    text, others_end = _Text(stream), False
    for entry in tagged.entries(tagged.lines(text, path), path, grammar):
        _check_one(path, entry)
        row, ends = _row(entry, seen), bool(entry.first("SO"))
        lost = text.stops_within_line or (others_end and not ends)
        yield row if entry.closed_by or not lost else _cut_off(row)
        others_end = others_end or ends


class _Text:
    """A text that knows whether the lines read so far ended as lines do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.stops_within_line = False

    def readline(self, size: int = -1, /) -> str:
        """Return the next line with its end, '' behind the last."""
        piece = self._stream.readline(size)
        if piece.strip(tagged.BEHIND):  # else nothing, or an end-of-file mark
            self.stops_within_line = not piece.endswith(("\n", "\r"))
        return piece


def _cut_off(row: Row) -> Row:
    flags = (*row.citation.flags, "cut-off?")
    return replace(row, citation=replace(row.citation, flags=flags))


def _split(line: str) -> tuple[str, str] | None:
    match = _TAG.fullmatch(line)
    return (match[1], (match[2] or "").strip()) if match is not None else None


def _begins(tag: str, opener: str) -> bool:
    behind_blank = bool(opener) and tag in {"OWN", opener}
    return tag == "PMID" or behind_blank or opener == START


def _check_one(path: Path, entry: Entry) -> None:
    """Raise InputFileError where an entry has swallowed the next."""
    titles = [told for told in entry.fields if told.tag == "TI"]
    if len(titles) > 1:
        raise InputFileError(
            path,
            titles[1].line,
            f"is a second title in the entry that begins on line {entry.line}.",
            why="An entry begins with PMID; a line without it was taken for more of "
            "the entry before.",
            fix="put the line 'PMID- ...' back, or export the records again.",
        )


def _row(entry: Entry, seen: set[str]) -> Row:
    pmid = _number(entry.first("PMID"))
    eric = next((n for n in entry.all("OID", "AN") if _ERIC.fullmatch(n)), "")
    database = "pubmed" if pmid else "eric" if eric else ""
    wanted = entry.first("PMID", "OID", "AN")
    source_id = pmid or eric or own_id(seen, wanted, f"line-{entry.line}")
    told = _told(entry, pmid=pmid)
    return Row(entry.line, entry.payload(), citation(told, source_id), database)


def _number(text: str) -> str:
    """Return a PMID without zeros before it, '' where the text is none."""
    return text.lstrip("0") if _PMID.fullmatch(text) else ""


def _told(entry: Entry, *, pmid: str) -> Told:
    """Say what the entry's tags mean."""
    kind, retracted = _kind(entry)
    in_book = kind[0] == "chapter"
    is_book = kind[0] == "book"
    ids = entry.all("LID", "AID")
    dois = [found[1] for text in ids if (found := _DOI.fullmatch(text))]
    piis = [found[1] for text in entry.all("LID") if (found := _PII.fullmatch(text))]
    title = entry.first("TI", "BTI", "TT", "VTI")
    return Told(
        kind=kind,
        title=(entry.first("BTI") or title) if is_book else title,
        authors=_authors(entry, is_book=is_book),
        dates=tuple(text for tag in ("DP", "DEP") for text in entry.all(tag)),
        container_title="" if is_book else _container(entry, in_book=in_book),
        volume=entry.first("VI"),
        issue=entry.first("IP"),
        pages=entry.first("PG") or next(iter(piis), ""),
        doi=next(iter(dois), ""),
        abstract=_joined(entry.all("AB") or entry.all("OAB")),
        language=" ".join(entry.all("LA")),
        addresses=tuple(entry.all("LID", "URL", "UR", "AID")),
        publisher=entry.first("PB"),
        numbers=" ; ".join(_bare(text) for text in entry.all("IS", "ISBN", "ISSN")),
        pmid=pmid,
        retracted=retracted,
    )


def _joined(texts: list[str]) -> str:
    """Return a wrapped text as one line for each field."""
    return "\n".join(clean_markup(text) for text in texts)


def _bare(number: str) -> str:
    """Return an ISSN or ISBN without ERIC's label: "ISSN-0276-928X"."""
    return re.sub(r"^E?-?IS[SB]N-", "", number)


def _kind(entry: Entry) -> tuple[tuple[str, str, bool], bool]:
    """Return the kind of work, and whether it was retracted.

    What PubMed lists is an article where its types say nothing else.
    """
    words = [clean_markup(text).casefold() for text in entry.all("PT")]
    retracted = _RETRACTED in words
    if found := next((word for word in TYPES if word in words), ""):
        return csl.kind(found, TYPES), retracted
    for beginning, (kind, genre) in _BEGINNINGS.items():
        if any(word.startswith(beginning) for word in words):
            return (kind, genre, True), retracted
    of_eric = entry.first("OWN").upper() == "ERIC"
    default = "document" if of_eric else "article-journal"
    return (default if words else "", "", True), retracted


def _container(entry: Entry, *, in_book: bool) -> str:
    return entry.first("BTI", "JT", "TA") if in_book else entry.first("JT", "TA", "BTI")


def _authors(entry: Entry, *, is_book: bool) -> tuple[Author, ...]:
    """Return the authors in their order, by full names where these are given.

    Groups (CN) stand among the people; the editors of a book without authors (FED)
    take their place. An ORCID (AUID) belongs to the author before it.
    """
    for tag in ("FAU", "AU") + (("FED", "ED") if is_book else ()):
        fields = [told for told in entry.fields if told.tag in (tag, "CN", "AUID")]
        if any(told.tag == tag for told in fields):
            return tuple(_people(fields))
    return tuple(_people([told for told in entry.fields if told.tag == "CN"]))


def _people(fields: list[Field]) -> Iterator[Author]:
    """Yield the author of each name, with the ORCID that comes behind it."""
    for told, behind in zip(fields, [*fields[1:], None], strict=False):
        orcid = behind.text if behind is not None and behind.tag == "AUID" else ""
        name = clean_markup(told.text)
        found = None
        if told.tag == "CN":
            found = author(f"{{{name}}}")
        elif told.tag != "AUID":
            found = author(name, orcid=normalise_orcid(orcid))
        if found is not None:
            yield found
