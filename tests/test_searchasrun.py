"""The items on what was asked: strategies as run, limits, updates and dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from searching import ALONE, STRATEGY, Archive
from sqlalchemy.orm import Session

from litreview import searchlog
from litreview.document import Document, to_markdown
from litreview.prisma_s import Item
from litreview.searchasrun import as_run, called, day, minute
from litreview.vocabulary import RunStatus


def told(session: Session, place: int) -> str:
    """Return one of the items as Markdown."""
    item: Item = as_run(searchlog.read(session))[place]
    return to_markdown(Document("T", tuple(item.written())))


def test_moments_are_utc() -> None:
    """Days and minutes are told in UTC, whatever the zone of the moment."""
    at = datetime.fromisoformat("2026-03-05T00:30:59+02:00")
    assert (day(at), minute(at)) == ("2026-03-04", "2026-03-04 22:30")
    assert day(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02"


def test_each_version_of_a_strategy_is_told(session: Session) -> None:
    """A strategy that was changed and run again stands there twice, as it was."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], text=ALONE, params={"filter": "old"})
    archive.search("one", "openalex", ["W1"], params={"filter": "new"})
    item = told(session, 8)
    assert item.count("### one: Trust in schools") == 2
    assert item.index("filter=old") < item.index("filter=new")


def test_an_expression_is_told_with_its_reason(session: Session) -> None:
    """Where an expression replaced the concepts, that is said."""
    text = ALONE.replace(
        "openalex:\n", "openalex:\n  expression: {text: a NOT b, why: No b.}\n"
    )
    Archive(session).search("one", "openalex", ["W1"], text=text)
    assert "an expression in place of the concepts, because: No b." in told(session, 8)


def test_a_search_without_a_page_says_so(session: Session) -> None:
    """A run that never got an answer has no address, and that is flagged."""
    Archive(session).search(
        "one", "openalex", [], url="", status=RunStatus.RUNNING, expected=None
    )
    assert "**Attention:** No page of this search is on record" in told(session, 8)


def test_imported_files_leave_gaps(session: Session) -> None:
    """Neither the strategy nor the day of a search elsewhere is in a file."""
    archive = Archive(session)
    archive.file("ERIC", ["e1"])
    found = as_run(searchlog.read(session))
    assert found[8].state == "not reported"
    assert "The strategies behind ERIC are not on record" in told(session, 8)
    assert found[13].state == "reported with gaps"
    assert "| ERIC | imported from a file | 2026-03-04 | 2026-03-04 | 1 |" in told(
        session, 13
    )


@pytest.mark.parametrize(
    ("languages", "words"),
    [
        ("{only: [en, de], why: w}", "| Languages | en, de | w"),
        ("{any: true, why: w}", "| Languages | any | w |"),
        ("{only: [en], or_unknown: true, why: w}", "en, or not known to the source"),
    ],
)
def test_languages_are_told_as_searched(
    session: Session, languages: str, words: str
) -> None:
    """Any language, some, or some and those that the source does not know."""
    text = ALONE.replace("{only: [en], why: We read English.}", languages)
    Archive(session).search("one", "openalex", ["W1"], text=text)
    assert words in told(session, 9)


def test_a_ranking_that_was_not_cut_says_so(session: Session) -> None:
    """Where everything that was ranked is kept, no rank and no score cut it off."""
    Archive(session).search(
        "one", "crossref", ["c1"], reported=7, expected=7, request={"keep": 20}
    )
    assert "| one | 7 | 20 | not reached | \u2013 |" in told(session, 9)


def test_a_run_that_was_limited_is_flagged(session: Session) -> None:
    """What --limit cut off is a limit of the search, and is no ranking."""
    Archive(session).search(
        "one", "crossref", ["c1"], reported=90, request={"keep": 1, "limit": 1}
    )
    item = told(session, 9)
    assert "cut short on purpose by --limit" in item
    assert "run 1 (one, Crossref): the first 1" in item
    assert "Cut off after rank" not in item


def test_a_limited_run_did_not_ask_for_everything(session: Session) -> None:
    """Among the runs of a search, one under --limit says so."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1", "W2"], reported=2)
    archive.search("one", "openalex", ["W1"], reported=2, request={"limit": 1})
    item = told(session, 12)
    assert "| 1 | 2026-03-04 | everything | 2 |" in item
    assert "| 2 | 2026-03-04 | everything, the first 1 of it | 1 |" in item


def test_a_reworded_search_is_told(session: Session) -> None:
    """Numbers of two runs that asked otherwise cannot be compared without a word."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], text=STRATEGY, params={"filter": "a"})
    archive.search("one", "openalex", ["W2"], text=ALONE, params={"filter": "b"})
    item = told(session, 12)
    assert "the query itself was changed" in item
    assert "run 2, one, OpenAlex" in item


def test_dates_are_the_first_and_the_last(session: Session) -> None:
    """Each source has its first and last day, each search its beginning and end."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"])
    archive.clock = datetime(2026, 9, 9, 8, 0, tzinfo=UTC)
    archive.search("one", "openalex", ["W1"], finished_at=None)
    item = told(session, 13)
    assert "| OpenAlex | searched | 2026-03-04 | 2026-09-09 | 2 |" in item
    assert "| 1 | one | OpenAlex | 2026-03-04 06:06 | 2026-03-04 06:07 | 1 |" in item
    assert "| 2026-09-09 09:00 | not ended |" in item


def test_a_run_is_called_by_what_it_was(session: Session) -> None:
    """By its query, its seed or its file, and its source."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"])
    archive.cite("W1", "forward", ["W2"])
    archive.file("ERIC", ["e1"])
    assert [called(run) for run in searchlog.read(session).runs] == [
        "run 1 (one, OpenAlex)",
        "run 2 (W1, OpenAlex)",
        "run 3 (ERIC.csv, ERIC)",
    ]
