"""The items on what was found, and the tables of the overlaps."""

from __future__ import annotations

import re

from making import Maker
from searching import Archive, everything
from sqlalchemy.orm import Session

from litreview import searchlog
from litreview.document import Block, Document, to_markdown
from litreview.errors import ServiceError
from litreview.models import DedupeRun
from litreview.searchcounts import COMBINATIONS, counts, incomplete, overlaps, panels
from litreview.vocabulary import PairVerdict, RunStatus


def written(*blocks: Block) -> str:
    """Return blocks as Markdown."""
    return to_markdown(Document("T", blocks))


def test_sources_add_up_to_all_records(session: Session) -> None:
    """Each source has its row, other methods one each, and the last is the sum."""
    everything(session)
    log = searchlog.read(session)
    item = written(*counts(log)[15].written())
    rows = dict(
        re.findall(r"^\| ([\w ]+) \| [a-z ]*\| ([\d,]+) \|$", item, re.MULTILINE)
    )
    assert rows.pop("All records") == str(log.records) == "16"
    assert rows == {
        "Crossref": "2",
        "ERIC": "2",
        "OpenAlex": "5",
        "ISRCTN": "1",
        "Websites": "1",
        "Organisations": "1",
        "Citation searching": "4",
    }


def test_a_run_that_never_got_a_page_is_told(session: Session) -> None:
    """Without a total nothing is claimed of a size."""
    archive = Archive(session)
    archive.search("one", "openalex", [], status=RunStatus.RUNNING, expected=None)
    archive.search("one", "openalex", ["W1"])
    ((words, *_rest),) = incomplete(searchlog.read(session))
    assert words == (
        "Run 1 (one, OpenAlex) is INCOMPLETE: no page of it came, so nothing is known "
        "of its size."
    )


def test_advice_that_was_given_then_is_not_told(session: Session) -> None:
    """A reader learns what went wrong and why, not what the team was to do."""
    error = ServiceError("No answer.", why="The line is dead.", fix="check the line.")
    Archive(session).search(
        "one", "openalex", ["W1"], status=RunStatus.INCOMPLETE, problem=str(error)
    )
    ((words, *_rest),) = incomplete(searchlog.read(session))
    assert str(words).endswith("are stored. No answer. The line is dead.")


def test_passes_with_and_without_a_threshold(session: Session) -> None:
    """Each pass is told with its moment, records, threshold and version."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"])
    for threshold in (None, 0.95):
        said = {"threshold": threshold, "version": "9.9"}
        row = DedupeRun(parameters=said, records=1, at=archive.clock)
        session.add(row)
    session.flush()
    item = counts(searchlog.read(session))[16]
    told = written(*item.written())
    assert item.state == "reported"
    assert "| 2026-03-04 06:06 | 1 | the default | 9.9 |" in told
    assert "| 2026-03-04 06:06 | 1 | 0.95 | 9.9 |" in told


def test_peoples_verdicts_alone_report_the_item(session: Session, make: Maker) -> None:
    """Without a pass of the program, what people decided is told all the same."""
    a, b = make.records(2)
    make.pair(a, b, PairVerdict.DIFFERENT, make.person("ann"))
    told = written(*counts(searchlog.read(session))[16].written())
    assert "| people | different | 1 |" in told
    assert "Fellegi" not in told


def test_overlap_tables_add_up(session: Session) -> None:
    """However many combinations there are, a table's rows are its last row's sum."""
    archive = Archive(session)
    for number in range(1, 64):
        for place in range(6):
            if number >> place & 1:
                archive.search(f"q{place}", "openalex", [f"W{number}"])
    told = written(*overlaps(searchlog.read(session)))
    rows = re.findall(
        r"^\| ([^|]+) \| (\d+) \|$", told.split("by exactly")[-1], re.MULTILINE
    )
    assert len(rows) == COMBINATIONS + 2
    assert rows[-2] == ("38 further combinations", "38")
    assert rows[-1] == ("All", "63")
    assert sum(int(number) for _names, number in rows[:-1]) == 63


def test_the_picture_has_both_overlaps(session: Session) -> None:
    """Sources and queries are drawn as they are told in the tables."""
    everything(session)
    log = searchlog.read(session)
    assert [panel.overlap for panel in panels(log)] == [log.by_source, log.by_query]
    assert "search-overlap.svg" in written(*overlaps(log))
