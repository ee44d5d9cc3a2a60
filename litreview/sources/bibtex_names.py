"""Names as BibTeX writes them: "First von Last and von Last, Jr, First and {Org}".

The list is parted while its braces stand, because they are what keeps "{Institute
of Teaching and Learning}" one name; only then is the LaTeX of each part read. A name
in braces as a whole is an organisation.
https://mirrors.ctan.org/info/bibtex/tamethebeast/ttb_en.pdf, section 11
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from litreview.citation import Author, author
from litreview.latex import decode
from litreview.text import clean_markup

_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_AND = re.compile(r"\s+and(?=\s)", re.IGNORECASE)
_MORE = re.compile(r"others|et\.? al\.?", re.IGNORECASE)
_COMMA = re.compile(r",")
_BLANK = re.compile(r"[\s~]+")
# biblatex's other way: "family=Berg, given=Jan, prefix=van den".
_NAMED = re.compile(r"\s*\"?(family|given|prefix|suffix)\s*=\s*(.*)", re.DOTALL)
_ANY_NAMED = re.compile(r"\b(?:family|given)\s*=")


def people(
    text: str, orcids: Mapping[int, str] | None = None
) -> tuple[tuple[Author, ...], bool]:
    """Return the people of a name list, and whether it says that there are others.

    `orcids` are place (from 1) -> ORCID.
    """
    parts = [part.strip() for part in _parted(f" {text} ", _AND)]
    found: list[Author] = []
    for place, part in enumerate(parts, start=1):
        if part and not _MORE.fullmatch(part):
            name = _name(part, (orcids or {}).get(place, ""))
            found += [name] if name else []
    return tuple(found), _MORE.fullmatch(parts[-1]) is not None


def _name(text: str, orcid: str) -> Author | None:
    if _whole(text):
        literal = _plain(text)
        return Author("", literal=literal, orcid=orcid) if literal else None
    if _ANY_NAMED.search(text):
        return _named(text, orcid)
    parts = [part.strip() for part in _parted(text, _COMMA)]
    if len(parts) > 1:
        family, given = _plain(parts[0]), [_plain(part) for part in parts[1:]]
        # "von Last, Jr, First": the suffix goes behind the given names.
        whole = " ".join(filter(None, [*given[1:], given[0]]))
        if not family:
            return author(whole, orcid=orcid)
        return Author(family, whole, orcid=orcid)
    words = [word for word in _parted(text, _BLANK) if word.strip()]
    if len(words) > 1 and _whole(words[-1].strip()):
        given_words = [_plain(word) for word in words[:-1]]
        return Author(_plain(words[-1]), " ".join(given_words), orcid=orcid)
    return author(_plain(text), orcid=orcid)


def _named(text: str, orcid: str) -> Author | None:
    """Read biblatex's named parts."""
    told = {
        match[1]: _plain(match[2].rstrip('" '))
        for part in _parted(text, _COMMA)
        if (match := _NAMED.match(part))
    }
    family = f"{told.get('prefix', '')} {told.get('family', '')}".strip()
    given = f"{told.get('given', '')} {told.get('suffix', '')}".strip()
    if not family:
        return author(given, orcid=orcid)
    return Author(family, given, orcid=orcid)


def _plain(text: str) -> str:
    return clean_markup(decode(text))


def _whole(text: str) -> bool:
    """Tell whether one pair of braces holds all of the text."""
    closing = (end for end, depth in _depths(text) if depth <= 0)
    return text.startswith("{") and next(closing, 0) == len(text)


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Yield the end of each brace with the depth behind it."""
    depth = 0
    for match in _BRACE.finditer(text):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
            yield match.end(), depth


def _parted(text: str, where: re.Pattern[str]) -> Iterator[str]:
    """Yield the parts of a text between what matches outside all braces."""
    inside: list[tuple[int, int]] = []
    opened = 0
    for end, depth in _depths(text):
        if depth <= 0:
            inside.append((opened, end))
        elif depth == 1 and text[end - 1] == "{":
            opened = end
    start = 0
    for match in where.finditer(text):
        if not any(first <= match.start() < last for first, last in inside):
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]
