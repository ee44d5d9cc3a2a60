"""LaTeX in bibliographies: read as plain text, and written so that it reads back.

BibTeX files of forty years write "ö" in a dozen ways, and as many of their writers
forget that "%", "&" and "$" mean something to LaTeX: to take the rules at their
word would cut an abstract at its first "50%". So a per cent sign is one, and a
dollar is one unless a formula stands between two. A command that nobody knows
stays as it stands. Writing leaves Unicode alone, as biblatex and biber read it, and
escapes what LaTeX would take for its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from pylatexenc.latex2text import get_default_latex_context_db

# Text without any of these means what it says.
_SPECIAL = re.compile(r"[\\{}$~]|--|''|``|[?!]`")
# A command swallows the blanks behind it; an escaped sign does not.
_TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z]+)\*?\s*|\\(?P<sign>.)|(?P<tie>---?|''|``|[?!]`)"
    r"|[^\\{}~`'?!-]+|.",
    re.DOTALL,
)
# Only what stands between such dollars is a formula; "$5 and $10" is money.
_DOLLARS = re.compile(r"(?<!\\)\$\$?((?:\\.|[^\\$])*)\$\$?", re.DOTALL)
_FORMULA = re.compile(r"[\\^_=<>+{]|^\s*[A-Za-z]\s*$")
# A group without groups inside.
_GROUP = r"\{((?:\\.|[^\\{}])*)\}"
# Commands whose arguments are not simply text, and what is left of them.
_SHAPES = (
    (re.compile(rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}"), r"\1/\2"),
    (re.compile(rf"\\(?:href|textcolor|foreignlanguage)\s*{_GROUP}\s*{_GROUP}"), r"\2"),
    (re.compile(rf"\\(?:[vh]?phantom|noopsort|begin|end)\s*{_GROUP}"), " "),
)
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    "u": "\u0306", ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b",
    "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328", "b": "\u0331",
    "t": "\u0361",
}  # fmt: skip
_ALONE = ("^", "~")  # "\\~{}" is how many write the sign itself
_DOTLESS = {"\u0131": "i", "\u0237": "j"}  # an accent takes the place of the dot
_TIES = {
    "--": "\u2013", "---": "\u2014", "``": "\u201c", "''": "\u201d",
    "?`": "\u00bf", "!`": "\u00a1",
}  # fmt: skip
# Control signs that are no text: breaks, thin and hard blanks, formula brackets.
_BLANKS = dict.fromkeys("\\ ,;:\n\t", " ") | dict.fromkeys("-/!()[]@", "")
# Commands that only change how their text looks.
_LOOKS = re.compile(
    "emph|enquote|text|text(?:it|bf|tt|sc|rm|sf|sl|up|md|normal|super|sub)(?:script)?|"
    "it|bf|em|sc|tt|rm|sl|sf|(?:it|sc|sl|up)shape|bfseries|ttfamily|normalfont|[mh]box|"
    "math(?:rm|it|bf|sf|tt|cal|bb)|ensuremath|relax|protect|url|path|nolinkurl|left|"
    "right|(?:display|text)style|small|large|Large|footnotesize|nocase"
)
# What the table of pylatexenc lacks or decorates.
_SIGNS = {
    "textless": "<", "textgreater": ">", "textbraceleft": "{", "textbraceright": "}",
    "lbrace": "{", "rbrace": "}", "textbar": "|", "textasciicircum": "^",
    "textasciigrave": "`", "copyright": "\u00a9",
    "TeX": "TeX", "LaTeX": "LaTeX", "BibTeX": "BibTeX",
    "quad": " ", "qquad": " ", "newline": " ", "linebreak": " ", "par": " ",
}  # fmt: skip

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "#%&_$"},
}
_TO_ESCAPE = re.compile(r"[\\{}~^#%&_$]")
# Rows of signs that LaTeX would join: a dash, a closing quote, an inverted mark.
_LIGATURE = re.compile(r"-(?=-)|'(?=')|[`?!](?=`)")


def decode(text: str) -> str:
    """Return LaTeX as plain text on one line; whatever the text is, it never raises.

    Braces that only group go; accents and signs become Unicode.
    """
    if _SPECIAL.search(text):
        text = _DOLLARS.sub(_without_dollars, text)
        for shape, rest in _SHAPES:
            text = shape.sub(rest, text)
        text = unicodedata.normalize("NFC", "".join(_plain(text)))
    return " ".join(text.split())


def _without_dollars(match: re.Match[str]) -> str:
    if not _FORMULA.search(match[1]):
        return match[0]
    # In a formula the blank behind a sign is wanted: "a \\leq b".
    return re.sub(r"(\\[A-Za-z]{2,})\s+", r"\1\\ ", match[1])


def _plain(text: str) -> Iterator[str]:
    """Yield the text's characters; an accent is held until its letter has come."""
    accent = ""
    for match in _TOKEN.finditer(text):
        command = match["command"] or match["sign"]
        if command in _ACCENTS:
            accent = command
        elif match[0] == "}":
            yield accent if accent in _ALONE else ""
            accent = ""
        elif match[0] != "{":
            shown = _shown(match)
            if accent and shown:
                shown = _DOTLESS.get(shown, shown)
                shown = shown[0] + _ACCENTS[accent] + shown[1:]
                accent = ""
            yield shown


def _shown(match: re.Match[str]) -> str:
    if match["command"]:
        return _command(match["command"])
    if match["sign"]:
        return _BLANKS.get(match["sign"], match["sign"])
    if match["tie"]:
        return _TIES[match["tie"]]
    return " " if match[0] == "~" else match[0]


@cache
def _command(name: str) -> str:
    """Return the text of a command: a sign, nothing, or the command as it stands."""
    if _LOOKS.fullmatch(name):
        return ""
    known = get_default_latex_context_db().get_macro_spec(name)
    sign = _SIGNS.get(name) or (known.simplify_repl if known else "")
    is_sign = isinstance(sign, str) and (len(sign) == 1 or name in _SIGNS)
    return str(sign) if is_sign else f"\\{name} "


def decode_verbatim(text: str) -> str:
    """Return an address or a DOI: "_" and "~" stand for themselves, or escaped."""
    if "\\" in text or "{" in text:
        return decode(re.sub(r"(?<!\\)[~$]|--", _kept_apart, text))
    return " ".join(text.split())


def _kept_apart(match: re.Match[str]) -> str:
    return "-{}-" if match[0] == "--" else _ESCAPES[match[0]]


def encode(text: str) -> str:
    """Return plain text as LaTeX that `decode` reads back; Unicode stays."""
    text = _LIGATURE.sub(lambda match: f"{match[0]}\0", text)
    return _TO_ESCAPE.sub(_escape, text).replace("\0", "{}")


def encode_verbatim(text: str) -> str:
    """Return an address or a DOI for a field that biblatex reads verbatim.

    Only where it has braces or backslashes, which would tear the entry, is it LaTeX.
    """
    return encode(text) if re.search(r"[\\{}]", text) else text


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES[match[0]]
