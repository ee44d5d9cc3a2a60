"""`litreview record fill`: what one service lacks and the other has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_rows

if TYPE_CHECKING:
    from litreview.completion import Filled


@click.command()
@click.argument("record_ids", metavar="[ID]...", type=ID, nargs=-1)
@click.option(
    "--field",
    type=click.Choice(["abstract", "doi"]),
    default="abstract",
    show_default=True,
    help="What is to be filled in.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be filled in.")
@json_option
@pass_app
def fill(
    app: App, record_ids: tuple[int, ...], field: str, *, dry_run: bool, as_json: bool
) -> None:
    """Fill in missing abstracts, or DOIs, from the services.

    For abstracts, records of Crossref are looked up in OpenAlex by their DOI, those of
    OpenAlex in Crossref, others in both; that costs nothing. For DOIs, Crossref is
    searched by title, first author and year, then OpenAlex (10 credits a record, told
    before); one is taken only where the title is the same, the year at most one off,
    and no other DOI fits. What is found is stored as your correction, with where it
    came from as the reason; what is there is never touched, and `record edit` undoes
    it. Without ids it is done for all records.

    \b
    Example:
      litreview record fill --dry-run
      litreview record fill 12 40
      litreview record fill --field doi --dry-run
    """
    from litreview import completion, lookup
    from litreview.records import WORKERS
    from litreview.sources.page import settings_from

    settings = {name: settings_from(os.environ, name) for name in completion.SERVICES}
    if not dry_run:
        app.read(lambda s: lookup.actor(s, app.handle, roles=WORKERS))
    gaps = app.read(lambda s: completion.gaps(s, record_ids, field=field))
    if field == "doi" and gaps:
        say(_costs(len(gaps)))
    filled = completion.fill(
        app.write, gaps, by=app.handle, settings=settings, dry=dry_run
    )
    done = list(filled)
    rows = [_row(one, field) for one in done]
    columns = ["record_id", "title", "found", "problem"]
    word = "DOI" if field == "doi" else field
    show_rows(rows, columns, as_json=as_json, empty=f"no {word} is missing")
    if rows and not as_json:
        show(f"{sum(bool(one.origin) for one in done)} of {len(done)} {word}s found")
    if dry_run:
        say("nothing was stored")
    _fail_if_unanswered(done)


def _costs(number: int) -> str:
    """Say what searching for the DOIs of so many records takes at most."""
    from litreview.harvest import CREDIT_DOLLARS, SEARCH_CREDITS

    credits_ = number * SEARCH_CREDITS
    return (
        f"{number} records without a DOI: a search each at Crossref, which is free; "
        f"where it has nothing, one at OpenAlex: at most {credits_:,} credits "
        f"(${credits_ * CREDIT_DOLLARS:.2f})"
    )


def _row(done: Filled, field: str) -> dict[str, object]:
    return {
        "record_id": done.gap.record_id,
        "title": done.gap.title,
        "doi": done.gap.doi,
        "field": field,
        "value": done.value,
        "found": done.origin,
        "problem": "; ".join(filter(None, (done.problem, str(done.error or "")))),
    }


def _fail_if_unanswered(done: Sequence[Filled]) -> None:
    """Fail where a service that might have an abstract gave no answer."""
    from litreview.errors import IncompleteError, ServiceError

    missing = [one for one in done if one.error is not None and not one.origin]
    if not missing:
        return
    kind = IncompleteError if len(missing) < len(done) else ServiceError
    raise kind(
        f"{len(missing)} of {len(done)} records could not be looked up",
        why=str(missing[0].error),
        fix="run the same command again; what was found is stored",
    )
