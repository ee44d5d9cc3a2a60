"""What was read from included reports into forms, and what is still to be read.

The newest value of each report, form, field, part and person counts while the report
is included. Two people may fill one form; where they differ the table says so.
Figures are shown as printed, never pooled, and no appraisal excludes a report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import forms, materials, state, streams
from litreview.errors import NotFoundError
from litreview.forms import Form
from litreview.frame import Columns, Kind, frame
from litreview.models import Person, Record
from litreview.programmes import Programme
from litreview.synthesis import FormValue, MaterialVersion
from litreview.vocabulary import MaterialKind, Stage
from litreview.yamlfile import suggestion

EXTRACTION_COLUMNS: Columns = {
    "report_id": "int",
    "study_id": "int",
    "title": "text",
    "form": "text",
    "use": "text",
    "part": "int",
    "field": "text",
    "label": "text",
    "value": "text",
    "name_then": "text",
    "unit": "text",
    "comparator": "text",
    "page": "text",
    "by": "text",
    "lacks": "list",
    "differs": "flag",
}
INCLUDED_COLUMNS: Columns = {
    "report_id": "int",
    "study_id": "int",
    "title": "text",
    "year": "int",
    "doi": "text",
    "streams": "list",
}
MISSING_COLUMNS: Columns = {
    "report_id": "int",
    "title": "text",
    "form": "text",
    "field": "text",
    "part": "int",
    "lacks": "list",
}


def known(session: Session) -> dict[str, Form]:
    """Return the forms in force by name."""
    return {
        version.name: materials.parsed_form(version)
        for version in materials.forms(session)
    }


def form(session: Session, name: str) -> tuple[MaterialVersion, Form]:
    """Return a form in force with its version, or refuse an unknown name."""
    version = materials.newest(session, MaterialKind.FORM, name)
    if version is not None:
        return version, materials.parsed_form(version)
    names = sorted(known(session))
    raise NotFoundError(
        f"there is no form {name!r}",
        why=suggestion(name, names),
        fix=f"the forms are: {', '.join(names)}"
        if names
        else "write screening/forms/NAME.yaml, then run `litreview sync`",
    )


@dataclass(frozen=True)
class Held:
    """A value that counts, with its report, form and reader."""

    cluster: int
    title: str
    year: int | None
    form: str
    handle: str
    row: FormValue


def _held(session: Session) -> list[Held]:
    """Return the newest value of each report, form, field, part and person."""
    included = state.included(session)
    query = (
        select(FormValue, MaterialVersion.name, Record, Person.handle)
        .join(MaterialVersion, MaterialVersion.id == FormValue.form_id)
        .join(Record, Record.id == FormValue.record_id)
        .join(Person, Person.id == FormValue.person_id)
        .order_by(FormValue.id)
    )
    newest: dict[tuple[object, ...], Held] = {}
    for row, name, record, handle in session.execute(query):
        cluster = record.cluster_id or record.id
        if cluster in included:
            key = (cluster, name, row.field, row.part, handle)
            newest[key] = Held(cluster, record.title, record.year, name, handle, row)
    return [one for one in newest.values() if one.row.value]


def values(session: Session) -> pd.DataFrame:
    """Return a row per value that counts (`EXTRACTION_COLUMNS`).

    By report, form, part, the form's order of fields, and reader. `differs` says that
    two readers of the same field said different things; `name_then` what a programme
    was called in the year of the report.
    """
    study_of, in_force = state.studies(session), known(session)
    programmes = materials.named_programmes(session)
    said: dict[tuple[object, ...], set[str]] = defaultdict(set)
    found = _held(session)
    for one in found:
        said[_place(one)].add(repr(sorted(_as_map(one.row.value).items())))
    rows = []
    for one in sorted(found, key=lambda one: _order(one, in_force)):
        asked = _asked(in_force, one)
        value = _as_map(one.row.value)
        rows.append(
            (
                *(one.cluster, study_of[one.cluster], one.title, one.form),
                in_force[one.form].use.value if one.form in in_force else "",
                *(one.row.part, one.row.field, asked.label if asked else ""),
                forms.in_words({k: v for k, v in value.items() if k not in AROUND}),
                _names_then(value, programmes, one.year),
                *(str(value.get(key, "")) for key in AROUND),
                *(one.row.page, one.handle),
                tuple(forms.lacks(asked, value, one.row.page)) if asked else (),
                len(said[_place(one)]) > 1,
            )
        )
    return frame(EXTRACTION_COLUMNS, rows)


AROUND = ("unit", "comparator")  # what stands in columns of its own


def _names_then(
    value: Mapping[str, object], programmes: Mapping[str, Programme], year: int | None
) -> str:
    words = forms.in_words(value).split("; ")
    named = [programmes[word] for word in words if word in programmes]
    return "; ".join(programme.name_in(year) for programme in named)


def _place(one: Held) -> tuple[object, ...]:
    return one.cluster, one.form, one.row.field, one.row.part


def _asked(in_force: Mapping[str, Form], one: Held) -> forms.Field | None:
    """Return the field as the form in force has it; None where it has gone."""
    fields = in_force[one.form].fields if one.form in in_force else ()
    return next((asked for asked in fields if asked.id == one.row.field), None)


def _order(one: Held, in_force: Mapping[str, Form]) -> tuple[object, ...]:
    fields = in_force[one.form].fields if one.form in in_force else ()
    names = [asked.id for asked in fields]
    at = names.index(one.row.field) if one.row.field in names else len(names)
    return one.cluster, one.form, one.row.part, at, one.row.field, one.handle


def _as_map(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def missing(session: Session) -> pd.DataFrame:
    """Return what is still to be read (`MISSING_COLUMNS`): report by report.

    A required field without a value, and a value that lacks its page, unit or
    comparator. A form that repeats asks for its fields in each part that was begun; a
    form for certain streams asks only the reports that serve them.
    """
    rows: list[tuple[object, ...]] = []
    titles = _titles(session)
    held: dict[tuple[int, str], list[Held]] = defaultdict(list)
    for one in _held(session):
        held[one.cluster, one.form].append(one)
    for cluster, served in _served(session).items():
        for name, asked in sorted(known(session).items()):
            if asked.streams and not set(served) & set(asked.streams):
                continue
            found = held.get((cluster, name), [])
            told = (cluster, titles[cluster], name)
            rows += [(*told, *lacking) for lacking in _open(asked, found)]
    return frame(MISSING_COLUMNS, rows, by=["report_id", "form", "part"])


def _open(
    asked: Form, found: Iterable[Held]
) -> Iterable[tuple[str, int, tuple[str, ...]]]:
    """Yield field, part and what it lacks."""
    rows: dict[tuple[int, str], list[Held]] = defaultdict(list)
    for one in found:
        rows[one.row.part, one.row.field].append(one)
    parts = sorted({part for part, _field in rows}) or ([] if asked.repeats else [1])
    for part in parts:
        for entry in asked.fields:
            known_rows = rows.get((part, entry.id), [])
            if not known_rows and entry.required:
                yield entry.id, part, ("value",)
            for one in known_rows:
                lacking = forms.lacks(entry, _as_map(one.row.value), one.row.page)
                if lacking:
                    yield entry.id, part, tuple(lacking)


def _served(session: Session) -> dict[int, tuple[str, ...]]:
    """Return included report -> the streams that it serves, by its id."""
    outcomes = state.outcomes(session, Stage.FULL_TEXT)
    served = streams.served(session, outcomes.values())
    return {cluster: served.get(cluster, ()) for cluster in sorted(served)}


def _titles(session: Session) -> dict[int, str]:
    rows = session.execute(select(Record.id, Record.title))
    return {number: title for number, title in rows}  # noqa: C416 - rows are no pairs


def included(session: Session) -> pd.DataFrame:
    """Return a row per included report: what it is, serves, and was read to say.

    Columns: `INCLUDED_COLUMNS`, then ``form.field`` for each field of the extraction
    forms that a report has once. Where readers differ, their values stand parted by a
    stroke.
    """
    asked = [
        (name, entry.id)
        for name, one in sorted(known(session).items())
        if one.use == forms.Use.EXTRACTION and not one.repeats
        for entry in one.fields
    ]
    said: dict[tuple[int, str, str], dict[str, None]] = defaultdict(dict)
    for one in _held(session):
        told = forms.in_words(_as_map(one.row.value))
        said[one.cluster, one.form, one.row.field][told] = None
    study_of, served = state.studies(session), _served(session)
    query = select(Record.id, Record.title, Record.year, Record.doi)
    rows = [
        (
            *(number, study_of[number], title, year, doi, served[number]),
            *(" / ".join(said[number, name, field]) for name, field in asked),
        )
        for number, title, year, doi in session.execute(query)
        if number in served
    ]
    named: dict[str, Kind] = dict.fromkeys((f"{n}.{f}" for n, f in asked), "text")
    return frame({**INCLUDED_COLUMNS, **named}, rows, by=["study_id", "report_id"])


def reports_with(
    session: Session, *, form_name: str, field: str, value: str = ""
) -> list[dict[str, object]]:
    """List the included reports that have a field, with this value if one is given.

    Keys: record_id, title, value (in words, all readers' ones). Of a field with
    several values one is enough. Raises for an unknown form, field or value.
    """
    _version, asked = form(session, form_name)
    entry = asked.find(field)
    if value and entry.allowed and value not in entry.allowed:
        forms.read_value(entry, value)  # refuses it, naming the values
    found: dict[int, dict[str, object]] = {}
    for one in _held(session):
        if one.form != form_name or one.row.field != field:
            continue
        told = forms.in_words(_as_map(one.row.value))
        if not value or value in told.split("; "):
            row = {"record_id": one.cluster, "title": one.title, "value": told}
            found.setdefault(one.cluster, row)
    return [found[cluster] for cluster in sorted(found)]
