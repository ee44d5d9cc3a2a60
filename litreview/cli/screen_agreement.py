"""screen agreement: how far screeners agree, as a table, as JSON, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import any_stage_option
from litreview.cli.output import json_option, say, show_json, show_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.concord import Agreement
    from litreview.statistic import Statistic

# What the picture shows of each stage, side by side.
DRAWN = {"cohen_kappa": "Cohen's kappa", "gwet_ac1": "Gwet's AC1"}
PAIR = 2  # people, and categories
NOTES = (
    "Bars are 95 % intervals; maybe counts as include.",
    "A report is in the month of the later of the two first independent votes.",
    "A cross under the axis is a month in which the figure is undefined.",
)


@click.command()
@any_stage_option
@click.option(
    "--round", "round_name", metavar="NAME", help="Only this round, or pilot."
)
@click.option(
    "--by",
    "by",
    type=click.Choice(["month"]),
    help="A line for each month: that of the later of the two votes, UTC.",
)
@click.option(
    "--plot",
    metavar="FILE.svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw kappa and AC1 of each pair, month by month.",
)
@json_option
@pass_app
def agreement(  # noqa: PLR0913 - one parameter for each option
    app: App,
    *,
    stage: str | None,
    round_name: str | None,
    by: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show how far screeners agree, on first independent votes of complete records.

    Each figure comes with its 95 % interval and its number of records; a figure
    that is not defined says why. Maybe counts as include where there are two
    categories, and stands between include and exclude where there are three.

    \b
    Example:
      litreview screen agreement --json
      litreview screen agreement --by month --plot agreement.svg
    """
    wanted = [by is not None, *([True] if plot else [])]
    found = app.read(
        lambda session: {
            monthly: _entries(session, stage, round_name, monthly=monthly)
            for monthly in wanted
        }
    )
    told = found[by is not None]
    if as_json:
        show_json([_object(entry) for entry in told])
    else:
        _table(told)
    if plot:
        from litreview.workspace import write_whole

        write_whole(plot, _picture(found[True]).encode())
        say(f"drawn: {plot}")


def _entries(
    session: Session, stage: str | None, round_name: str | None, *, monthly: bool
) -> list[Agreement]:
    from litreview import concord, lookup

    parts = lookup.rounds(session, round_name, stage=stage) if round_name else [None]
    return [
        entry
        for part in parts
        for entry in concord.agreement(session, part, monthly=monthly)
        if stage in {None, entry.stage}
    ]


def _table(found: Sequence[Agreement]) -> None:
    rows: list[dict[str, object]] = [
        {
            "stage": entry.stage,
            **({"month": entry.month} if entry.month else {}),
            "screeners": " / ".join(entry.screeners),
            "categories": len(entry.categories),
            "statistic": figure.name,
            "value": "undefined" if figure.value is None else f"{figure.value:.3f}",
            "interval": _interval(figure),
            "n": figure.n,
            "note": figure.note,
        }
        for entry in found
        for figure in entry.statistics
    ]
    columns = list(rows[0]) if rows else []
    show_rows(rows, columns, as_json=False, empty="no record has two votes yet")


def _interval(figure: Statistic) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:.2f} to {figure.high:.2f}"


def _object(entry: Agreement) -> dict[str, object]:
    """Return one pair's table and figures, each with its value, interval and n."""
    return {
        "stage": entry.stage,
        **({"month": entry.month} if entry.month else {}),
        "screeners": list(entry.screeners),
        "categories": list(entry.categories),
        "n": entry.n,
        **({"table": entry.counts.counts} if entry.counts else {}),
        "statistics": {
            figure.name: {
                "value": figure.value,
                "interval": [figure.low, figure.high],
                "n": figure.n,
                "note": figure.note,
            }
            for figure in entry.statistics
        },
    }


def _picture(found: Sequence[Agreement]) -> str:
    """Draw each stage's kappa and AC1 of each pair, on include against exclude."""
    from litreview import trend

    pairs = [
        entry
        for entry in found
        if len(entry.screeners) == PAIR and len(entry.categories) == PAIR
    ]
    stages = list(dict.fromkeys(entry.stage for entry in pairs))
    panels = []
    for stage in stages or [""]:
        for name, words in DRAWN.items():
            lines: dict[str, list[trend.Point]] = {}
            for entry in pairs:
                if entry.stage == stage:
                    figure = next(one for one in entry.statistics if one.name == name)
                    point = trend.Point(
                        entry.month, figure.value, figure.low, figure.high, figure.n
                    )
                    lines.setdefault(" / ".join(entry.screeners), []).append(point)
            where = f" at {stage.replace('_', ' ')}" if stage else ""
            panels.append(trend.Panel(f"{words}{where}", lines))
    return trend.draw("How far screeners agree, month by month", panels, NOTES)
