"""The items on where and how was searched: what is on record, and what is not."""

from __future__ import annotations

from searching import SAID, STRATEGY, Archive, everything
from sqlalchemy.orm import Session

from litreview import searchlog
from litreview.document import Document, to_markdown
from litreview.prisma_s import Item
from litreview.searched import Log
from litreview.searchmethods import methods, number, people_said, silent
from litreview.vocabulary import Found


def told(item: Item) -> str:
    """Return an item as Markdown."""
    return to_markdown(Document("T", tuple(item.written())))


def made(session: Session) -> Log:
    """Return the log of two queries; `one` says something of its peer review."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], text=STRATEGY + SAID)
    archive.search("two", "crossref", ["c1"], url="http://127.0.0.1:8/crossref/works")
    return searchlog.read(session)


def test_items_have_their_numbers(session: Session) -> None:
    """The items told here are 1 to 7, 10, 11 and 14."""
    assert sorted(methods(searchlog.read(session))) == [*range(1, 8), 10, 11, 14]


def test_the_same_words_are_told_once(session: Session) -> None:
    """Queries that say the same are named together, or all at once."""
    archive = Archive(session)
    for name in ("one", "two"):
        archive.search(name, "openalex", ["W1"], text=STRATEGY + SAID)
    log = searchlog.read(session)
    assert len(people_said(log, "peer_review")) == 1
    assert "All queries: Two librarians" in told(methods(log)[14])
    assert silent(log, "peer_review") == []
    assert silent(log, "contacts") == ["one", "two"]


def test_words_of_some_queries_leave_a_gap(session: Session) -> None:
    """Where one query tells and another does not, the other is named."""
    item = methods(made(session))[14]
    assert item.state == "reported with gaps"
    assert "one: Two librarians reviewed it (PRESS)." in told(item)
    assert "Nothing is said of two: write `prisma_s: peer_review`" in told(item)


def test_what_is_of_the_review_is_told_once(session: Session) -> None:
    """Whom one asked is told of the review: one file that says it is enough."""
    archive = Archive(session)
    said = STRATEGY + "prisma_s: {contacts: Nobody was asked.}\n"
    archive.search("one", "openalex", ["W1"], text=said)
    archive.search("two", "openalex", ["W1"])
    item = methods(searchlog.read(session))[6]
    assert item.state == "reported"
    assert "one: Nobody was asked." in told(item)


def test_a_service_asked_elsewhere_is_told(session: Session) -> None:
    """Only the service that was not asked at its public address is named."""
    item = told(methods(made(session))[1])
    assert "Crossref was not asked at its public address but at http://127.0.0.1:8" in (
        item
    )
    assert "OpenAlex was not asked" not in item


def test_files_leave_open_what_they_do_not_tell(session: Session) -> None:
    """A file does not say what platform it came from, unless people do."""
    archive = Archive(session)
    archive.file("ERIC", ["e1"])
    log = searchlog.read(session)
    assert methods(log)[2].state == "reported with gaps"
    archive.search(
        "one",
        "openalex",
        ["W1"],
        text=STRATEGY + "prisma_s: {other_methods: ERIC by ProQuest.}\n",
    )
    log = searchlog.read(session)
    assert methods(log)[2].state == "reported"
    assert "see item 7" in told(methods(log)[2])


def test_what_is_on_record_reports_an_item_by_itself(session: Session) -> None:
    """Registers, finds and citations need no words of people."""
    everything(session)
    found = methods(searchlog.read(session))
    assert [found[place].state for place in (1, 3, 4, 5)] == ["reported"] * 4


def test_nothing_is_made_up(session: Session) -> None:
    """Without runs every item is missing and says what to do."""
    for item in methods(searchlog.read(session)).values():
        assert item.state == "not reported"
        assert len(item.gaps) == 1
        assert "`" in told(item)


def test_seeds_that_look_alike_stay_apart(session: Session) -> None:
    """W1 inside W12 is another work: templates and counts tell them apart."""
    archive = Archive(session)
    archive.cite("W1", "forward", ["W5"])
    archive.cite("W12", "forward", ["W5", "W6"])
    item = told(methods(searchlog.read(session))[5])
    assert item.count("filter=cites:SEED\n") == 1
    assert "SEED2" not in item
    assert "| 1 | forward | 2 | 2 of 2 | 3 | 3 | 2 |" in item


def test_finds_by_citation_are_no_browsing(session: Session) -> None:
    """A find that followed a reference stands under citation searching only."""
    Archive(session).find("m1", Found.CITATION)
    found = methods(searchlog.read(session))
    assert found[4].state == "not reported"
    assert "m1" in told(found[5])


def test_a_team_can_say_that_it_followed_no_citations(session: Session) -> None:
    """Without a citation search the words of people report the item, not before."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"])
    item = methods(searchlog.read(session))[5]
    assert item.state == "not reported"
    assert "`prisma_s: citation_searching` in `queries/one.yaml`" in told(item)
    said = "prisma_s: {citation_searching: No citations were followed.}\n"
    archive.search("two", "openalex", ["W1"], text=STRATEGY + said)
    item = methods(searchlog.read(session))[5]
    assert item.state == "reported"
    assert "two: No citations were followed." in told(item)


def test_unknown_counts_are_told_in_words() -> None:
    """A count that nobody knows is no zero."""
    assert [number(None), number(0), number(12345)] == ["not known", "0", "12,345"]
