"""`litreview export blueprint`: what asks about each construct, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import deliver, options
from litreview.cli.output import say

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FORMATS = ("csv", "md", "json", "docx", "xlsx")


@click.command()
@click.option("--instrument", default="", help="Only the items of this instrument.")
@options(*FORMATS)
@pass_app
def blueprint(app: App, instrument: str, kind: str | None, to: str | None) -> None:
    """Write the survey blueprint: items and proxies for each construct and place.

    A row is a construct, or its facet, in a place of the configurations (context,
    mechanism, outcome), under each research question of screening/plan.yaml. Gaps are
    told both ways: studies without an item, items without a passage that counts. The
    minutes are an estimate. Without --instrument all items count but those of
    instruments that were found in the literature.

    \b
    Example:
      litreview export blueprint
      litreview export blueprint --instrument staff-survey --format md
    """
    from litreview import blueprint as service
    from litreview import blueprintfile

    told: list[str] = []

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        found = service.blueprint(
            session,
            instrument=instrument,
            questions=service.planned_questions(session),
        )
        told[:] = [blueprintfile.summary_line(found)]
        return blueprintfile.render(found, kinds)

    deliver(app, blueprintfile.NAME, FORMATS, render, (kind, to))
    say(told[0])
