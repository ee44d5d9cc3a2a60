"""Read values from included reports into forms, field by field.

A value belongs to a report, a form as it stood, a field, a part (the second effect
has part 2) and the person who read it. Nothing is overwritten: the newest row of a
person counts, and an empty one takes the value back. What was read is told by
`litreview.extracted`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import extracted, forms, lookup, passages, state, streams
from litreview.errors import LitreviewError, NotAllowedError
from litreview.forms import Form
from litreview.models import Person, Record
from litreview.synthesis import FormValue, MaterialVersion
from litreview.vocabulary import Stage
from litreview.wording import phrase


@dataclass(frozen=True)
class Entry:
    """What a person read: a field of a form, its value, and where it stands.

    `part` counts from 1 what a report has several of; `unit` and `comparator` belong
    to effects; an empty `value` takes back what was said.
    """

    form: str
    field: str
    value: str
    page: str = ""
    part: int = 1
    unit: str = ""
    comparator: str = ""


@dataclass(frozen=True)
class Filled:
    """A stored value and what it still lacks; `new` unless it was there already."""

    row: FormValue
    lacks: list[str]
    new: bool = True


def fill(session: Session, *, by: str, record_id: int, entry: Entry) -> Filled:
    """Store a value for an included report.

    The same value by the same person is stored once. Raises `NotAllowedError` for a
    report that is not included, and for a form that is for other streams.
    """
    person = passages.coder(session, by)
    version, known_form = extracted.form(session, entry.form)
    asked = known_form.find(entry.field)
    if entry.part < 1 or (entry.part > 1 and not known_form.repeats):
        raise LitreviewError(
            f"the form {entry.form!r} has no part {entry.part}",
            why="a report has it once" if not known_form.repeats else "",
            fix="leave --part out",
        )
    record = lookup.record(session, record_id)
    _require_included(session, record, known_form)
    value = forms.read_value(
        asked, entry.value, unit=entry.unit, comparator=entry.comparator
    )
    row = FormValue(
        record_id=record.id,
        form_id=version.id,
        field=asked.id,
        part=entry.part,
        value=value,
        page=phrase(entry.page, "page", required=False),
        person_id=person.id,
    )
    missing = forms.lacks(asked, value, row.page)
    before = _newest_of(session, record, entry, person)
    if before is not None and (before.value, before.page) == (value, row.page):
        return Filled(before, missing, new=False)
    session.add(row)
    session.flush()
    return Filled(row, missing)


def _require_included(session: Session, record: Record, asked: Form) -> None:
    cluster = record.cluster_id or record.id
    outcome = state.outcome(session, Stage.FULL_TEXT, cluster)
    if outcome is None or not outcome.included:
        raise NotAllowedError(
            f"nothing can be extracted from record {record.id}",
            why="its report is not included after full text, or not yet",
            fix=f"`litreview record show {record.id}` shows where it stands",
        )
    served = streams.served(session, [outcome]).get(cluster, ())
    if asked.streams and not set(served) & set(asked.streams):
        raise NotAllowedError(
            f"the form {asked.name!r} is not for record {record.id}",
            why=f"it is for reports that serve {' or '.join(asked.streams)}; this one "
            f"serves {', '.join(served) or 'no stream'}",
        )


def _newest_of(
    session: Session, record: Record, entry: Entry, person: Person
) -> FormValue | None:
    query = (
        select(FormValue)
        .join(MaterialVersion, MaterialVersion.id == FormValue.form_id)
        .join(Record, Record.id == FormValue.record_id)
        .where(
            Record.cluster_id == record.cluster_id,
            MaterialVersion.name == entry.form,
            FormValue.field == entry.field,
            FormValue.part == entry.part,
            FormValue.person_id == person.id,
        )
    )
    return session.scalar(query.order_by(FormValue.id.desc()).limit(1))
