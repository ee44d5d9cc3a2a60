"""`litreview rating`: what experts and staff say of items and constructs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import (
    counted,
    json_option,
    say,
    show,
    show_json,
    show_rows,
)
from litreview.vocabulary import Panel, RatingMeasure

if TYPE_CHECKING:
    from litreview.ratings import Judged, RatedItem
    from litreview.ratingsheet import Taken
    from litreview.validity import ScaleContent

PANELS = click.Choice([panel.value for panel in Panel])
MEASURES = click.Choice(
    [measure.value for measure in RatingMeasure if measure != RatingMeasure.RANK]
)
to_option = click.option(
    "--to",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it: .csv, .xlsx or .docx.",
)
file_argument = click.argument("file", type=click.Path(path_type=Path))
round_option = click.option(
    "--round", "round_", default="", help="The round of ratings; default: 1."
)
which_round = click.option(
    "--round", "round_", default="", help="Only this round; default: the newest."
)


@click.group()
def rating() -> None:
    """Let experts and staff rate items and rank constructs.

    A form goes out and comes back filled in. Experts and staff are two panels, whose
    figures stand side by side.

    \b
    Example:
      litreview rating form --instrument staff-survey --to form.docx
      litreview rating import form.docx --rater "Dr Example"
      litreview rating show
    """


@rating.command()
@click.option("--instrument", required=True, help="The instrument to be rated.")
@click.option("--panel", type=PANELS, default="expert", help="Who rates.")
@click.option("--measure", type=MEASURES, default="relevance", help="What is rated.")
@to_option
@pass_app
def form(app: App, instrument: str, panel: str, measure: str, to: Path) -> None:
    """Write a rating form: a row for each item, to be filled in.

    relevance and clarity are rated from 1 to 4, essential is 0 or 1. Retired items
    are left out.

    \b
    Example:
      litreview rating form --instrument staff-survey --to relevance.xlsx
      litreview rating form --instrument staff-survey --measure clarity --to form.docx
    """
    from litreview import delivery, ratings
    from litreview.cli.rating_paper import form_file

    rows = app.read(
        lambda session: ratings.form(
            session,
            instrument=instrument,
            panel=Panel(panel),
            measure=RatingMeasure(measure),
        )
    )
    delivery.write_file(to, form_file(to, rows, instrument=instrument))
    say(f"wrote {to}: {counted(len(rows), 'item')} for the {panel} panel")


@rating.command("import")
@file_argument
@click.option("--rater", default="", help="Who filled it in, if the file does not say.")
@click.option("--panel", type=PANELS, default=None, help="The same for the panel.")
@click.option(
    "--measure", type=MEASURES, default=None, help="The same for the measure."
)
@round_option
@json_option
@pass_app
def import_(  # noqa: PLR0913 - each option is one
    app: App,
    file: Path,
    *,
    rater: str,
    panel: str | None,
    measure: str | None,
    round_: str,
    as_json: bool,
) -> None:
    """Bring in a rating form that was filled in.

    A file may hold several raters in a column `rater`. All of it is stored, or
    nothing: every problem is told by row and column. The same file can come twice.
    A rating belongs to the wording that the form showed.

    \b
    Example:
      litreview rating import form.docx --rater "Dr Example"
      litreview rating import all-raters.csv --round 2
    """
    from litreview import ratingfile
    from litreview.cli.rating_file import read_sheet
    from litreview.ratingsheet import Said

    sheet = read_sheet(file)
    said = Said(rater, panel or "", measure or "", round_)
    taken = app.write(
        lambda session: ratingfile.take_ratings(
            session, sheet, said=said, by=app.handle
        )
    )
    _tell_taken(taken, "rating", as_json=as_json)


@rating.command("show")
@click.option("--instrument", default="", help="Only the items of this instrument.")
@which_round
@json_option
@pass_app
def show_(app: App, instrument: str, round_: str, *, as_json: bool) -> None:
    """Show content validity: I-CVI, modified kappa, CVR and S-CVI, by panel.

    I-CVI is the share of raters who say 3 or 4 of 4; CVR stands beside its exact
    critical value. An item counts in its newest wording that was rated; one that is
    worded anew since is marked. Items below a rule are listed at the end.

    \b
    Example:
      litreview rating show --instrument staff-survey
      litreview rating show --json
    """
    from litreview import ratings

    found = app.read(
        lambda session: ratings.items(session, instrument=instrument, round_=round_)
    )
    scales = ratings.scales(found)
    if as_json:
        show_json(
            {
                "items": [_item_json(item, ratings.below(item)) for item in found],
                "scales": [_scale_json(key, told) for key, told in scales.items()],
            }
        )
        return
    rows = [row for item in found for row in _item_rows(item)]
    columns = ["item_id", "version", "panel", "measure", "N", "A", "I-CVI", "k*"]
    columns += ["CVR", "critical", "label", "mark", "text"]
    show_rows(rows, columns, as_json=False, empty="nothing is rated yet")
    for (name, panel), told in scales.items():
        show(_scale_line(name, panel, told))
    for item in found:
        for line in ratings.below(item):
            show(f"item {item.item_id} falls below: {line}")


@rating.command()
@click.argument("constructs", nargs=-1, required=True, metavar="CONSTRUCT...")
@to_option
@pass_app
def cards(app: App, constructs: tuple[str, ...], to: Path) -> None:
    """Write ranking cards: a construct each, its definition and number of studies.

    Nine of them make a diamond nine.

    \b
    Example:
      litreview rating cards coh.internal lead.explains --to cards.docx
    """
    from litreview import delivery, ratings
    from litreview.cli.rating_paper import cards_file

    rows = app.read(lambda session: ratings.cards(session, constructs))
    delivery.write_file(to, cards_file(to, rows))
    say(f"wrote {to}: {counted(len(rows), 'card')}")
    if len(rows) != ratings.NINE:
        say(
            f"a diamond nine takes {ratings.NINE} cards; these make a plain ranking: "
            "write a column rank, from 1"
        )


@rating.command("ranks")
@file_argument
@click.option("--rater", default="", help="Who ranked, if the file does not say.")
@click.option("--panel", type=PANELS, default=None, help="The same for the panel.")
@round_option
@json_option
@pass_app
def ranks_(  # noqa: PLR0913 - each option is one
    app: App,
    file: Path,
    *,
    rater: str,
    panel: str | None,
    round_: str,
    as_json: bool,
) -> None:
    """Bring in a ranking of constructs: a diamond nine, or plain ranks.

    Columns construct and row (1 to 5, from the top) make a diamond of one, two,
    three, two and one; construct and rank make a plain ranking. Five lines of ids
    laid out as the diamond are read too. A later ranking of the same rater and round
    replaces the one before.

    \b
    Example:
      litreview rating ranks diamond.csv --rater "Table 3" --panel staff
    """
    from litreview import rankfile
    from litreview.cli.rating_file import read_sheet
    from litreview.ratingsheet import Said

    sheet = read_sheet(file)
    said = Said(rater, panel or "", "", round_)
    taken = app.write(
        lambda session: rankfile.take_ranks(session, sheet, said=said, by=app.handle)
    )
    _tell_taken(taken, "rank", as_json=as_json)


@rating.command()
@click.option("--panel", type=PANELS, default=None, help="Only this panel.")
@which_round
@json_option
@pass_app
def ranking(app: App, panel: str | None, round_: str, *, as_json: bool) -> None:
    """Show constructs by their mean rank over all raters.

    Constructs in one row of a diamond share the mean of their ranks. The spread is
    the standard deviation.

    \b
    Example:
      litreview rating ranking --panel staff
    """
    from litreview import ratings

    found = app.read(
        lambda session: ratings.ranks(session, panel=panel or "", round_=round_)
    )
    rows = [
        {
            "construct": name,
            "mean_rank": round(rank.mean, 2),
            "spread": None if rank.spread is None else round(rank.spread, 2),
            "n": rank.n,
            "cards": list(rank.cards),
        }
        for name, rank in found.items()
    ]
    columns = ["construct", "mean_rank", "spread", "n", "cards"]
    show_rows(rows, columns, as_json=as_json, empty="nothing is ranked yet")


# -- how it is told ----------------------------------------------------------------


def _tell_taken(taken: Taken, what: str, *, as_json: bool) -> None:
    for note in taken.notes:
        say(f"note: {note}")
    if as_json:
        show_json(
            {
                "stored": taken.stored,
                "already": taken.already,
                "blank": taken.blank,
                "raters": taken.raters,
                "notes": taken.notes,
            }
        )
        return
    who = ", ".join(taken.raters) or "nobody"
    show(
        f"{counted(taken.stored, what)} of {who} stored; {taken.already:,} there "
        f"already, {taken.blank:,} left blank"
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _figures(measure: str, judged: Judged) -> dict[str, object]:
    """Return the figures of one panel and measure, as far as they exist."""
    told: dict[str, object] = {
        "round": judged.round,
        "version": judged.version,
        "outdated": judged.outdated,
        "left_out": judged.left_out,
        "ratings": dict(judged.values),
    }
    if measure == RatingMeasure.ESSENTIAL:
        ratio = judged.ratio
        return told | {
            "n": ratio.n,
            "essential": ratio.essential,
            "cvr": _rounded(ratio.value),
            "critical": _rounded(ratio.critical),
            "needed": ratio.needed,
            "meets": ratio.meets,
            "note": ratio.note,
        }
    content = judged.content
    told |= {
        "n": content.n,
        "agreeing": content.agreeing,
        "i_cvi": _rounded(content.share),
        "chance": _rounded(content.chance),
        "kappa": _rounded(content.kappa),
        "label": content.label,
    }
    if measure == RatingMeasure.RELEVANCE:  # the rules are for relevance alone
        told |= {"meets": content.meets, "note": content.note}
    return told


def _item_json(item: RatedItem, falls_below: list[str]) -> dict[str, object]:
    panels: dict[str, dict[str, object]] = {}
    for (panel, measure), judged in item.judged.items():
        panels.setdefault(panel, {})[measure] = _figures(measure, judged)
    return {
        "item_id": item.item_id,
        "instrument": item.instrument,
        "construct": item.construct,
        "text": item.text,
        "version": item.version,
        **{panel.value: panels.get(panel, {}) for panel in Panel},
        "below": falls_below,
    }


def _scale_json(key: tuple[str, str], told: ScaleContent) -> dict[str, object]:
    return {
        "instrument": key[0],
        "panel": key[1],
        "items": told.items,
        "unrated": told.unrated,
        "s_cvi_ave": _rounded(told.average),
        "s_cvi_ua": _rounded(told.unanimous),
        "ave_meets": told.average_meets,
        "ua_meets": told.unanimous_meets,
    }


def _item_rows(item: RatedItem) -> Iterator[dict[str, object]]:
    for (panel, measure), judged in item.judged.items():
        told = _figures(measure, judged)
        yield {
            "item_id": item.item_id,
            "version": judged.version,
            "panel": panel,
            "measure": measure,
            "N": told["n"],
            "A": told.get("agreeing", told.get("essential")),
            "I-CVI": _two(told.get("i_cvi")),
            "k*": _two(told.get("kappa")),
            "CVR": _two(told.get("cvr")),
            "critical": _two(told.get("critical")),
            "label": told.get("label", "") or told.get("note", ""),
            "mark": _mark(judged, item.version),
            "text": item.text,
        }


def _two(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float | int) else ""


def _mark(judged: Judged, newest: int) -> str:
    said = f"older wording, now {newest}" if judged.outdated else ""
    if judged.left_out:
        more = counted(judged.left_out, "rating")
        said += f"{'; ' if said else ''}{more} of another wording left out"
    return said


def _scale_line(name: str, panel: str, told: ScaleContent) -> str:
    unrated = f", {told.unrated:,} not rated" if told.unrated else ""
    if told.average is None or told.unanimous is None:
        return f"{name}, {panel}: {told.note}"
    return (
        f"{name}, {panel}: S-CVI/Ave {told.average:.2f} ({_met(told.average_meets)}), "
        f"S-CVI/UA {told.unanimous:.2f} ({_met(told.unanimous_meets)}) over "
        f"{counted(told.items, 'item')}{unrated}"
    )


def _met(meets: bool | None) -> str:  # noqa: FBT001 - three values, one argument
    return "as wanted" if meets else "below what is wanted"
