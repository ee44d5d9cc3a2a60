"""A document before it is Markdown: what stands in it stays text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.document import (
    Code,
    Document,
    Heading,
    Mono,
    Part,
    Picture,
    Table,
    clean,
    clean_lines,
    points,
    say,
    to_markdown,
    warn,
)

ANY = st.text(max_size=60)


def written(*blocks: object) -> str:
    """Return the Markdown of blocks without the title above them."""
    document = Document("T", tuple(blocks))  # type: ignore[arg-type] # any block
    return to_markdown(document).removeprefix("# T\n\n")


def test_every_block_has_its_form() -> None:
    """A document of one block of each kind is the Markdown that one would write."""
    told = to_markdown(
        Document(
            "A title",
            (
                Heading("A part", 2),
                say("Words, ", Mono("a command"), "."),
                warn("Look out."),
                points("one", ("two ", Mono("x"))),
                Code("a = 1\n  b"),
                Table(("Name", "n"), (("x", "1"), (Mono("y"), "2")), frozenset({1})),
                Picture("p.svg", "A picture"),
            ),
        )
    )
    assert told == (
        "# A title\n\n## A part\n\nWords, `a command`.\n\n"
        "> **Attention:** Look out.\n\n- one\n- two `x`\n\n```text\na = 1\n  b\n```\n\n"
        "| Name | n |\n|---|---:|\n| x | 1 |\n| `y` | 2 |\n\n![A picture](p.svg)\n"
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("# no heading", r"\# no heading"),
        ("- no point", r"\- no point"),
        ("+ none", r"\+ none"),
        ("1. no number", r"1\. no number"),
        ("2) none", r"2\) none"),
        ("> no quotation", r"\> no quotation"),
        ("=== none", r"\=== none"),
        ("a *b* `c` [d](e)", r"a \*b\* \`c\` \[d\](e)"),
        ("_b_ but snake_case_word", r"\_b\_ but snake_case_word"),
        ("<script>", "&lt;script>"),
        ("&lt; & AT&T", "&amp;lt; & AT&T"),
        ("a|b \\ c", r"a\|b \\ c"),
        ("two\nlines\x00\x1b[2J", r"two lines\[2J"),
        ("3.5 of 4", "3.5 of 4"),
        ("plain words, (1) 50 % - so", "plain words, (1) 50 % - so"),
    ],
)
def test_text_is_no_markup(text: str, same: str) -> None:
    """Signs of Markdown are escaped where they would mean something, else left."""
    assert written(say(text)) == same + "\n"


def test_words_between_parts_keep_their_blanks() -> None:
    """Neither joined nor parted: blanks at the ends of a part are kept as one."""
    assert written(say("run  ", Mono("x y"), "  and", " on")) == "run `x y` and on\n"


def test_backticks_cannot_end_a_code_span_or_block() -> None:
    """A fence is longer than any run of backticks inside."""
    assert written(say(Mono("a`b"))) == "``a`b``\n"
    assert written(say(Mono("`"))) == "`` ` ``\n"
    assert written(Code("```\nx\n````")) == "`````text\n```\nx\n````\n`````\n"


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    """Bars are escaped in text and in code spans of a table."""
    table = Table(("a|b",), (("c|d",), (Mono("e|f"),)))
    assert written(table).splitlines() == [
        r"| a\|b |",
        "|---|",
        r"| c\|d |",
        r"| `e\|f` |",
    ]


def unescaped(text: str) -> str:
    """Read back what was escaped."""
    text = re.sub(r"\\([\\`*_~|\[\]#+=>.)-])", r"\1", text)
    return text.replace("&lt;", "<").replace("&amp;", "&")


@given(ANY.filter(clean))
def test_a_paragraph_says_its_text(text: str) -> None:
    """Whatever the text, escaping loses nothing of it and makes one line."""
    told = written(say(text))
    assert told.count("\n") == 1
    assert unescaped(told.rstrip("\n")) == clean(text)


@given(st.lists(st.tuples(ANY, ANY.map(Mono)), max_size=5))
def test_a_table_keeps_its_shape(rows: list[tuple[Part, Part]]) -> None:
    """Whatever stands in its cells, every row of a table has the same cells."""
    lines = written(Table(("a", "b"), tuple(rows))).splitlines()
    assert len(lines) == 2 + len(rows)
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3


@given(ANY)
def test_clean_text_fits_any_file(text: str) -> None:
    """Cleaned text has no control but the line end, and is cleaned already."""
    for made in (clean(text), clean_lines(text)):
        kinds = {unicodedata.category(sign) for sign in made if sign != "\n"}
        assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
        assert made.encode().decode() == made
    assert clean(clean(text)) == clean(text)


def test_code_keeps_its_lines_and_blanks() -> None:
    """Lines and indentation stay; only what no file can hold goes."""
    assert clean_lines("a\r\n  b\tc\rd\x00") == "a\n  b c\nd"
