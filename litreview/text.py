"""One spelling for what the sources spell in many ways.

The same DOI arrives as an address, in capitals or with a full stop behind it;
the same title with markup, entities and two blanks. These functions bring each
to one form: `clean_markup` for what is stored and shown, `title_key`,
`name_key` and `sort_key` for comparing, `printable` for terminals. All are
pure and none raises, whatever text is fed in: a source that sends nonsense
gets an empty or harmless string back, and the raw payload keeps what it sent.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

# Shortest prefix to longest in use; the suffix is any visible text.
# https://www.doi.org/doi-handbook/HTML/doi-name.html
_DOI = re.compile(r"10\.\d{4,9}/\S+")
# "doi:", "https://doi.org/", "http://dx.doi.org/", a library's proxy in front
# of it ("https://doi-org.proxy.example/"), or several of them.
_DOI_PREFIX = re.compile(
    r"(?:\s*(?:doi\s*:|doi\s+|(?:https?://)?[\w.-]{0,64}doi[\w.-]{0,64}(?::\d+)?/))+\s*"
)
_LONGEST_DOI = 2048  # characters, the address included; the longest known has 250
_DOI_LABEL = re.compile(r"\s+\[doi\]$")  # PubMed writes "10.1/x [doi]"
_ENCODED = re.compile(r"%(?:25)*(?:2f|3c|3e)", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "[", "}": "{", ">": "<"}
# Invisible characters that break comparing and searching: soft hyphen, zero
# width space, word joiner, byte order mark.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
# In a DOI the joiners have no meaning either.
_INVISIBLE_IN_DOI = _INVISIBLE | dict.fromkeys(map(ord, "\u200c\u200d"))

# A tag has a name and well-formed attributes. "p < 0.05" and "<a and b>" are
# text, so a looser pattern would eat parts of sentences.
_TAG = re.compile(
    r"</?(?P<name>[a-z][\w:-]*)"
    r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.{0,500}?-->|<!\[CDATA\[|\]\]>|<\?xml[^<>]*\?>", re.DOTALL)
# (The lengths are bounded, or thousands of unclosed ones would take minutes.)
# The TeX source beside a MathML formula says the formula a second time.
_SECOND_SAYING = re.compile(
    r"<(?P<name>(?:jats:)?tex-math|(?:mml:)?annotation)\b[^<>]*>.{0,2000}?</(?P=name)\s*>",
    re.DOTALL | re.IGNORECASE,
)
_MATH = re.compile(r"<(?:mml:)?math\b", re.IGNORECASE)
# Tags that part words; all the others (i, sub, mml:mi ...) stand inside words.
_PARTING = re.compile(
    r"p|br|break|hr|div|sec|title|label|list|list-item|li|ul|ol|tr|td|th|table|"
    r"h[1-6]|abstract|disp-formula"
)
_ENTITY = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
# Letters that Unicode does not decompose into a base and an accent.
_FOLD = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
        "\u0131": "i", "ħ": "h", "ŧ": "t", "&": " and ",
    }
)  # fmt: skip
_NO_WORD = {code: " " for code in range(128) if not chr(code).isalnum()}
_ACCENTS = re.compile("[\u0300-\u036f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_DASHES = re.compile("\\s*(?:[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]|--+)\\s*")
_PAGE_WORD = re.compile(r"^(?:pages?|pp?)\b\.?\s*", re.IGNORECASE)
_PAGE = re.compile(r"(?P<head>.*?)(?P<number>\d+)$", re.DOTALL)
_JOINERS = "\u200c\u200d"  # Persian and Indic words and emoji need them
_DIGITS = re.compile(r"[0-9]+")
_DIGITS_SORTED = 8  # digits, so that 2 sorts before 10
_PARTICLE = re.compile(
    r"af|al|av|bin|da|de|del|della|den|der|di|dos|du|el|ibn|la|le|ten|ter|van|von|"
    r"zu|zum|zur"
)
# These are particles in capitals, too; "Bin" or "La" may be given names then.
_CAPITAL_PARTICLE = re.compile(r"Van|Von|De|Del|Della|Den|Der|Di|Dos")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)
_INITIALS = re.compile(r"[A-Z]{1,3}")  # "Smith JA", as PubMed writes


def normalise_doi(value: str | None) -> str:
    """Return the DOI in `value` in lower case and without decoration, or ''.

    Knows "doi:" and address forms, proxies, percent-encoding, invisible
    characters and closing punctuation. Brackets are cut from the end only
    where nothing opens them: old Wiley DOIs (SICI) contain "<223::aid-x>3.0.co;2-c".
    """
    if not value or len(value) > _LONGEST_DOI:
        return ""
    text = _decoded(value).translate(_INVISIBLE_IN_DOI)
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    text = _DOI_LABEL.sub("", text.strip())
    text = _DOI_PREFIX.sub("", text, count=1) if _DOI_PREFIX.match(text) else text
    text = _without_tail(text)
    return text if _DOI.fullmatch(text) and _storable(text) == text else ""


def _decoded(text: str) -> str:
    """Undo percent-encoding, also where it was done twice."""
    while _ENCODED.search(text):
        text = unquote(text, errors="ignore")
    return text


def _without_tail(text: str) -> str:
    """Cut the punctuation that a sentence, not the DOI, put at the end."""
    while text:
        last = text[-1]
        opener = _CLOSERS.get(last)
        unopened = opener is not None and text.count(last) > text.count(opener)
        if last not in ".,;:\"'" and not unopened:
            break
        text = text[:-1]
    return text


def clean_markup(text: str | None) -> str:
    """Return `text` as plain words: no tags, entities, or doubled blanks.

    Entities are resolved twice, because about 1 % of Crossref abstracts are
    escaped twice. The result is NFC and has no control characters, soft
    hyphens or lone surrogates, so that every database and file can hold it.
    """
    text = text or ""
    if "<" not in text and "&" not in text and text.isascii() and text.isprintable():
        # Most texts: nothing to clean but blanks, and no other white space is there.
        return " ".join(text.split()) if "  " in text else text.strip()
    for _ in range(2 if "<" in text or "&" in text else 0):
        text = _without_tags(text)
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return _storable(" ".join(_without_tags(text).split()))


def _without_tags(text: str) -> str:
    """Remove tags; those that part words leave a blank."""
    if "<" not in text:
        return text
    if _MATH.search(text):
        text = _SECOND_SAYING.sub("", text)
    return _TAG.sub(_tag_blank, _COMMENT.sub("", text))


def _tag_blank(match: re.Match[str]) -> str:
    name = match["name"].lower().removeprefix("jats:")
    return " " if _PARTING.fullmatch(name) else ""


def _storable(text: str) -> str:
    """Drop control characters, surrogates and invisible ones; compose (NFC)."""
    if not text.isprintable():  # what goes is never printable
        text = _SURROGATES.sub("", text).translate(_INVISIBLE)
        if not text.isprintable():
            text = "".join(c for c in text if unicodedata.category(c) != "Cc")
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text).strip()


def clean_lines(text: str | None) -> str:
    """Return each line cleaned like `clean_markup`, without the empty ones."""
    lines = (clean_markup(line) for line in (text or "").splitlines())
    return "\n".join(line for line in lines if line)


def fold(text: str) -> str:
    """Return `text` without case and Latin accents: "Łódź" is "lodz".

    Only the accents of European scripts go; the vowel signs of others are
    part of the word.
    """
    if text.isascii():
        return text.lower().replace("&", " and ")
    text = unicodedata.normalize("NFKD", text).casefold().translate(_FOLD)
    text = unicodedata.normalize("NFKD", text)  # folding may compose again
    return unicodedata.normalize("NFC", _ACCENTS.sub("", text))


def title_key(title: str) -> str:
    """Return the bare words of a title, for comparing; "&" reads as "and"."""
    return " ".join(_words(fold(title)).split())


def _words(text: str) -> str:
    """Turn all that is neither letter, digit nor vowel sign into blanks."""
    if text.isascii():
        return text.translate(_NO_WORD)
    return "".join(
        c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text
    )


def name_key(family: str, given: str = "") -> str:
    """Return "family, i": the folded family name and the first initial."""
    initial = title_key(given)[:1]
    return f"{title_key(family)}, {initial}" if initial else title_key(family)


def sort_key(text: str) -> str:
    """Return a key that sorts as a person would: no case, accents; 2 before 10."""
    return _DIGITS.sub(lambda match: match[0].zfill(_DIGITS_SORTED), title_key(text))


def page_range(text: str | None) -> tuple[str, str]:
    """Return the first and last page; the last is '' where there is but one.

    Shortened ranges are expanded ("1091-7" ends at 1097, "S12-8" at S18);
    article numbers, roman and electronic pages ("e12") pass as they are.
    """
    text = _PAGE_WORD.sub("", clean_markup(text))
    pieces = [piece for piece in re.split(r"\s*[,;]\s*", text) if piece]
    if not pieces:
        return "", ""
    first, last = _ends(pieces[0])
    if len(pieces) > 1:
        last = "".join(_ends(pieces[-1])[1:]) or _ends(pieces[-1])[0]
    return first, "" if last == first else last


def _ends(piece: str) -> tuple[str, str]:
    """Split one range in its middle: "2-1-2-15" runs from 2-1 to 2-15."""
    parts = [part.strip() for part in _DASHES.sub("-", piece).split("-")]
    if len(parts) % 2:
        return "-".join(parts), ""
    middle = len(parts) // 2
    first, last = "-".join(parts[:middle]), "-".join(parts[middle:])
    return (first, _expanded(first, last)) if first else (last, "")


def _expanded(first: str, last: str) -> str:
    """Give a shortened last page the digits it shares with the first."""
    match = _PAGE.fullmatch(first)
    if not match or not last.isdecimal() or len(last) > len(match["number"]):
        return last
    number = match["number"]
    whole = number[: len(number) - len(last)] + last
    return match["head"] + whole if int(whole) >= int(number) else last


def printable(text: str, *, keep_newlines: bool = False) -> str:
    """Return `text` without what could steer a terminal.

    Drops Unicode category C: escape sequences lose their ESC, and no character
    that turns the direction of writing survives. Tabs and line ends become
    blanks, or line ends stay with `keep_newlines`.
    """
    if text.isprintable():
        return text
    lines = re.split("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", text)
    clean = ("".join(map(_shown, line)) for line in lines)
    return ("\n" if keep_newlines else " ").join(clean)


def _shown(char: str) -> str:
    if char == "\t":
        return " "
    hidden = unicodedata.category(char)[0] == "C" and char not in _JOINERS
    return "" if hidden else char


def split_name(text: str) -> tuple[str, str]:
    """Return (family, given) of a person's name in one of three orders.

    "Family, Given", "Given van Family" and "Family JA". "Jr" and the like go
    behind the given names. A single word is a family name.
    """
    return split_clean_name(clean_markup(text))


def split_clean_name(text: str) -> tuple[str, str]:
    """Do the same for a name that `clean_markup` has cleaned."""
    if "," in text:
        return _split_at_comma(text)
    words = text.split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    if len(words) > 1 and _INITIALS.fullmatch(words[-1]) and not _capitals(words):
        return " ".join(words[:-1]), f"{words[-1]} {suffix}".strip()
    start = len(words) - 1
    while start > 1 and _is_particle(words[start - 1]):
        start -= 1
    given = " ".join(words[: max(start, 0)])
    return " ".join(words[max(start, 0) :]), f"{given} {suffix}".strip()


def _is_particle(word: str) -> bool:
    return bool(_PARTICLE.fullmatch(word) or _CAPITAL_PARTICLE.fullmatch(word))


def _split_at_comma(text: str) -> tuple[str, str]:
    """Split "Family, Given", "Family, Jr, Given" and "Family, Given, Jr"."""
    family, *rest = (part.strip() for part in text.split(","))
    suffixes = [part for part in rest if _SUFFIX.fullmatch(part)]
    names = [part for part in rest if part and part not in suffixes]
    return family, " ".join(names + suffixes)


def _capitals(words: list[str]) -> bool:
    """Tell whether the name before its last word is in capitals or initials."""
    return all(word.isupper() for word in words[:-1])


def normalise_orcid(value: object) -> str:
    """Return an ORCID as 0000-0000-0000-000X, or '' where its check digit fails.

    ISO 7064 mod 11-2, https://support.orcid.org/hc/en-us/articles/360006897674.
    """
    if not isinstance(value, str) or not value:
        return ""
    match = re.search(r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])(?!\d)", value)
    if match is None:
        return ""
    digits = "".join(match.groups()).upper()
    total = 0
    for digit in digits[:15]:
        total = (total + int(digit)) * 2
    check = "0123456789X"[(12 - total % 11) % 11]
    return "-".join(match.groups()).upper() if check == digits[15] else ""


def issns(text: str) -> str:
    """Return the distinct ISSNs in `text`, in their order, parted by blanks."""
    found = re.findall(r"(?<![\w-])([0-9]{4})-?([0-9]{3}[0-9Xx])(?![\w-])", text)
    return " ".join(dict.fromkeys(f"{a}-{b}".upper() for a, b in found))
