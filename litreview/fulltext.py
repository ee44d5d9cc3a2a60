"""Full texts: sought, retrieved, or not to be had.

The newest word on a record counts, and a report is retrieved if any of its records
is. A text that could not be had is its own PRISMA box and never a reason to
exclude. Files that people have collected are matched to their reports by what they
are called, or by a list; where two answers are possible none is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, state
from litreview.errors import LitreviewError, NotEligibleError
from litreview.filenames import Named, doi_key
from litreview.models import FulltextEvent, Person, Record
from litreview.vocabulary import Retrieval, Role, Stage

# Who may say what became of a full text.
HANDLERS = (Role.SCREENER, Role.ARBITER, Role.CODER)


@dataclass(frozen=True)
class Wanted:
    """A report that passed title and abstract, and what became of its full text."""

    record_id: int
    title: str
    year: int | None
    doi: str
    url: str
    status: str


def set_status(
    session: Session, record_id: int, *, status: str, location: str, by: Person
) -> FulltextEvent:
    """Record what became of a report's full text; `location` is a path or address.

    Raises `NotEligibleError` for a report that title and abstract did not include,
    and `LitreviewError` for one whose full text has votes already and would be said
    not to be retrieved.
    """
    lookup.require(by, *HANDLERS)
    lookup.record(session, record_id)
    cluster = state.lock_clusters(session, [record_id]).pop()
    if cluster not in state.eligible(session, Stage.FULL_TEXT, [cluster]):
        raise NotEligibleError(
            f"record {record_id} is not at full text",
            why="it is not included on title and abstract (yet, or any more)",
            fix="`litreview screen conflicts` and `litreview screen progress` show "
            "what is open",
        )
    voted = state.votes(session, Stage.FULL_TEXT, [cluster])
    if status != Retrieval.RETRIEVED and voted.get(cluster):
        raise LitreviewError(
            f"the full text of record {record_id} has been judged already",
            why=f"somebody voted on it, so it cannot be {status}",
            fix="the votes are taken back first: `litreview screen withdraw`",
        )
    event = FulltextEvent(
        record_id=record_id, status=status, location=location, person_id=by.id
    )
    session.add(event)
    session.flush()
    return event


def wanted(session: Session, *, status: str | None = None) -> list[Wanted]:
    """Return the reports at full text, by id; `status` narrows.

    A report without any word has the status ``not_yet_sought``.
    """
    clusters = state.eligible(session, Stage.FULL_TEXT)
    found = state.retrievals(session)
    rows = []
    for record in session.scalars(select(Record).order_by(Record.id)):
        if record.id not in clusters:
            continue
        word = found.get(record.id, "not_yet_sought")
        if status in (None, word):
            rows.append(
                Wanted(
                    record.id, record.title, record.year, record.doi, record.url, word
                )
            )
    return rows


# -- files that were collected ---------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A file or address that may be a report's full text.

    `shown` is how the person knows it, `location` what is stored.
    """

    shown: str
    location: str
    named: Named


@dataclass
class Filed:
    """What came of collected texts: shown -> record id, and shown -> why not."""

    stored: dict[str, int] = field(default_factory=dict)
    already_there: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def import_texts(session: Session, texts: Sequence[Text], *, by: Person) -> Filed:
    """Record these texts as retrieved, each for its report; tell what was left out.

    A text that names no report at full text, or could be of two, is left out, and so
    are two texts of one report. One whose location is recorded already is not again.
    """
    lookup.require(by, *HANDLERS)
    told = Filed()
    keys = _doi_keys(session)
    of: dict[int, list[Text]] = defaultdict(list)
    for text in texts:
        found = _reports(session, text.named, keys)
        if len(found) == 1:
            of[found.pop()].append(text)
        elif found:
            several = ", ".join(map(str, sorted(found)))
            told.left_out[text.shown] = f"it could be any of the records {several}"
        else:
            told.left_out[text.shown] = _unknown(text.named)
    wanted = state.eligible(session, Stage.FULL_TEXT, of)
    for cluster, mine in of.items():
        if cluster not in wanted:
            why = f"record {cluster} is not included on title and abstract"
            told.left_out |= {text.shown: why for text in mine}
        elif len({text.location for text in mine}) > 1:
            why = f"there are several files of record {cluster}; name one in a list"
            told.left_out |= {text.shown: why for text in mine}
        else:
            _file(session, cluster, mine[0], told, by)
    return told


def _file(session: Session, cluster: int, text: Text, told: Filed, by: Person) -> None:
    query = (
        select(FulltextEvent)
        .join(Record, Record.id == FulltextEvent.record_id)
        .where(Record.cluster_id == cluster)
        .order_by(FulltextEvent.id.desc())
        .limit(1)
    )
    newest = session.scalar(query)
    stored = newest and (newest.status, newest.location)
    if stored == (Retrieval.RETRIEVED, text.location):
        told.already_there[text.shown] = cluster
        return
    set_status(
        session, cluster, status=Retrieval.RETRIEVED, location=text.location, by=by
    )
    told.stored[text.shown] = cluster


def _doi_keys(session: Session) -> dict[str, set[int]]:
    """Return DOI's key -> the clusters that have such a DOI."""
    found: dict[str, set[int]] = defaultdict(set)
    query = select(Record.doi, Record.cluster_id).where(Record.doi != "")
    for doi, cluster in session.execute(query):
        found[doi_key(doi)].add(cluster)
    return found


def _reports(session: Session, named: Named, keys: dict[str, set[int]]) -> set[int]:
    if named.record_id is not None:
        row = session.get(Record, named.record_id)
        return set() if row is None else {row.cluster_id}
    return set(keys.get(named.doi_key, ()))


def _unknown(named: Named) -> str:
    if named.record_id is not None:
        return f"there is no record {named.record_id}"
    if named.doi_key:
        return "no record has this DOI"
    return "its name holds neither a DOI nor a record id"


def may_handle(session: Session, handle: str) -> Person:
    """Return a person who may record full texts."""
    return lookup.actor(session, handle, roles=HANDLERS)
