"""The rules by which several records become one view."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import merging
from litreview.citation import Author, Citation, parse_authors
from litreview.corrections import EDITABLE
from litreview.merging import Choice, Member, merge

PREPRINT_DOI = "10.48550/arxiv.2101.00001"


def member(number: int, *edited: str, **told: Any) -> Member:
    """Make a record; authors may be written in one line."""
    if isinstance(told.get("authors"), str):
        told["authors"] = parse_authors(told["authors"])
    fields = {"source": "file", "source_id": str(number), "title": "", **told}
    return Member(number, Citation(**fields), frozenset(edited))


def chosen(name: str, *members: Member) -> Choice:
    """Return what is chosen for one field."""
    return merge(members).choices[name]


def names(count: int, given: str = "A") -> tuple[Author, ...]:
    """Make so many authors."""
    return tuple(Author(f"Family{number}", given) for number in range(count))


TWO: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # field, the loser (record 1), the winner (record 2), the reason
    ("title", {"title": "TRUST IN SCHOOLS"}, {"title": "Trust in schools"},
     "not all in capitals"),
    ("title", {"title": "Trust in schools"}, {"title": "Trust in schools: a review"},
     "with its subtitle"),
    ("title", {"title": "#NAME?"}, {"title": "Trust"}, "no letters lost"),
    ("title", {"title": "Ecole trouvÃ©e"}, {"title": "Ecole trouvée"},
     "no letters lost"),
    ("title", {"title": "Trust in schools and ..."}, {"title": "Trust in schools"},
     "not cut off"),
    ("title", {"title": "Trust in schools [see comments]"},
     {"title": "Trust in schools"}, "nothing added by a database"),
    ("title", {"title": "Trust, first try", "type": "posted-content"},
     {"title": "Trust at last"}, "the published version"),
    ("authors", {"authors": names(100)}, {"authors": names(140)},
     "the longest list of authors"),
    ("authors", {"authors": names(60)}, {"authors": names(100)},
     "the longest list of authors"),
    ("authors", {"authors": "Bryk, A.; et al."}, {"authors": "Bryk, A.; Lee, V."},
     "the longest list of authors"),
    ("authors", {"authors": names(2, "A.")}, {"authors": names(2, "Ann")},
     "the fullest names"),
    ("year", {"year": 2019}, {"year": 2020, "volume": "4"},
     "in a volume, not ahead of print"),
    ("year", {"year": 2019}, {"year": 2020, "source": "crossref"}, "from Crossref"),
    ("pages", {"pages": "01-Aug"}, {"pages": "1-8"}, "page numbers that can be read"),
    ("pages", {"pages": "65"}, {"pages": "65-92"}, "the first and the last page"),
    ("pages", {"pages": "1-18", "source": "crossref"},
     {"pages": "65-82", "volume": "3"}, "in a volume, not ahead of print"),
    ("volume", {"volume": "3"}, {"volume": "4", "source": "crossref"},
     "from Crossref"),
    ("doi", {"doi": PREPRINT_DOI, "source": "crossref"}, {"doi": "10.1/article"},
     "the published version"),
    ("doi", {"doi": "10.1/joms.2019.56.issue-4", "source": "crossref"},
     {"doi": "10.1/joms.1"}, "the text's own, not its issue's or a part's"),
    ("doi", {"doi": "10.1/joms.1.s001", "source": "crossref"}, {"doi": "10.1/joms.1"},
     "the text's own, not its issue's or a part's"),
    ("abstract", {"abstract": "word " * 1501}, {"abstract": "It works."},
     "no more than 1500 words"),
    ("abstract", {"abstract": "It works, since many " * 9 + "..."},
     {"abstract": "It works."}, "not cut off"),
    ("abstract", {"abstract": "It works."}, {"abstract": "It works, and well."},
     "the longest"),
    ("abstract", {"abstract": "it works"},
     {"abstract": "It works.", "source": "openalex"}, "from OpenAlex"),
    ("container_title", {"container_title": "Am. J. Educ."},
     {"container_title": "American Journal of Education"}, "the longest"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "loser", "winner", "reason"), TWO)
def test_each_rule_prefers_the_better_value_and_says_why(
    field: str, loser: dict[str, Any], winner: dict[str, Any], reason: str
) -> None:
    """The later record wins by its value alone, though ties go to the first."""
    choice = chosen(field, member(1, **loser), member(2, **winner))
    assert choice == Choice(winner_value(field, winner), 2, (reason,))


def winner_value(field: str, told: dict[str, Any]) -> object:
    """Return a told value as a citation holds it."""
    return getattr(member(0, **told).citation, field)


@pytest.mark.parametrize("field", sorted(set(EDITABLE) - {"authors", "retracted"}))
def test_a_persons_correction_beats_every_payload(field: str) -> None:
    """Whatever else speaks for the other, what a person wrote is shown."""
    other: dict[str, Any] = {"source": "crossref", "volume": "4", "pages": "1-20"}
    values: tuple[Any, Any] = (1999, 2020) if field == "year" else ("own", "Another")
    mine = member(
        9, field, **{field: values[0], "genre": "preprint"} | {field: values[0]}
    )
    theirs = member(1, **{**other, field: values[1]})
    choice = chosen(field, theirs, mine)
    assert (choice.value, choice.record_id) == (values[0], 9)
    assert choice.reasons == ("a person's correction",)


def test_a_person_may_say_that_a_text_is_not_retracted() -> None:
    """Any record's retraction shows, unless a person denied it."""
    says, silent = member(1, retracted=True), member(2)
    assert chosen("retracted", says, silent).value is True
    assert "retracted" not in merge([silent]).choices
    denied = member(3, "retracted", retracted=False)
    assert chosen("retracted", says, denied).text == "no"


def test_a_date_goes_with_the_year_that_was_chosen() -> None:
    """A more exact date of another year is not mixed in."""
    online = member(1, year=2019, published="2019-11-05")
    print_ = member(2, year=2020, published="2020", volume="4")
    view = merge([online, print_])
    assert view.choices["year"].value == 2020
    assert view.choices["published"].value == "2020"


def test_a_tie_goes_to_the_oldest_record() -> None:
    """Without a rule to tell them apart the smallest id wins, and it is said."""
    choice = chosen("language", member(7, language="de"), member(3, language="en"))
    assert choice == Choice("en", 3, (merging.OLDEST,))


def test_one_teller_and_agreement_are_said() -> None:
    """Where nothing was chosen between, the reason tells that."""
    one, other = member(1, year=2000, issue="2"), member(2, year=2000)
    assert chosen("year", one, other).reasons == (merging.ALIKE,)
    assert chosen("issue", one, other).reasons == (merging.ONLY,)


def test_an_abstract_that_is_a_text_is_flagged() -> None:
    """Where nothing shorter is there the long one is shown, and flagged."""
    long = member(1, abstract="word " * 2000)
    assert merge([long]).flags == (merging.LONG_ABSTRACT,)
    assert merge([long, member(2, abstract="It works.")]).flags == ()


texts = st.sampled_from(
    ["", "Trust", "TRUST", "Trust: a review", "#NAME?", "Trust ...", "10.1/x",
     "10.1/x.s1", PREPRINT_DOI, "1-20", "01-Aug", "preprint", "crossref"]
)  # fmt: skip
citations = st.builds(
    Citation,
    source=st.sampled_from(["crossref", "openalex", ""]),
    source_id=st.just("x"),
    **{
        name: texts for name in EDITABLE if name not in ("authors", "year", "retracted")
    },
    authors=st.sampled_from([(), names(1), names(3), (Author("", literal="et al"),)]),
    year=st.sampled_from([None, 2019, 2020]),
    retracted=st.booleans(),
)
members = st.lists(
    st.tuples(citations, st.frozensets(st.sampled_from(EDITABLE))),
    min_size=1,
    max_size=4,
)


@given(members, st.randoms())
def test_nothing_told_is_lost_and_the_order_does_not_matter(
    told: list[tuple[Citation, frozenset[str]]], chance: Any
) -> None:
    """A field that any record tells has a value, which that record really tells."""
    every = [Member(number, *one) for number, one in enumerate(told, start=1)]
    view = merge(every)
    for name in EDITABLE:
        says = {m.record_id: getattr(m.citation, name) for m in every}
        if any(says.values()):
            choice = view.choices[name]
            assert choice.value == says[choice.record_id]
            assert choice.reasons
    mixed = list(every)
    chance.shuffle(mixed)
    assert merge(mixed) == view
