"""Rankings come back as diamonds or as plain ranks, whole or not at all."""

from __future__ import annotations

import pytest
from coded import Coded, begin
from making import Maker
from rated import diamond, sheet
from sqlalchemy.orm import Session

from litreview import rankfile, ratings
from litreview.errors import LitreviewError
from litreview.ratingsheet import Said, Taken

NINE = [f"nine.c{number}" for number in range(1, 10)]
BOOK = "title: Nine\nversion: '1'\ngroups: [{id: nine, label: Nine}]\nconstructs:\n" + (
    "".join(
        f"  - {{id: {name}, label: Card {name[-1]}, group: nine, level: school,\n"
        "     cmo_role: context, definition: A card., sources: []}\n"
        for name in NINE
    )
)
TABLE = Said(rater="Table 1", panel="staff")


@pytest.fixture
def review(session: Session, make: Maker) -> Coded:
    """Return a review whose codebook has nine constructs more."""
    made = begin(session, make)
    make.codebook(BOOK, "nine")
    return made


def take(
    review: Coded,
    rows: list[dict[str, object]],
    said: Said = TABLE,
    *,
    name: str = "a file",
) -> Taken:
    """Bring a ranking in."""
    return rankfile.take_ranks(review.session, sheet(rows, name), said=said, by="ann")


def means(review: Coded) -> dict[str, float]:
    """Return construct -> mean rank."""
    return {name: rank.mean for name, rank in ratings.ranks(review.session).items()}


def test_a_diamond_gives_each_row_its_mean_rank(review: Coded) -> None:
    """Rows of 1, 2, 3, 2, 1 are the ranks 1, 2.5, 5, 7.5 and 9."""
    assert take(review, diamond(*NINE)).stored == 9
    found = list(means(review).values())
    assert found == [1, 2.5, 2.5, 5, 5, 5, 7.5, 7.5, 9]


def test_a_label_names_its_construct_too(review: Coded) -> None:
    """Cards carry labels; capitals do not matter."""
    labels = [f"CARD {number}" for number in range(1, 10)]
    assert take(review, diamond(*labels)).stored == 9
    assert sorted(means(review)) == NINE


# What a diamond may have wrong (place -> another row, or none), and what is then said.
PROBLEMS: list[tuple[dict[int, dict[str, object] | None], str]] = [
    ({8: None}, "a diamond nine has nine constructs, here are 8"),
    ({8: None}, "row 5 of the diamond takes 1, not 0"),
    ({1: {"construct": NINE[1], "row": 1}}, "row 1 of the diamond takes 1, not 2"),
    ({8: {"construct": NINE[8], "row": 6}}, "a diamond nine has no row 6"),
    ({3: {"construct": NINE[2], "row": 3}}, "nine.c3 is there twice"),
    ({0: {"construct": "nine.cx", "row": 1}}, "there is no construct 'nine.cx'"),
    ({0: {"construct": "", "row": 1}}, "construct: is empty"),
    ({0: {"construct": NINE[0], "row": ""}}, "the whole number is empty"),
    ({0: {"construct": NINE[0], "row": "top"}}, "'top' is no whole number"),
]


def test_what_is_no_diamond_is_refused(review: Coded) -> None:
    """The reason is told, and nothing is stored."""
    for change, said in PROBLEMS:
        rows = diamond(*NINE)
        for place, row in change.items():
            rows[place : place + 1] = [] if row is None else [row]
        with pytest.raises(LitreviewError, match="nothing of it was stored") as error:
            take(review, rows)
        assert said in error.value.why
    assert means(review) == {}


def test_plain_ranks_may_be_shared(review: Coded) -> None:
    """Who share a place have its first rank, and count with the mean of the place."""
    rows: list[dict[str, object]] = [
        {"construct": name, "rank": rank}
        for name, rank in zip(NINE[:4], [1, 2, 2, 4], strict=True)
    ]
    assert take(review, rows).stored == 4
    assert list(means(review).values()) == [1, 2.5, 2.5, 4]


def test_plain_ranks_run_from_one(review: Coded) -> None:
    """A gap or a wrong tie is told."""
    cases = [
        ([1, 2, 2, 3], "rank 3 cannot be: 3 constructs come before it, so it is 4"),
        ([2, 3], "rank 2 cannot be: 0 constructs come before it"),
        ([0, 1], "rank 0 cannot be"),
        ([1], "a ranking has two constructs or more"),
    ]
    for ranks, said in cases:
        rows: list[dict[str, object]] = [
            {"construct": name, "rank": rank}
            for name, rank in zip(NINE, ranks, strict=False)
        ]
        with pytest.raises(LitreviewError, match="nothing of it") as error:
            take(review, rows)
        assert said in error.value.why


def test_a_file_is_one_persons_ranking(review: Coded) -> None:
    """Two raters, two kinds of place, or nobody at all are refused."""
    rows = diamond(*NINE)
    two = [row | {"rater": f"Table {n // 5}"} for n, row in enumerate(rows)]
    with pytest.raises(LitreviewError, match="nothing of it") as error:
        take(review, two, Said(panel="staff"))
    assert "one file is one rater's ranking" in error.value.why
    with pytest.raises(LitreviewError, match="a column row and a column rank"):
        take(review, [row | {"rank": 1} for row in rows])
    with pytest.raises(LitreviewError, match="nothing of it") as error:
        take(review, rows, Said())
    assert "give --rater NAME" in error.value.why


def test_twice_without_harm_and_replaced_whole(review: Coded) -> None:
    """A later ranking replaces the one before, an old file does not come back."""
    rows = diamond(*NINE)
    take(review, rows)
    assert take(review, rows).already == 9
    assert take(review, rows, name="saved again").stored == 0
    few: list[dict[str, object]] = [
        {"construct": NINE[1], "rank": 1},
        {"construct": NINE[0], "rank": 2},
    ]
    assert take(review, few, name="later").stored == 2
    assert means(review) == {NINE[1]: 1, NINE[0]: 2}
    assert take(review, rows).stored == 0
    assert means(review) == {NINE[1]: 1, NINE[0]: 2}


def test_ranks_merge_over_raters_and_panels(review: Coded) -> None:
    """Mean and spread by hand; one rater has no spread; a panel can be asked for."""
    take(review, diamond(*NINE))
    take(review, diamond(*reversed(NINE)), Said("Expert A", "expert"), name="other")
    found = ratings.ranks(review.session)
    assert found[NINE[0]].mean == 5
    assert found[NINE[0]].spread == pytest.approx(32**0.5)
    assert (found[NINE[4]].spread, found[NINE[4]].n) == (0, 2)
    alone = ratings.ranks(review.session, panel="expert")
    assert next(iter(alone)) == NINE[8]
    assert (alone[NINE[8]].spread, alone[NINE[8]].cards) == (None, (9,))
    assert ratings.ranks(review.session, round_="7") == {}
