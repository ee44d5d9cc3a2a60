"""One field of one record, in plain words or as a number.

The sources spell one fact in many ways: a DOI percent-encoded, a title with
PubMed's "[Erratum appears in ...]", pages "1091-7", a volume "76 Suppl 4". Each
function reads one such text; 0 and "" mean not known, and what cannot be trusted
(pages "01-Aug", a title "#NAME?") is not known. `columns` reads many at once.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from urllib.parse import unquote

from litreview.text import clean_markup, normalise_doi, title_key

LARGEST_NUMBER = 10**12  # a longer page number is an article id; its end will do
REMEMBERED = 100_000  # journals and page ranges come again and again


# --- words --------------------------------------------------------------------

_PLAIN = {c: chr(c) if chr(c).isalnum() else " " for c in range(128)} | {38: " and "}
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron "
    "pi rho sigma sigma tau upsilon phi chi psi omega"
)
_GREEK = dict(zip(range(0x3B1, 0x3CA), _GREEK_NAMES.split(), strict=True))
# What the second byte of a two-byte UTF-8 letter looks like in Windows-1252.
_SECOND = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_MISREAD = re.compile(f"[\u00c2-\u00c5\u00ce\u00cf\u00e2][\x80-\xbf{_SECOND}]")


def unscramble(text: str) -> str:
    """Undo UTF-8 that was read as a Western code page ("Ã©" for "é")."""
    if not _MISREAD.search(text):
        return text
    for code_page in ("cp1252", "latin-1"):
        try:
            return text.encode(code_page).decode("utf-8")
        except UnicodeError:
            continue
    return text


def plain_words(text: str) -> str:
    """Return the words of a text as `title_key` does, Greek letters by name.

    Plain ASCII takes a short cut of the same result, ten times as fast.
    """
    if "<" in text or "&" in text:
        text = clean_markup(text)
    if text.isascii():
        return " ".join(text.lower().translate(_PLAIN).split())
    return title_key(unscramble(text)).translate(_GREEK)


_NOTES = (  # up to the end of the title
    "(?:published )?erratum appears|retract(?:ed|ion) in|update in|summary for"
    "|original report in|corrected and republished"
)
_MARKS = (  # a word or two in brackets
    "see comments?|comments?|corrected|retracted|abstract|review|letter|in process"
    "|[a-z]+ transl"
)
_HUNG_ON = re.compile(
    rf"<\s*original\s*>.*|\s*[\[(](?:{_NOTES}).*"
    rf"|\s*[\[(](?:{_MARKS})\b[^\])]*[\])]\W*$",
    re.IGNORECASE | re.DOTALL,
)
HUNG_ON = rf"(?i)[\[(](?:{_NOTES}|{_MARKS})"  # where it may begin, without markup
LABEL = (
    r"(?i)^\W*(?:retracted(?: article)?|withdrawn|short report|brief report"
    r"|original article|review article|research article|case report)\s*[:\]-]+\s*"
)
_LABEL = re.compile(LABEL)
NO_TITLE = frozenset(
    {"name", "value", "ref", "null", "none", "untitled", "no title", "n a", "na",
     "nan", "no title available"}
)  # fmt: skip


def title_words(title: str) -> str:
    """Return the plain words of a title without what databases hang on it.

    Dropped are PubMed's "[see comments]" and "[Erratum appears in ...]", which
    mark the article itself, the second language after "<ORIGINAL>", labels such
    as "Short report:", and what a spreadsheet leaves of a title ("#NAME?").
    """
    if "[" in title or "<" in title or "(" in title:
        title = _HUNG_ON.sub("", title)
    words = plain_words(_LABEL.sub("", title))
    return "" if words in NO_TITLE else words


_CITING_WORDS = r"\bvol \d+ (?:pg?|pp|page) \d"
_CORRECTION = (
    r"^(?:authors? |publishers? )?(?:errat|corrigend|corrections?\b|addend)"
    r"|\b(?:erratum|corrigendum|correction to)\b"
)
_RETRACTION = (
    r"^(?:retraction|withdrawal|expression of concern)\b"
    r"|\bretraction (?:note|notice|of|to)\b"
)
_REPLY = (
    r"^(?:in reply|repl(?:y|ies)|rejoinder|authors? (?:reply|response)"
    r"|(?:a )?response to)\b|\b(?:reply|rejoinder|authors response)$"
    r"|\ba (?:reply|response|rejoinder) to\b"
)
_COMMENT = (
    r"^(?:(?:invited |editorial |a )?comment(?:s|ary|aries)?|re|letter"
    r"|discussion of)\b|\b(?:comments?|commentary)(?: on\b|$)"
)
_REVIEW = r"^(?:review of|book reviews?)\b|\bbook review$"
NOTICES = (
    _CITING_WORDS, _CORRECTION, _RETRACTION, _REPLY, _COMMENT, _REVIEW,
)  # fmt: skip
_NOTICES = tuple(map(re.compile, NOTICES))
CITING = 1
CITATION = re.compile(r" vol \d+ (?:pg?|pp|page) .*$")
_FIRST_LOOK = (
    "erratum errata corrigendum corrigenda correction corrections addendum addenda "
    "vol retraction withdrawal concern reply replies rejoinder response comment "
    "comments commentary commentaries re letter discussion review reviews"
)
NOTICE_WORDS = frozenset(_FIRST_LOOK.split())


def notice_kind(words: str) -> int:
    """Tell which text about another text a title announces, 0 for none.

    1 names a volume and page ("(vol 360, pg 542, 2011)"), 2 correction,
    3 retraction, 4 reply, 5 comment, 6 review of a book.
    """
    if NOTICE_WORDS.isdisjoint(words.split()):
        return 0  # spares the patterns for most titles
    return next((n for n, kind in enumerate(_NOTICES, 1) if kind.search(words)), 0)


# --- people, places, numbers --------------------------------------------------

_PARTICLE_WORDS = (
    "van von der den de del della di da do dos das du la le el al bin ibn ben ter "
    "ten st zu zur jr sr ii iii 2nd 3rd dr prof"
)
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
NOBODY = frozenset(
    {"", "anonymous", "anon", "na", "n a", "no author", "et al", "al", "unknown",
     "not available", "nan", "none", "no authors listed", "author unknown"}
)  # fmt: skip


def family_name(author: str) -> str:
    """Return the family name as one word without particles, '' for nobody.

    The author is in plain words but for the comma behind the family name.
    """
    family, comma, given = author.partition(",")
    words = (family if comma else author).split() or given.replace(",", " ").split()
    if len(words) > 1:
        if not comma:  # "smith j" or "jane smith"
            last = words[-1]
            words = words[:-1] if len(last) <= 2 or last in _PARTICLES else [last]
        words = [word for word in words if word not in _PARTICLES] or words
    return "" if " ".join(words) in NOBODY else "".join(words)


def plain_author(author: str) -> str:
    """Return an author in plain words, the comma behind the family name kept."""
    family, comma, given = author.partition(",")
    return plain_words(family) + comma + plain_words(given)


_BESIDE = re.compile(
    r"\s+[:=/]\s.*|\.?\s+conference\b:.*|[\[(][^\])]*[\])]", re.IGNORECASE | re.DOTALL
)
_SMALL_WORDS = frozenset(
    {"the", "of", "and", "in", "for", "a", "an", "on", "de", "la", "der", "und", "et"}
)


@lru_cache(maxsize=REMEMBERED)
def container_words(title: str) -> str:
    """Return the words of a journal's or book's name without its parallel titles."""
    words = plain_words(_BESIDE.sub("", title)).split() or plain_words(title).split()
    return " ".join([w for w in words if w not in _SMALL_WORDS] or words)


_DASH = re.compile("\\s*(?:[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]|\\?\\?\\?)+\\s*")
_DIGITS = re.compile(r"\d+")
_MONTH = re.compile("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", re.IGNORECASE)
_COUNT = re.compile(r"\s*\d+\s*p(?:p|ages?)?\.?\s*", re.IGNORECASE)


@lru_cache(maxsize=REMEMBERED)
def page_numbers(pages: str) -> tuple[int, int]:
    """Return the first and last page as numbers, (0, 0) where there are none.

    Letters are dropped ("S76" is 76), short forms expanded ("1091-7" ends on
    1097), "S4-76-S4-101" is 76 to 101, a list spans from its least to its
    greatest; a count ("94 p") and a spreadsheet's date ("01-Aug") are nothing.
    """
    if _COUNT.fullmatch(pages):
        return 0, 0
    ranges = [_one_range(part) for part in pages.split(",")]
    firsts = [first for first, _ in ranges if first]
    return (min(firsts), max(last for _, last in ranges)) if firsts else (0, 0)


def _one_range(pages: str) -> tuple[int, int]:
    parts = _DASH.split(pages)
    if len(parts) == 4 and parts[0].lower() == parts[2].lower():
        parts = [parts[1], parts[3]]
    found = [match[0] for part in parts if (match := _DIGITS.search(part))]
    if not found or (len(found) < len(parts) and _MONTH.search(pages)):
        return 0, 0
    start, end = found[0], found[min(1, len(found) - 1)]
    end = start[: max(0, len(start) - len(end))] + end
    first, last = int(start) % LARGEST_NUMBER, int(end) % LARGEST_NUMBER
    return first, max(first, last)


@lru_cache(maxsize=REMEMBERED)
def leading_number(text: str) -> int:
    """Return the number of a volume or issue, 0 where there is none to trust."""
    if text.count(")") > text.count("("):
        return 0  # what a parser left of "65 (Supplement 2)"
    match = _DIGITS.search(text)
    return int(match[0]) % LARGEST_NUMBER if match else 0


_CLEAN_DOI = re.compile(
    r"(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[a-z0-9._/()-]*[a-z0-9])"
)
_VERSION = re.compile(r"(?<=figshare\.)(\d+)\.v\d+$")


def plain_doi(doi: str) -> str:
    """Return the DOI as `normalise_doi` does, fully decoded; '' for none.

    A version of a deposit ("10.6084/m9.figshare.1.v2") counts as the deposit.
    """
    clean = _CLEAN_DOI.fullmatch(doi.lower())
    if clean and clean[1].count("(") == clean[1].count(")"):
        plain = clean[1]
    else:
        plain = normalise_doi(html.unescape(unquote(doi)))
    return _VERSION.sub(r"\1", plain)


ARTICLE, PREPRINT, CONFERENCE, CHAPTER, BOOK, DATA, THESIS = range(7)
FORMS = {
    "posted-content": PREPRINT, "preprint": PREPRINT, "manuscript": PREPRINT,
    "inproceedings": CONFERENCE, "paper-conference": CONFERENCE,
    "proceedings-article": CONFERENCE, "conference": CONFERENCE,
    "chapter": CHAPTER, "book-chapter": CHAPTER, "incollection": CHAPTER,
    "inbook": CHAPTER, "entry": CHAPTER, "book": BOOK, "monograph": BOOK,
    "edited-book": BOOK, "dataset": DATA, "component": DATA, "graphic": DATA,
    "supplementary-materials": DATA, "thesis": THESIS, "dissertation": THESIS,
    "phdthesis": THESIS, "mastersthesis": THESIS,
}  # fmt: skip
# arXiv, bioRxiv and medRxiv, SSRN, OSF's family, Preprints.org, Research Square,
# ChemRxiv, TechRxiv, Authorea, PeerJ Preprints, SciELO Preprints.
PREPRINT_DOI = (
    r"^10\.(?:48550/|1101/\d|2139/|3123[45]/|31219/|35542/|20944/|21203/|26434/"
    r"|36227/|22541/|7287/|1590/scielopreprints)"
)
PREPRINT_PLACE = (
    r"rxiv\b|\bssrn\b|preprint|research square|(?:working|discussion) paper"
)
