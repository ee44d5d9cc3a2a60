"""Promises of litreview.latex."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from litreview.latex import decode, decode_verbatim, encode, encode_verbatim

SIGNS = st.sampled_from([*"\\{}~^#%&_$-'`?!\" ", "--", "?`", "\\'e", "{\\o}", "\\url"])
TEXTS = st.lists(st.one_of(SIGNS, st.characters(exclude_categories=["C", "Z"]))).map(
    # Text is stored composed (NFC), and comes back so.
    lambda pieces: unicodedata.normalize("NFC", " ".join("".join(pieces).split()))
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Sch{\"u}tz, Andr{\'e}, {\L}{\'o}d\'z", "Schütz, André, Łódź"),
        (r"\v{c} {\v c} \c{c} \'{\i} \`\i{} \H{o} \k a \aa{} \ss", "č č ç í ì ő ą å ß"),
        (r"\~{n} \~{} \^{}", "ñ ~ ^"),
        ("a~b\nc -- d --- ``e'' ?`f", "a b c \u2013 d — “e” ¿f"),
        (r"{BERT} \emph{very} {\it good} \textbf{\textit{x}}", "BERT very good x"),
        (r"50\% \& \$5 \#1 a\_b \{c\}", "50% & $5 #1 a_b {c}"),
        (r"{\textless}p{\textgreater} \textbackslash{}n", "<p> \\n"),
        (r"$\alpha_1 \leq 2$ and $n$", "\u03b1_1 ≤ 2 and n"),
        (r"\href{https://a.b}{Here} \url{https://a.b}", "Here https://a.b"),
        (r"\{\vphantom{\}}x", "{ x"),
        (r"$\frac{1}{2}$", "1/2"),
    ],
)
def test_latex_becomes_text(written: str, meant: str) -> None:
    """Accents, signs and formulas become what a reader would see."""
    assert decode(written) == meant


@pytest.mark.parametrize(
    "text", ["50% of 12 & more", "it costs $5 and $10", "a_b # c", "{", "}", "a \\"]
)
def test_signs_without_escapes_lose_no_text(text: str) -> None:
    """A forgotten escape does not cut the text off: only lone braces go."""
    assert decode(text) == text.strip("{}")


def test_an_unknown_command_stays() -> None:
    """What nobody knows is shown as it stands, with its argument."""
    assert decode(r"\zzz{x} \input{/etc/passwd}") == r"\zzz x \input /etc/passwd"


def test_text_for_latex_is_escaped() -> None:
    """Everything that LaTeX takes for its own is escaped; Unicode stays."""
    assert encode("50% & a_b #1 $5 ö") == r"50\% \& a\_b \#1 \$5 ö"
    assert encode("{\\~^}") == (
        r"\textbraceleft{}\textbackslash{}\textasciitilde{}"
        r"\textasciicircum{}\textbraceright{}"
    )


def test_addresses_stay_as_they_are() -> None:
    """In an address "_", "%" and "~" stand for themselves, escaped or not."""
    address = "https://example.org/~a_b?c=1&d=20%25#e--f"
    assert encode_verbatim(address) == decode_verbatim(address) == address
    assert decode_verbatim(r"10.1/a\_b{\_}c{\textless}d") == "10.1/a_b_c<d"


@given(TEXTS)
@example("---'''```?``")
def test_what_is_encoded_is_decoded_to_the_same(text: str) -> None:
    """Any text comes back, and its braces are balanced for every reader."""
    assert decode(encode(text)) == text
    assert encode(text).count("{") == encode(text).count("}")
    assert decode_verbatim(encode_verbatim(text)) == text


@given(st.text(st.one_of(SIGNS.map(lambda sign: sign[0]), st.characters())))
def test_decoding_never_fails(text: str) -> None:
    """Whatever stands in a file, decoding returns one line."""
    assert "\n" not in decode(text)
    assert "\n" not in decode_verbatim(text)
