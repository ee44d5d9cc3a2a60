"""`litreview form`: facts, effects and appraisals read out of included reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.extraction import Filled


@click.group()
def form() -> None:
    """Read facts, effects and appraisals out of included reports.

    The forms stand in screening/forms/. A figure is complete with its page, an effect
    with its unit and comparator too. An appraisal never excludes a report.

    \b
    Example:
      litreview form list
      litreview form fill 12 study country England
      litreview form fill 12 effects figure 0.31 --unit SD --comparator usual --page 7
      litreview export extraction
    """


@form.command("list")
@json_option
@pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List the forms in force.

    \b
    Example:
      litreview form list
    """
    from litreview import extracted

    found = app.read(extracted.known)
    rows = [
        {
            "form": name,
            "title": one.title,
            "use": one.use.value,
            "fields": len(one.fields),
            "streams": list(one.streams),
            "repeats": one.repeats,
        }
        for name, one in found.items()
    ]
    empty = "there are no forms: write screening/forms/NAME.yaml, then run sync"
    columns = ["form", "title", "use", "fields", "streams", "repeats"]
    show_rows(rows, columns, as_json=as_json, empty=empty)


@form.command("show")
@click.argument("name")
@json_option
@pass_app
def show_(app: App, name: str, *, as_json: bool) -> None:
    """Show the fields of a form, and what each takes.

    \b
    Example:
      litreview form show study
    """
    from litreview import extracted

    _version, found = app.read(lambda session: extracted.form(session, name))
    rows = [
        {
            "field": one.id,
            "label": one.label,
            "kind": one.kind.value,
            "values": list(one.allowed),
            "required": one.required,
            "page": one.needs_page,
        }
        for one in found.fields
    ]
    columns = ["field", "label", "kind", "values", "required", "page"]
    show_rows(rows, columns, as_json=as_json)


# A negative figure is a value; what else begins with a hyphen is one argument too many.
@form.command(context_settings={"ignore_unknown_options": True})
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("name", metavar="FORM")
@click.argument("field")
@click.argument("value")
@click.option("--page", default="", help="The page on which it stands.")
@click.option("--part", default=1, help="Which one, where a report has several.")
@click.option("--unit", default="", help="The unit of an effect: SD, months, pounds.")
@click.option("--comparator", default="", help="What an effect was compared with.")
@json_option
@pass_app
def fill(  # noqa: PLR0913 - one parameter per option
    app: App,
    record_id: int,
    name: str,
    field: str,
    value: str,
    *,
    page: str,
    part: int,
    unit: str,
    comparator: str,
    as_json: bool,
) -> None:
    """Write what a report says for a field; an empty value takes it back.

    Several values of one field are parted by a semicolon: "primary; secondary".

    \b
    Example:
      litreview form fill 12 study phase primary
      litreview form fill 12 effects figure 0.31 --unit SD --comparator usual --page 7
    """
    from litreview import extraction

    entry = extraction.Entry(
        form=name,
        field=field,
        value=value,
        page=page,
        part=part,
        unit=unit,
        comparator=comparator,
    )

    def work(session: Session) -> Filled:
        return extraction.fill(session, by=app.handle, record_id=record_id, entry=entry)

    done = app.write(work)
    if as_json:
        told = {"record_id": record_id, "form": name, "field": field, "part": part}
        show_json({**told, "lacks": done.lacks, "new": done.new})
        return
    show(
        f"record {record_id}: {name}.{field} " + ("stored" if done.new else "as it is")
    )
    if done.lacks and value.strip():
        say(f"it is incomplete: it lacks {' and '.join(done.lacks)}")


@form.command()
@click.argument("name", metavar="FORM")
@click.argument("field")
@click.argument("value", required=False, default="")
@json_option
@pass_app
def reports(app: App, name: str, field: str, value: str, *, as_json: bool) -> None:
    """List the included reports that have a field, or a value of it.

    \b
    Example:
      litreview form reports study disadvantage
      litreview form reports study disadvantage FSM6 --json
    """
    from litreview import extracted

    rows = app.read(
        lambda session: extracted.reports_with(
            session, form_name=name, field=field, value=value
        )
    )
    show_rows(
        rows, ["record_id", "title", "value"], as_json=as_json, empty="no report has it"
    )
