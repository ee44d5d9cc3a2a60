"""`litreview export overlap`: how far other reviews rest on the same studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import deliver, options
from litreview.cli.output import say

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OURS = "this review"


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@options("csv", "json", "md", "xlsx", "docx")
@pass_app
def overlap(
    app: App, files: tuple[Path, ...], kind: str | None, to: str | None
) -> None:
    """Write which works other reviews include, beside this one.

    Each FILE is the list of included works of one review, in any format that
    `litreview import` reads; its name names the review. Works are the same by DOI, or
    by title and year. The corrected covered area (Pieper et al. 2014) is told: 0 is
    no overlap, 1 the same works in all.

    \b
    Example:
      litreview export overlap tdt-2020.csv sims-2021.ris --format csv
    """
    from litreview import covering, rendering

    lists = covering.lists(files)

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        found = covering.compare(session, lists, ours=OURS)
        say(covering.in_words(found.area))
        table = rendering.Table(
            "Overlap with other reviews", tuple(kinds), lambda *_asked: found.works
        )
        asker = rendering.Asker(app.handle)
        return rendering.render(table, session, kinds, asker=asker)

    formats = ("csv", "json", "md", "xlsx", "docx")
    deliver(app, "overlap", formats, render, (kind, to))
