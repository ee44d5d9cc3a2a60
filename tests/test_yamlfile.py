"""YAML files are read as they are written, and mistakes name their line."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview import yamlfile
from litreview.errors import InputFileError
from litreview.yamlfile import MAX_CHARACTERS, Node, parse, suggestion

FILE = "review.yaml"


def refusal(text: str) -> InputFileError:
    """Return the error that reading this text ends in."""
    with pytest.raises(InputFileError) as caught:
        parse(text, FILE)
    return caught.value


@pytest.mark.parametrize(
    "word", ["NO", "on", "1.10", "0x1F", "1e3", "2000-01-01", "012", "12:30:45"]
)
def test_scalars_stay_as_written(word: str) -> None:
    """What YAML 1.1 would turn into a boolean, number or date stays text."""
    assert parse(f"code: {word}", FILE)["code"].text() == word


@pytest.mark.parametrize("word", ["", "~", "null"])
def test_absent_values(word: str) -> None:
    """An empty value, ~ and null are absent, but quoted they are text."""
    doc = parse(f'a: {word}\nb: "{word}"', FILE)
    assert doc.mapping()["a"].is_null
    assert doc.get("a") is None
    assert "a" not in doc
    assert doc["b"].text() == word
    with pytest.raises(InputFileError, match=r"review\.yaml:1: .* found nothing"):
        doc.mapping()["a"].text()


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~\n"])
def test_an_empty_document_has_no_fields(text: str) -> None:
    """A file without content is a mapping without fields."""
    doc = parse(text, FILE)
    assert doc.mapping() == {}
    with pytest.raises(InputFileError, match=r":1: the field 'title' is missing"):
        doc.fields(required={"title"})


def test_lines_are_those_of_the_file() -> None:
    """Each value knows its line, and a field's name its own."""
    doc = parse("a: 1\n\nb:\n  - x\n  - y\nc: >\n  long\n  text\n", FILE)
    assert (doc["a"].line, doc["b"].line, doc["c"].line) == (1, 4, 6)
    assert doc["b"].key_line == 3
    assert [item.line for item in doc["b"]] == [4, 5]


def test_an_unknown_field_is_refused_at_its_name() -> None:
    """The line is the field's, though its value starts below; a hint is given."""
    doc = parse("title: x\n\nbloks:\n\n  - y\n", FILE)
    with pytest.raises(InputFileError) as caught:
        doc.fields(required={"title"}, optional={"blocks"})
    assert caught.value.line == 3
    assert str(caught.value) == (
        "review.yaml:3: unknown field 'bloks': Did you mean 'blocks'? "
        "Fix: use one of: blocks, title"
    )


def test_a_missing_field_is_refused_where_it_should_stand() -> None:
    """A missing or empty required field points at the mapping that lacks it."""
    doc = parse("people:\n  - handle: kim\n    name:\n", FILE)
    person = doc["people"].items()[0]
    with pytest.raises(InputFileError, match=r":2: the field 'name' is missing"):
        person.fields(required={"handle", "name"})
    with pytest.raises(InputFileError, match=r":2: the field 'role' is missing"):
        _ = person["role"]


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: 1\na: 2\n", 2, "the field 'a' stands twice"),
        ("Zo\u00eb: 1\nZoe\u0308: 2\n", 2, "stands twice"),
        ("a: [1\nb: 2\n", 2, "not valid YAML"),
        ("a:\n\t- x\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
        ("a: *missing\n", 1, "undefined alias"),
        ("? [a]\n: 1\n", 1, "name must be text"),
        ("a: 1\nb: \x07\n", 2, r"character U\+0007"),
        ("a: 1\nb: \ud800\n", 2, r"character U\+D800"),
        ('a: 1\nb: "\\ud800"\n', 2, "half a character"),
        ('"\\ud800": 1\n', 1, "half a character"),
        ('"\\UFFFFFFFF"', None, "not usable YAML"),
        ("&a [*a]", None, "not usable YAML"),
        ("[" * 1000, None, "not usable YAML"),
        ("x" * (MAX_CHARACTERS + 1), None, "too large"),
    ],
)
def test_broken_files_are_refused(text: str, line: int | None, part: str) -> None:
    """Each kind of broken file gives one error with its line, never a traceback."""
    error = refusal(text)
    assert error.line == line
    with pytest.raises(InputFileError, match=part):
        raise error


def test_multiplying_aliases_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file whose aliases would expand to billions of values is refused."""
    monkeypatch.setattr(yamlfile, "MAX_NODES", 20_000)
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "expand without end" in refusal("\n".join(rows)).what


def test_text_is_nfc() -> None:
    """Text is composed, so that equal words compare equal."""
    doc = parse("name: Zoe\u0308\n", FILE)
    assert doc["name"].text() == "Zo\u00eb"


def test_python_tags_build_nothing() -> None:
    """A tag that asks for a Python object is only text."""
    doc = parse("a: !!python/object/apply:os.getcwd []\n", FILE)
    assert doc["a"].plain() == []


@pytest.mark.parametrize("word", ["12", "-3", "+4", "007"])
def test_integers(word: str) -> None:
    """Whole numbers in plain digits are read."""
    assert parse(f"n: {word}", FILE)["n"].integer() == int(word)


@pytest.mark.parametrize("word", ["1_000", "1.0", "1e3", "\u0663", "9" * 5000, "x"])
def test_other_numbers_are_refused(word: str) -> None:
    """What other programs would not take for a whole number is refused."""
    with pytest.raises(InputFileError, match=r":2: expected a whole number"):
        parse(f"\nn: {word}", FILE)["n"].integer()


def test_booleans() -> None:
    """True, yes, false and no are read in any case; nothing else is."""
    doc = parse("a: [true, Yes, FALSE, no, 1]", FILE)
    *good, bad = doc["a"].items()
    assert [node.boolean() for node in good] == [True, True, False, False]
    with pytest.raises(InputFileError, match="expected true or false, found '1'"):
        bad.boolean()


def test_days() -> None:
    """A day is read from its one written form."""
    assert parse("d: 2026-06-30", FILE)["d"].day() == date(2026, 6, 30)


@pytest.mark.parametrize("word", ["20260630", "2026-W26-2", "2026-02-30", "June 2026"])
def test_other_dates_are_refused(word: str) -> None:
    """Compact, week and impossible dates are refused with the form to write."""
    with pytest.raises(InputFileError, match=r"is not a date. Fix: write YYYY-MM-DD"):
        parse(f"d: {word}", FILE)["d"].day()


def test_a_choice_is_one_of_the_words() -> None:
    """A word outside the vocabulary is refused with the nearest and all words."""
    node = parse("stage: fulltext", FILE)["stage"]
    allowed = ["title_abstract", "full_text"]
    with pytest.raises(InputFileError) as caught:
        node.choice(allowed)
    assert caught.value.why == "Did you mean 'full_text'?"
    assert caught.value.fix == "use one of: title_abstract, full_text"
    assert parse("full_text", FILE).choice(allowed) == "full_text"


def test_the_wrong_kind_is_refused() -> None:
    """A list where a mapping is needed, and the reverse, say what was found."""
    doc = parse("a: [x]\nb: {c: d}\ne: word", FILE)
    with pytest.raises(InputFileError, match=r":1: .*a mapping here, found a list"):
        doc["a"].mapping()
    with pytest.raises(InputFileError, match=r":2: .*a list here, found a mapping"):
        list(doc["b"])
    with pytest.raises(InputFileError, match=r":3: .*a list here, found a single"):
        doc["e"].texts()
    with pytest.raises(InputFileError, match=r":1: expected text here, found a list"):
        doc["a"].text()


def test_suggestions_stay_silent_about_strangers() -> None:
    """A hint is given only where a word is near."""
    assert suggestion("blocksz", ["blocks"]) == "Did you mean 'blocks'?"
    assert suggestion("zzz", ["blocks"]) == ""


printable = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    max_size=12,
).map(lambda text: unicodedata.normalize("NFC", text.replace("\ufeff", "")))
trees = st.recursive(
    st.none() | printable,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(printable, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(printable, trees, min_size=1))
def test_any_tree_survives_writing_and_reading(tree: dict[str, object]) -> None:
    """What a YAML writer wrote is read back as it was, whatever the text."""
    written = yaml.safe_dump(tree, allow_unicode=True)
    assert parse(written, FILE).plain() == tree


@given(st.text(max_size=60) | st.text(alphabet="-:?&*!|>'\"#[]{},%@\\ua\n\t ~<"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way than its own error."""
    try:
        doc = parse(text, FILE)
    except InputFileError:
        return
    assert isinstance(doc, Node)
    assert doc.line >= 1
