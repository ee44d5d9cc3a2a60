"""What storing and correcting records promise."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview.citation import Author, Citation
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError, UsageError
from litreview.models import (
    HarvestRun,
    Hit,
    RawRecord,
    Record,
    RecordAuthor,
    RecordEdit,
    SearchStrategy,
)
from litreview.records import Entry, Stored, canonical, edit, store
from litreview.vocabulary import Found, Role, RunKind

SIMS = Citation("openalex", "W1", "A Title", (Author("Sims", "Sam"),), 2021)


def run(session: Session, source: str = "openalex") -> HarvestRun:
    """Open a new run of a source."""
    strategy = session.scalar(select(SearchStrategy)) or SearchStrategy(
        name="s", sha256="0" * 64, text="title: s"
    )
    session.add(strategy)
    session.flush()
    made = HarvestRun(
        kind=RunKind.SEARCH,
        source=source,
        strategy_id=strategy.id,
        request={"source": source, "params": {"q": "x"}},
    )
    session.add(made)
    session.flush()
    return made


def entry(
    citation: Citation = SIMS,
    payload: Mapping[str, object] | None = None,
    rank: int = 1,
) -> Entry:
    """Make an entry whose payload says the title unless another is given."""
    return Entry(citation, payload or {"title": citation.title}, rank)


def only(session: Session) -> Record:
    """Return the one record there is."""
    session.expire_all()
    return session.scalars(select(Record)).one()


def number(session: Session, table: type) -> int:
    """Count the rows of a table."""
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_record_is_stored_whole(session: Session) -> None:
    """A new record has its columns, authors, payload, hit, and is its own report."""
    done = store(session, [entry(payload={"b": 1, "a": "é"}, rank=7)], run=run(session))
    found = only(session)
    raw = session.scalars(select(RawRecord)).one()
    hit = session.scalars(select(Hit)).one()
    author = session.scalars(select(RecordAuthor)).one()
    assert done == Stored(new=1, changed=0, hits=1)
    assert (found.title, found.title_key, found.year) == ("A Title", "a title", 2021)
    assert (found.authors, found.cluster_id) == ("Sims, Sam", found.id)
    assert (author.position, author.family, author.given) == (1, "Sims", "Sam")
    content = zlib.decompress(raw.payload)
    assert json.loads(content) == {"a": "é", "b": 1}
    assert (raw.version, raw.sha256) == (1, hashlib.sha256(content).hexdigest())
    assert (hit.rank, hit.run_id) == (7, raw.run_id)


def test_the_same_payload_again_adds_a_hit_and_nothing_else(session: Session) -> None:
    """A second search that finds the record gives a second hit, no second version."""
    store(session, [entry()], run=run(session))
    again = run(session)
    assert store(session, [entry()], run=again) == Stored(hits=1)
    assert store(session, [entry(rank=5)], run=again) == Stored()
    assert (number(session, Record), number(session, RawRecord)) == (1, 1)
    assert [hit.rank for hit in session.scalars(select(Hit))] == [1, 1]


def test_the_order_of_a_payloads_keys_is_no_change(session: Session) -> None:
    """Equal JSON has equal bytes, however its keys come."""
    store(session, [entry(payload={"a": 1, "b": {"c": 2, "d": 3}})], run=run(session))
    same = {"b": {"d": 3, "c": 2}, "a": 1}
    assert store(session, [entry(payload=same)], run=run(session)).changed == 0


def test_a_changed_payload_is_a_new_version_and_rebuilds_the_record(
    session: Session,
) -> None:
    """Columns and authors follow the newest payload; the old payload stays."""
    store(session, [entry()], run=run(session))
    later = Citation("openalex", "W1", "Another", (Author("Ng"), Author("Old")), 2022)
    assert store(session, [entry(later)], run=run(session)).changed == 1
    found = only(session)
    assert (found.title, found.title_key, found.year) == ("Another", "another", 2022)
    families = select(RecordAuthor.family).order_by(RecordAuthor.position)
    assert session.scalars(families).all() == ["Ng", "Old"]
    versions = select(RawRecord.version).order_by(RawRecord.version)
    assert session.scalars(versions).all() == [1, 2]


def test_a_payload_that_changes_back_is_a_third_version(session: Session) -> None:
    """The newest payload is what a new one is compared with."""
    for title in ("One", "Two", "One", "One"):
        citation = Citation("openalex", "W1", title)
        store(session, [entry(citation)], run=run(session))
    assert number(session, RawRecord) == 3
    assert only(session).title == "One"


def test_one_item_twice_in_an_answer_is_one_hit_at_its_first_rank(
    session: Session,
) -> None:
    """The first of two equal ids counts."""
    items = [entry(rank=3), entry(payload={"other": 1}, rank=4)]
    assert store(session, items, run=run(session)) == Stored(new=1, hits=1)
    assert session.scalars(select(Hit.rank)).all() == [3]


def test_one_id_in_two_files_is_two_records(session: Session) -> None:
    """An id means something only within its source and file."""
    opened = run(session, "eric")
    for scope in ("a" * 64, "b" * 64):
        store(session, [entry()], run=opened, scope=scope, found=Found.REGISTER)
    assert number(session, Record) == 2
    assert set(session.scalars(select(Record.found))) == {"register"}


def test_what_a_database_cannot_hold_is_left_out(session: Session) -> None:
    """NUL and half a surrogate pair go from columns and stay in the payload."""
    odd = Citation("openalex", "W1", "A\0B\ud800 e\u0301", (Author("Ng", "Xi\0Yo"),))
    store(session, [entry(odd, payload={"title": odd.title})], run=run(session))
    found = only(session)
    assert found.title == "AB \u00e9"
    assert found.authors == "Ng, XiYo"
    raw = session.scalars(select(RawRecord)).one()
    assert json.loads(zlib.decompress(raw.payload))["title"] == odd.title


def test_a_title_beyond_the_index_is_stored_and_its_key_cut(session: Session) -> None:
    """The title stays whole; its key is cut at 200 characters, a huge DOI dropped."""
    long = Citation("openalex", "W1", "word " * 1_000, doi="10.5555/" + "x" * 3_000)
    store(session, [entry(long)], run=run(session))
    found = only(session)
    assert (len(found.title_key), len(found.title), found.doi) == (200, 5_000, "")


# JSON has no number for infinity; it is kept as null.
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | FLOATS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_the_canonical_bytes_give_the_payload_back(payload: dict[str, object]) -> None:
    """Nothing is lost in the canonical form, and its hash is that of its bytes."""
    digest, content = canonical(payload)
    text = zlib.decompress(content)
    assert json.loads(text) == payload
    assert hashlib.sha256(text).hexdigest() == digest
    turned = dict(reversed(payload.items()))
    assert canonical(turned)[0] == digest


# -- corrections -----------------------------------------------------------------


@pytest.fixture
def sims(session: Session, make: Maker) -> Record:
    """Return a stored record, with a lead, a screener and a reader about."""
    make.team("ann")
    make.person("rita", Role.READER)
    store(session, [entry()], run=run(session))
    return only(session)


def change(
    session: Session, record: Record, field: str, value: str, by: str = "ann"
) -> None:
    """Correct one field."""
    edit(session, record.id, change=(field, value), why="print", by=by)


@pytest.mark.parametrize(
    ("field", "value", "after"),
    [
        ("year", "2019", 2019),
        ("year", "", None),
        ("title", "  A  new\ttitle ", "A new title"),
        ("doi", "https://doi.org/10.1234/ABC", "10.1234/abc"),
        ("abstract", "Line one\nline two", "Line one\nline two"),
        ("retracted", "yes", True),
        ("pages", "1-9", "1-9"),
    ],
)
def test_a_correction_changes_its_field(
    session: Session, sims: Record, field: str, value: str, after: object
) -> None:
    """The field says what the person wrote, in its stored form; the row is kept."""
    change(session, sims, field, value)
    assert getattr(only(session), field) == after
    row = session.scalars(select(RecordEdit)).one()
    assert (row.field, row.why) == (field, "print")


def test_corrected_authors_replace_the_authors(session: Session, sims: Record) -> None:
    """The line of authors and the author rows change together."""
    change(session, sims, "authors", "Ng, Nora; {Department for Education}")
    names = select(RecordAuthor.family, RecordAuthor.literal)
    rows = session.execute(names.order_by(RecordAuthor.position)).all()
    assert [tuple(row) for row in rows] == [
        ("Ng", ""),
        ("", "Department for Education"),
    ]
    assert only(session).authors == "Ng, Nora; Department for Education"


def test_corrections_outlive_later_payloads(session: Session, sims: Record) -> None:
    """A new payload changes what nobody corrected, and the last correction rules."""
    change(session, sims, "title", "First try")
    change(session, sims, "title", "Right title")
    change(session, sims, "authors", "Ng, Nora")
    later = Citation("openalex", "W1", "Wrong again", (Author("Old"),), 1999)
    store(session, [entry(later)], run=run(session))
    found = only(session)
    assert (found.title, found.title_key) == ("Right title", "right title")
    assert (found.year, found.authors) == (1999, "Ng, Nora")
    assert session.scalars(select(RecordAuthor.family)).all() == ["Ng"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("yaer", "2019", "Did you mean 'year'"),
        ("source_id", "W2", "no field"),
        ("flags", "x", "no field"),
        ("year", "19", "no year"),
        ("year", "٢٠٢٠", "no year"),
        ("doi", "doi", "no DOI"),
        ("retracted", "maybe", "yes or no"),
        ("authors", "; 12", "names nobody"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(
    session: Session, sims: Record, field: str, value: str, told: str
) -> None:
    """The refusal says what is wrong, and nothing is stored."""
    with pytest.raises(UsageError, match=told):
        change(session, sims, field, value)
    assert number(session, RecordEdit) == 0


@pytest.mark.parametrize(
    ("field", "value", "by", "kind"),
    [
        ("title", " ", "ann", LitreviewError),
        ("title", "A\0B", "ann", LitreviewError),
        ("year", "2021", "ann", LitreviewError),
        ("year", "2020", "rita", NotAllowedError),
        ("year", "2020", "nobody", NotFoundError),
    ],
)
def test_empty_idle_and_foreign_corrections_are_refused(
    session: Session,
    sims: Record,
    *,
    field: str,
    value: str,
    by: str,
    kind: type[Exception],
) -> None:
    """No title, no change, or no right: nothing is stored."""
    with pytest.raises(kind):
        change(session, sims, field, value, by)
    assert number(session, RecordEdit) == 0


def test_a_correction_of_an_unknown_record_is_refused(
    session: Session, sims: Record
) -> None:
    """The refusal says which ids there are."""
    with pytest.raises(NotFoundError, match=f"no record {sims.id + 1}"):
        edit(session, sims.id + 1, change=("year", "2000"), why="x", by="ann")


def test_many_records_take_few_statements(session: Session) -> None:
    """Six thousand new records are stored in bulk, beyond one statement's bindings."""
    many: Iterable[Entry] = (
        entry(Citation("openalex", f"W{n}", f"T {n}"), rank=n) for n in range(1, 6_001)
    )
    opened = run(session)
    assert store(session, many, run=opened) == Stored(new=6_000, hits=6_000)
    lost = select(func.count()).where(Record.cluster_id.is_(None))
    assert session.scalar(lost.select_from(Record)) == 0
