"""Reference lists as other programs read them: RIS, BibTeX and CSL-JSON.

What litreview writes, it reads back as the same record: the entry names the source
and its accession number, and every field that the format can hold stands where the
readers of `sources` look for it. A record that came from a file has no such number;
it is called by the number it has here, or by its citation key.

The same records give the same bytes. Text is UTF-8, lines end with LF.

What is lost or changed on the way:

|                                           | RIS       | BibTeX | CSL-JSON   |
|-------------------------------------------|-----------|--------|------------|
| ORCIDs                                    | lost      | held   | held       |
| a comma in a family name, or ending a given one | misread | held | held     |
| no type at all                            | held      | held   | "document" |
| a date of another year than the year      | lost      | lost   | the date's |
| notices, flags, an ISBN's hyphens         | lost      | lost   | lost       |

A record without DOI whose address is that of a DOI has both when it comes back.

Sources: RIS https://en.wikipedia.org/wiki/RIS_(file_format), BibLaTeX
https://ctan.org/pkg/biblatex, CSL https://docs.citationstyles.org/en/stable/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from litreview.citation import Author, Citation, author
from litreview.latex import encode, encode_verbatim
from litreview.text import fold

PROGRAM = "litreview"


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of a list: the record's number here, and what is known of it.

    The citation's `source` is empty where its `source_id` means something only in
    the file it came from.
    """

    record_id: int
    citation: Citation


# -- citation keys -------------------------------------------------------------------

# Words that tell no title from another.
_EMPTY_WORD = re.compile(
    "an?|the|on|of|in|for|to|and|from|with|by|at|is|are|do|does|how|what|d(?:er|ie|as)|"
    "l[aes]"
)
_NO_KEY = re.compile("[^a-z0-9 ]")


def keys(references: Iterable[Reference]) -> list[str]:
    """Return a citation key for each: family name, year, first word, in ASCII.

    Of several with one key the first has it bare, the next with b, c ... behind it.
    """
    taken: set[str] = set()
    found = []
    for reference in references:
        plain = _key(reference.citation)
        key, number = plain, 1
        while key in taken:
            number += 1
            key = plain + _letters(number)
        taken.add(key)
        found.append(key)
    return found


def _key(citation: Citation) -> str:
    first = citation.authors[0] if citation.authors else Author("anon")
    name = _ascii(first.family or first.literal).replace(" ", "")
    words = [w for w in _ascii(citation.title).split() if not _EMPTY_WORD.fullmatch(w)]
    return f"{name or 'anon'}{citation.year or 'nd'}{words[0] if words else ''}"


def _ascii(text: str) -> str:
    return _NO_KEY.sub("", fold(text).replace("-", " "))


def _letters(number: int) -> str:
    """Return 2 as b, 26 as z, 27 as aa."""
    number, rest = divmod(number - 1, 26)
    return (_letters(number) if number else "") + chr(ord("a") + rest)


# -- RIS -----------------------------------------------------------------------------

RIS_TYPES = {
    "article": "UNPB",
    "article-journal": "JOUR",
    "article-magazine": "MGZN",
    "article-newspaper": "NEWS",
    "bill": "BILL",
    "book": "BOOK",
    "broadcast": "VIDEO",
    "chapter": "CHAP",
    "dataset": "DATA",
    "entry": "ENCYC",
    "entry-dictionary": "DICT",
    "entry-encyclopedia": "ENCYC",
    "figure": "FIGURE",
    "graphic": "ART",
    "hearing": "HEAR",
    "legal_case": "CASE",
    "legislation": "STAT",
    "manuscript": "UNPB",
    "map": "MAP",
    "motion_picture": "MPCT",
    "musical_score": "MUSIC",
    "pamphlet": "PAMP",
    "paper-conference": "CPAPER",
    "patent": "PAT",
    "periodical": "JFULL",
    "personal_communication": "PCOMM",
    "post": "ELEC",
    "post-weblog": "BLOG",
    "report": "RPRT",
    "review": "JOUR",
    "review-book": "JOUR",
    "software": "COMP",
    "song": "SOUND",
    "speech": "SLIDE",
    "standard": "STAND",
    "thesis": "THES",
    "webpage": "ELEC",
}
# The T2 of these is the title of a series or the name of a department.
_OWN_COVERS = ("book", "thesis", "report")
_RANGE = re.compile(r"([^\W_]*[0-9][^\W_]*)-([^\W_]*[0-9][^\W_]*)")
# A line that some program would take for a tag.
_TAG_LIKE = re.compile(r"\s*[A-Za-z][A-Za-z0-9]\s{0,3}-")


def to_ris(references: Iterable[Reference]) -> str:
    """Return the references as RIS.

    An organisation has a comma behind it, as EndNote wants it. DP names litreview:
    its DB and AN can be trusted to name a record of a database, U3 is the CSL type.
    """
    return "\n".join(
        "".join(f"{tag}  - {text}\n" for tag, text in _ris(reference))
        for reference in references
    )


def _ris(reference: Reference) -> Iterator[tuple[str, str]]:
    """Yield the tags of one entry; a paragraph's line end is the only one within."""
    told = reference.citation
    start, end = _ends(told.pages)
    container = "JF" if told.type in _OWN_COVERS else "T2"
    tags = [
        ("ID", str(reference.record_id)),
        ("U3", told.type),
        ("TI", told.title),
        *(("AU", _ris_name(name)) for name in told.authors),
        ("PY", str(told.year or "")),
        ("DA", _ris_date(told)),
        (container, told.container_title),
        *(("VL", told.volume), ("IS", told.issue), ("SP", start), ("EP", end)),
        ("DO", told.doi),
        *(("SN", number) for number in (*told.issn.split(), told.isbn)),
        *(("PB", told.publisher), ("LA", told.language), ("M3", told.genre)),
        ("UR", told.url),
        ("U1", f"{told.pmid}[pmid]" if told.pmid else ""),
        ("N1", "Retracted" if told.retracted else ""),
        *(("DP", PROGRAM), ("DB", told.source)),
        ("AN", told.source_id if told.source else ""),
    ]
    yield "TY", RIS_TYPES.get(told.type, "GEN")
    yield from ((tag, " ".join(text.split())) for tag, text in tags if text.strip())
    yield from _ris_abstract(told.abstract)
    yield "ER", ""


def _ris_name(name: Author) -> str:
    if name.literal:
        return f"{name.literal},"
    return f"{name.family}, {name.given}" if name.given else name.family


def _ris_date(told: Citation) -> str:
    """Return YYYY/MM/DD/, with what is not known left empty; '' for a mere year."""
    parts = told.published.split("-")
    if len(parts) == 1:
        return ""
    year, month, day = (*parts, "")[:3]
    return f"{year}/{month}/{day}/"


def _ends(pages: str) -> tuple[str, str]:
    """Return first and last page; what is no plain range stays whole."""
    match = _RANGE.fullmatch(pages)
    if match is None or match[1] == match[2]:
        return pages, ""
    return match[1], match[2]


def _ris_abstract(abstract: str) -> Iterator[tuple[str, str]]:
    """Yield the abstract; a paragraph that looks like a tag gets its own AB."""
    lines: list[str] = []
    for line in abstract.splitlines():
        if lines and _TAG_LIKE.match(line):
            yield "AB", "\n".join(lines)
            lines = []
        lines.append(line.strip())
    if abstract:
        yield "AB", "\n".join(lines)


# -- BibTeX --------------------------------------------------------------------------

BIBTEX_TYPES = {
    "article-journal": "article",
    "book": "book",
    "chapter": "incollection",
    "dataset": "dataset",
    "document": "misc",
    "manuscript": "unpublished",
    "pamphlet": "booklet",
    "paper-conference": "inproceedings",
    "report": "report",
    "software": "software",
    "thesis": "thesis",
    "webpage": "online",
}
_PUBLISHERS = {"report": "institution", "thesis": "institution"}
_WORD = re.compile(r"([^\W_]+)")
_INNER_CAPITAL = re.compile(r"[^\W_]+?[A-Z]")
_AND = re.compile(r"\band\b", re.IGNORECASE)


def to_bibtex(references: Sequence[Reference]) -> str:
    """Return the references as BibTeX, for biblatex and biber: Unicode stays.

    Names in capitals are kept from being made small. What BibTeX has no field for
    stands in fields that begin with "litreview-", which other programs leave alone.
    """
    return "\n".join(
        _bibtex(reference, key)
        for reference, key in zip(references, keys(references), strict=True)
    )


def _bibtex(reference: Reference, key: str) -> str:
    kind = BIBTEX_TYPES.get(reference.citation.type, "misc")
    lines = [f"@{kind}{{{key}"]
    lines += [f"  {name} = {{{text}}}" for name, text in _fields(reference, kind)]
    return ",\n".join(lines) + ",\n}\n"


def _fields(reference: Reference, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of one entry that say something, as LaTeX."""
    told = reference.citation
    date = told.published if "-" in told.published else ""
    plain = {
        "year": str(told.year or ""),
        "date": date,
        "journal" if kind == "article" else "booktitle": told.container_title,
        "volume": told.volume,
        "number": told.issue,
    }
    more = {
        "type": told.genre,
        _PUBLISHERS.get(kind, "publisher"): told.publisher,
        "language": told.language,
        "issn": told.issn,
        "isbn": told.isbn,
        "pmid": told.pmid,
        "pubstate": "retracted" if told.retracted else "",
    }
    fields = {
        "author": " and ".join(map(_bibtex_name, told.authors)),
        "author+an:orcid": _orcids(told.authors),
        "title": _protected(told.title),
        **{name: encode(text) for name, text in plain.items()},
        "pages": _bibtex_pages(told.pages),
        "doi": encode_verbatim(told.doi),
        **{name: encode(text) for name, text in more.items()},
        "url": encode_verbatim(told.url),
        "abstract": "\n\n".join(map(encode, told.abstract.splitlines())),
        "litreview-record": str(reference.record_id),
        "litreview-source": encode(told.source),
        "litreview-id": encode_verbatim(told.source_id if told.source else ""),
    }
    yield from ((name, text) for name, text in fields.items() if text)
    if BIBTEX_TYPES.get(told.type) is None:
        yield "litreview-type", told.type


def _bibtex_name(name: Author) -> str:
    if name.literal:
        return f"{{{encode(name.literal)}}}"
    family, given = _bibtex_part(name.family), _bibtex_part(name.given)
    if not given and _is_plain(family, name):
        return family
    return f"{family}, {given}".strip()


def _is_plain(family: str, name: Author) -> bool:
    """Tell whether a family name can stand alone and be read as one."""
    mere = Author(name.family)
    return family == name.family and author(family) == mere and family != "others"


def _bibtex_part(text: str) -> str:
    """Keep what would part names, or parts of a name, in braces."""
    parting = "," in text or "=" in text or _AND.search(text)
    return f"{{{encode(text)}}}" if parting else encode(text)


def _orcids(authors: Sequence[Author]) -> str:
    """Return the authors' ORCIDs as an annotation of biblatex: 1="0000-...";..."""
    return "; ".join(
        f'{place}="{name.orcid}"'
        for place, name in enumerate(authors, start=1)
        if name.orcid
    )


def _protected(title: str) -> str:
    """Put words with capitals inside, "OECD", in braces, or styles make them small."""
    return "".join(
        f"{{{piece}}}" if _INNER_CAPITAL.match(piece) else piece
        for piece in _WORD.split(encode(title))
    )


def _bibtex_pages(pages: str) -> str:
    start, end = _ends(pages)
    return f"{start}--{end}" if end else encode(pages)


# -- CSL-JSON ------------------------------------------------------------------------


def to_csl_json(references: Sequence[Reference]) -> str:
    """Return the references as a list of CSL items.

    What CSL has no variable for stands in `custom`, which it leaves to programs.
    """
    items = [
        _csl_item(reference, key)
        for reference, key in zip(references, keys(references), strict=True)
    ]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _csl_item(reference: Reference, key: str) -> dict[str, object]:
    """Return one item, without the variables that say nothing."""
    told = reference.citation
    own: dict[str, object] = {"record": reference.record_id}
    if told.source:
        own |= {"source": told.source, "source_id": told.source_id}
    item: dict[str, object] = {
        "id": key,
        "type": told.type or "document",
        "title": told.title,
        "author": [_csl_name(name) for name in told.authors],
        "issued": _issued(told),
        "container-title": told.container_title,
        "volume": told.volume,
        "issue": told.issue,
        "page": told.pages,
        "DOI": told.doi,
        "abstract": told.abstract,
        "genre": told.genre,
        "language": told.language,
        "URL": told.url,
        "publisher": told.publisher,
        "ISSN": told.issn,
        "ISBN": told.isbn,
        "PMID": told.pmid,
        "status": "retracted" if told.retracted else "",
        "source": told.source,
        "custom": {PROGRAM: own},
    }
    return {name: value for name, value in item.items() if value}


def _csl_name(name: Author) -> dict[str, str]:
    told = {
        "family": name.family,
        "given": name.given,
        "literal": name.literal,
        "ORCID": f"https://orcid.org/{name.orcid}" if name.orcid else "",
    }
    return {part: text for part, text in told.items() if text}


def _issued(told: Citation) -> dict[str, object] | None:
    date = told.published or str(told.year or "")
    if not date:
        return None
    return {"date-parts": [[int(part) for part in date.split("-")]]}
