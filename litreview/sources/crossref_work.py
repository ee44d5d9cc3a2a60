"""What a Crossref work's JSON means: its citation, and what was published about it.

Dates have the precision that was deposited; abstracts are JATS markup, often not
well-formed; a retraction stands with the work that it takes back (`updated-by`) and
on the notice itself (`update-to`), and these two are told apart.
https://api.crossref.org/swagger-ui (fields).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from litreview.citation import Author, Citation, Notice
from litreview.sources import csl
from litreview.sources.page import (
    as_dict,
    as_list,
    as_name,
    as_pages,
    as_text,
    as_url,
    as_year,
    first_text,
)
from litreview.text import (
    clean_markup,
    issns,
    normalise_doi,
    normalise_orcid,
    title_key,
)

_DATES = ("issued", "published", "published-print", "published-online", "posted")
_RETRACTIONS = frozenset({"retraction", "withdrawal", "removal"})
_CORRECTIONS = frozenset({"correction", "corrigendum", "erratum"})
_EDITED = frozenset({"book", "edited-book", "monograph", "reference-book"})
# What depositors write where there is no name ("&NA;" reads "and na").
_NO_NAME = frozenset(
    {"", "and na", "na", "unknown", "not available", "author unknown", "et al"}
)
_BLOCK = re.compile(
    r"<(?P<close>/?)(?:jats:)?(?P<name>p|sec|title|abstract|list|list-item|div|br)"
    r"\b[^<>]*>",
    re.IGNORECASE,
)
_ESCAPED_BLOCK = re.compile(r"&(?:amp;)?lt;/?(?:jats:)?(?:p|sec|title)\b")


def citation(payload: dict[str, Any]) -> Citation:
    """Say what a work's JSON means; raises ValueError where it has no DOI."""
    source_id = as_name(payload.get("DOI")).lower()
    if not source_id:
        raise ValueError("no DOI")
    title = _title(payload)
    csl_type, genre, is_study = _kind(payload)
    published, deposited = _date(payload)
    authors, edited = _authors(payload)
    first_container = first_text(payload.get("container-title"))
    noticed = {
        "no-title": not title,
        "not-a-study": not is_study or _is_correction(payload, source_id, title),
        "retraction-notice": _is_notice(payload, title),
        "year-from-deposit": deposited,
        "authors-are-editors": edited,
    }
    return Citation(
        source="crossref",
        source_id=source_id,
        title=title,
        authors=authors,
        year=as_year(published[:4]),
        published=published,
        container_title=first_container
        or first_text(payload.get("short-container-title")),
        volume=as_text(payload.get("volume")),
        issue=as_text(payload.get("issue"))
        or as_text(as_dict(payload.get("journal-issue")).get("issue")),
        pages=as_pages(payload.get("page")) or as_text(payload.get("article-number")),
        doi=normalise_doi(source_id),
        abstract=_abstract(payload.get("abstract")),
        type=csl_type,
        genre=genre,
        language=as_text(payload.get("language")),
        url=_url(payload),
        publisher=as_text(payload.get("publisher")),
        issn=issns(" ".join(map(as_text, as_list(payload.get("ISSN"))))),
        isbn=_isbns(payload),
        retracted=_is_retracted(payload, title),
        flags=tuple(flag for flag, holds in noticed.items() if holds),
        notices=tuple(_notices(payload)),
    )


def _title(payload: dict[str, Any]) -> str:
    """Return "title: subtitle"; further titles are translations."""
    title = first_text(payload.get("title"))
    title = title or first_text(payload.get("original-title"))
    subtitle = first_text(payload.get("subtitle"))
    if not subtitle or title_key(title).endswith(title_key(subtitle)):
        return title
    if not title:
        return subtitle
    return f"{title} {subtitle}" if title[-1] in ":?!." else f"{title}: {subtitle}"


def _kind(payload: dict[str, Any]) -> tuple[str, str, bool]:
    """Return (CSL type, genre, can be a study); a subtype is the finer genre."""
    csl_type, genre, is_study = csl.kind(as_text(payload.get("type")), csl.CROSSREF)
    subtype = as_text(payload.get("subtype")).replace("_", " ").replace("-", " ")
    return csl_type or "document", (subtype if is_study else "") or genre, is_study


def _date(payload: dict[str, Any]) -> tuple[str, bool]:
    """Return the ISO date of its own precision, and whether it is the deposit's.

    `issued` is the earliest of the print and online dates; the day a record was
    created says only that the work is not younger, so it comes last.
    """
    for name in _DATES:
        if found := _iso(payload.get(name)):
            return found, False
    found = _iso(payload.get("created"))[: len("2000")]
    return found, bool(found)


def _iso(value: Any) -> str:
    """Return the date-parts [[2021, 6, 30]] as "2021-06-30"; 1 to 3 parts."""
    outer = as_list(as_dict(value).get("date-parts"))
    parts = [as_text(part) for part in as_list(outer[0] if outer else None)]
    year = as_year(parts[0]) if parts else None
    if year is None:
        return ""
    numbers = [int(part) for part in parts[1:3] if re.fullmatch(r"[0-9]{1,2}", part)]
    for length in (len(numbers), 1):
        month, day = [*numbers[:length], 1, 1][:2]
        try:
            whole = date(year, month, day).isoformat()
        except ValueError:
            continue
        return whole[: len("2000") + len("-01") * min(length, len(numbers))]
    return f"{year:04}"


def _authors(payload: dict[str, Any]) -> tuple[tuple[Author, ...], bool]:
    """Return the authors, or a book's editors; and whether they are editors."""
    authors = _people(payload.get("author"))
    if authors or as_text(payload.get("type")) not in _EDITED:
        return authors, False
    editors = _people(payload.get("editor"))
    return editors, bool(editors)


def _people(entries: Any) -> tuple[Author, ...]:
    found = (_author(as_dict(entry)) for entry in as_list(entries))
    return tuple(name for name in found if name is not None)


def _author(entry: dict[str, Any]) -> Author | None:
    """Read one contributor: a person, or a group by its `name`."""
    family, given = as_text(entry.get("family")), as_text(entry.get("given"))
    group = as_text(entry.get("name")) or as_text(entry.get("literal"))
    orcid = normalise_orcid(entry.get("ORCID"))
    if title_key(family) in _NO_NAME:
        # Some depositors put the whole name into the given name.
        family, given, group = "", "", group or f"{family} {given}".strip()
    if not family:
        unnamed = title_key(group) in _NO_NAME
        return None if unnamed else Author("", literal=group, orcid=orcid)
    suffix = as_text(entry.get("suffix"))
    return Author(family, f"{given} {suffix}".strip(), orcid=orcid)


def _abstract(value: Any) -> str:
    """Return a JATS abstract as lines, one a paragraph.

    A section's title leads its first paragraph, "Purpose: To find out"; a lone
    heading "Abstract" says nothing and goes. The markup is often not
    well-formed, so it is read tag by tag and not parsed as XML.
    """
    markup = value if isinstance(value, str) else ""
    if _ESCAPED_BLOCK.search(markup):
        markup = _unescaped(markup)
    heading, in_title, lines, start = "", False, [], 0
    for tag in [*_BLOCK.finditer(markup), None]:
        words = clean_markup(markup[start : tag.start() if tag else None])
        if in_title and words:
            heading = "" if title_key(words) == "abstract" else words.rstrip(":. ")
        elif words:
            lines.append(f"{heading}: {words}" if heading else words)
            heading = ""
        start = tag.end() if tag else 0
        in_title = bool(tag and tag["name"].lower() == "title" and not tag["close"])
    return "\n".join(lines)


def _unescaped(markup: str) -> str:
    """Undo one or two layers of escaping, of the brackets alone."""
    for escaped in ("&amp;lt;", "&lt;"):
        markup = markup.replace(escaped, "<")
    for escaped in ("&amp;gt;", "&gt;"):
        markup = markup.replace(escaped, ">")
    return markup


def _is_retracted(payload: dict[str, Any], title: str) -> bool:
    """Tell whether an update takes the work back, or its title says so."""
    updates = map(as_dict, as_list(payload.get("updated-by")))
    taken_back = any(as_text(update.get("type")) in _RETRACTIONS for update in updates)
    return taken_back or csl.is_retracted(title)


def _notices(payload: dict[str, Any]) -> Iterator[Notice]:
    """Yield what updates the work, each once.

    The publisher and Retraction Watch may tell of the same notice.
    """
    met = set()
    for update in map(as_dict, as_list(payload.get("updated-by"))):
        word = as_text(update.get("type")) or as_text(update.get("label"))
        kind = re.sub(r"[\W_]+", "_", word.lower()).strip("_")
        doi = normalise_doi(as_name(update.get("DOI")))
        if kind and (kind, doi) not in met:
            met.add((kind, doi))
            told_by = as_text(update.get("source")).lower()
            yield Notice(kind, doi, _iso(update.get("updated")), told_by)


def _is_notice(payload: dict[str, Any], title: str) -> bool:
    """Tell whether the record takes another one back."""
    updates = map(as_dict, as_list(payload.get("update-to")))
    takes_back = any(as_text(update.get("type")) in _RETRACTIONS for update in updates)
    return takes_back or csl.is_retraction_notice(title)


def _is_correction(payload: dict[str, Any], source_id: str, title: str) -> bool:
    """Tell whether the record only corrects another one.

    Both must say so, the update and the title: an article printed again in its
    corrected form updates the first one, too, and is a study.
    """
    updates = map(as_dict, as_list(payload.get("update-to")))
    corrects = any(
        as_text(update.get("type")) in _CORRECTIONS
        and as_name(update.get("DOI")).lower() != source_id
        for update in updates
    )
    return corrects and csl.is_correction_notice(title)


def _url(payload: dict[str, Any]) -> str:
    resource = as_dict(as_dict(payload.get("resource")).get("primary"))
    return as_url(resource.get("URL")) or as_url(payload.get("URL"))


def _isbns(payload: dict[str, Any]) -> str:
    """Return the ISBNs, without the address some stand in, parted by blanks."""
    texts = map(as_text, as_list(payload.get("ISBN")))
    numbers = (text.rpartition("/")[2].replace("-", "").upper() for text in texts)
    found = (n for n in numbers if re.fullmatch(r"[0-9]{9}[0-9X]|[0-9]{13}", n))
    return " ".join(dict.fromkeys(found))
