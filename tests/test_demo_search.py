"""What the local services' two kinds of search promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.demo.search import (
    SearchSyntaxError,
    build_index,
    build_ranking,
    find,
    parse,
    plain_words,
    rank,
    relevance,
    stem,
)

TEXTS = (
    ("Teachers and coaching", "A survey of school leaders."),
    ("Teacher development", "Professional learning in schools, and a coherent plan."),
    ("Professional", "Development of ceramics."),
    ("The school climate survey", "Teaching staff were asked. In-service training."),
)
INDEX = build_index(TEXTS)


def found(expression: str) -> set[int]:
    """Search the four texts."""
    return find(INDEX, parse(expression))


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        ("teacher", {0, 1}),
        ("teacher survey", {0}),
        ("teacher AND survey", {0}),
        ("teacher OR survey", {0, 1, 3}),
        ("survey NOT coaching", {3}),
        ("NOT teacher", {2, 3}),
        ("(teacher OR climate) AND survey", {0, 3}),
        ("teacher OR climate AND ceramics", {0, 1}),
        ('"professional learning"', {1}),
        ('"learning professional"', set()),
        ('"professional development"', set()),
        ('"school climate survey"', {3}),
        ("ceramic*", {2}),
        ('"school leaders"~5', {0}),
        ("zebra", set()),
    ],
)
def test_boolean_search_follows_the_operators(
    expression: str, numbers: set[int]
) -> None:
    """AND binds tighter than OR; a phrase stays in order and inside one field."""
    assert found(expression) == numbers


def test_lower_case_operators_are_only_words() -> None:
    """`or` in lower case is a stop word, so its neighbours are joined with AND."""
    assert found("teacher or survey") == found("teacher AND survey")
    assert found("survey not coaching") == found("survey AND coaching")


def test_stop_words_vanish_also_inside_phrases() -> None:
    """Searching in-service training finds what service training finds."""
    assert found('"in-service training"') == found('"service training"') == {3}


def test_a_search_of_stop_words_alone_finds_nothing() -> None:
    """Stop words alone match no text instead of every text."""
    assert found("the of") == set()
    assert found("teacher AND the") == found("teacher")


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("teachers", "teacher"),
        ("coaching", "coach"),
        ("studies", "study"),
        ("planned", "plan"),
        ("classes", "class"),
        ("scales", "scale"),
        ("validating", "validate"),
    ],
)
def test_light_stemming_joins_forms_of_a_word(word: str, other: str) -> None:
    """Plural, -ing and -ed forms share a stem."""
    assert stem(word) == stem(other)


@pytest.mark.parametrize("pair", [("school", "schooner"), ("climate", "climb")])
def test_light_stemming_keeps_other_words_apart(pair: tuple[str, str]) -> None:
    """Words that only begin alike keep different stems."""
    assert stem(pair[0]) != stem(pair[1])


def test_exact_index_does_not_stem() -> None:
    """An index of plain words tells teacher from teachers."""
    exact = build_index(TEXTS, plain_words)
    assert find(exact, parse("teachers", plain_words)) == {0}


@pytest.mark.parametrize(
    "expression",
    ["", "   ", "(teacher", "teacher)", '"teacher', "teacher AND", "OR teacher", "()"],
)
def test_broken_expressions_are_refused(expression: str) -> None:
    """Unbalanced marks and operators without operands are said, not guessed at."""
    with pytest.raises(SearchSyntaxError):
        parse(expression)


def test_relevance_prefers_the_rarer_match() -> None:
    """A text with a rare wanted word scores above one with a common one."""
    scores = relevance(INDEX, parse("teacher OR ceramics"))
    assert scores[2] > scores[0] > 0


def test_ranked_search_needs_one_word_and_prefers_more() -> None:
    """Every text sharing a word is found; sharing more words ranks higher."""
    ranking = build_ranking(" ".join(fields) for fields in TEXTS)
    scores = rank(ranking, "school climate of the moon")
    assert set(scores) == {0, 1, 3}
    assert max(scores, key=lambda number: scores[number]) == 3
    assert rank(ranking, "the of and") == {}
    assert rank(build_ranking([]), "school") == {}


WORDS = st.sampled_from(["teacher", "survey", "school", "zebra", '"school climate"'])


@given(WORDS, WORDS)
def test_de_morgan_holds(left: str, right: str) -> None:
    """NOT (a OR b) finds what NOT a AND NOT b finds."""
    assert found(f"NOT ({left} OR {right})") == found(f"NOT {left} AND NOT {right}")


@given(st.text(max_size=60))
def test_any_text_is_searched_or_refused(expression: str) -> None:
    """Whatever is typed, the parser answers or says that it cannot read it."""
    try:
        node = parse(expression)
    except SearchSyntaxError:
        return
    assert find(INDEX, node) <= {0, 1, 2, 3}
