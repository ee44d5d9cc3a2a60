"""What every source tells about a work, in one shape.

A `Citation` is a frozen value: the bibliographic facts of one record, cleaned
but not judged, with the name of the source and the record's id there. Empty
text means "not told". It can always be rebuilt from the raw payload, so a
better mapping later costs nothing. Author lists are written as one line,
"Family, Given; Family, Given", and read back without loss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from litreview.text import clean_markup, split_clean_name

# Words that people's names do not contain and names of organisations do.
_OF_ORGANISATIONS = (
    "academy agency alliance association authority bank board bureau centre "
    "center collaboration college commission committee company consortium "
    "corporation council department editors executive federation for foundation "
    "fund government group inspectorate institute institution international "
    "investigators laboratory laboratories limited ltd ministry national nations "
    "network of office ofsted organisation organization partnership press "
    "programme project school schools secretariat service services society staff "
    "statistics study team the trust union unit university"
)
_ORGANISATION = frozenset(_OF_ORGANISATIONS.split())
_WORD = re.compile(r"\w+")
_ACRONYM = re.compile(r"[A-Z]{2,}\d*")
_PART = re.compile(r"(?:\{[^{}]*\}|[^;])+")  # a semicolon in braces does not part
_AUTHORS_NAMED = 2  # from the third author on it is "et al."
_TITLE_WORDS = 4  # of a title that stands in for a missing author


@dataclass(frozen=True, slots=True)
class Author:
    """Name one author: a person by family and given name, or `literal`.

    `literal` holds an organisation, or a name that nobody can split; family and
    given are empty then. `orcid` is 0000-0000-0000-000X or empty.
    """

    family: str
    given: str = ""
    literal: str = ""
    orcid: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Tell of something published about a work after it: a correction, say.

    `kind` is a word with underscores (retraction, correction,
    expression_of_concern ...), `doi` the notice's own or empty, `published` an ISO
    date or empty, `source` who told it (publisher, retraction-watch, openalex).
    """

    kind: str
    doi: str = ""
    published: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Describe one record of one source; '' (None, False) means not told.

    `published` is an ISO date of its own precision: 2021, 2021-06, 2021-06-30.
    `type` is a CSL type, `genre` the source's finer word (preprint, editorial).
    `issn` and `isbn` hold several, parted by blanks. `flags` are short words
    on what the mapping noticed: no-title, not-a-study, year-from-deposit ...
    """

    source: str
    source_id: str
    title: str
    authors: tuple[Author, ...] = ()
    year: int | None = None
    published: str = ""
    container_title: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    abstract: str = ""
    type: str = ""
    genre: str = ""
    language: str = ""
    url: str = ""
    publisher: str = ""
    issn: str = ""
    isbn: str = ""
    pmid: str = ""
    retracted: bool = False
    flags: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def author(text: str, *, orcid: str = "") -> Author | None:
    """Read one name in any usual order; None where there is no letter in it.

    A comma makes it a person; so does the lack of any word that only
    organisations use. Braces, as in BibTeX, keep an organisation whole.
    """
    text = clean_markup(text)
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
        return Author("", literal=text) if _is_name(text) else None
    if not _is_name(text):
        return None
    if "," not in text and _is_organisation(text):
        return Author("", literal=text, orcid=orcid)
    family, given = split_clean_name(text)
    if not _is_name(family):
        return author(given, orcid=orcid)
    return Author(family, given, orcid=orcid)


def _is_organisation(text: str) -> bool:
    words = _WORD.findall(text.lower())
    return not _ORGANISATION.isdisjoint(words) or bool(_ACRONYM.fullmatch(text))


def _is_name(text: str) -> bool:
    return text[:1].isalpha() or any(char.isalpha() for char in text)


def parse_authors(text: str) -> tuple[Author, ...]:
    """Read "Family, Given; Family, Given; Organisation"."""
    names = (author(part) for part in _PART.findall(text))
    return tuple(name for name in names if name is not None)


def authors_text(authors: tuple[Author, ...]) -> str:
    """Write authors in one line that `parse_authors` reads back.

    Names that would be misread get a mark: braces round an organisation, a
    comma behind a lone family name. ORCIDs are not written.
    """
    return "; ".join(_author_text(name) for name in authors)


def _author_text(name: Author) -> str:
    if name.family and name.given:
        return f"{name.family}, {name.given}"
    plain = name.family or name.literal
    wanted = Author(name.family, literal=name.literal)
    if parse_authors(plain) == (wanted,):
        return plain
    return f"{plain}," if name.family else f"{{{plain}}}"


def short_reference(citation: Citation) -> str:
    """Return the citation as a sentence names it: "Sims et al. (2021)"."""
    names = [name.family or name.literal for name in citation.authors]
    if not names:
        words = citation.title.split()
        names = [" ".join(words[:_TITLE_WORDS]) or citation.source_id]
        names[0] += "…" if len(words) > _TITLE_WORDS else ""
    if len(names) > _AUTHORS_NAMED:
        names = [f"{names[0]} et al."]
    return f"{' and '.join(names)} ({citation.year or 'n.d.'})"
