"""screen pilot, calibration: see whether everybody means the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import any_stage_option, stage_option
from litreview.cli.output import json_option, say, show, show_json

if TYPE_CHECKING:
    from litreview import calibration as service


@click.command()
@stage_option
@click.option(
    "--size", metavar="N", type=click.IntRange(min=1), required=True, help="Records."
)
@click.option("--seed", type=int, required=True, help="Any number; repeats the draw.")
@click.option("--name", metavar="NAME", help="The pilot's name; default: pilot.")
@click.option("--with-leads", is_flag=True, help="Hand the records to leads as well.")
@json_option
@pass_app
def pilot(  # noqa: PLR0913 - one parameter for each option
    app: App,
    *,
    stage: str,
    size: int,
    seed: int,
    name: str | None,
    with_leads: bool,
    as_json: bool,
) -> None:
    """Draw records for everybody to screen, before the main work or beside it.

    Drawn are records that nobody has voted on and no pilot had. They come first in
    `screen start`; the votes count for nothing but `screen calibration`, and the
    records are screened again in the main round.

    \b
    Example:
      litreview screen pilot --size 50 --seed 1
      litreview screen calibration
    """
    from dataclasses import asdict

    from litreview import calibration, lookup

    sample = calibration.Sample(stage, size, seed, name, with_leads)
    done = app.write(
        lambda session: calibration.draw(
            session, sample, by=lookup.actor(session, app.handle)
        )
    )
    if as_json:
        show_json(asdict(done))
        return
    show(
        f"{len(done.records):,} records in {done.name!r} at {done.stage}, for each of "
        f"{', '.join(done.people)}"
    )


@click.command("calibration")
@click.argument("name", metavar="[PILOT]", required=False)
@any_stage_option
@json_option
@pass_app
def calibration(
    app: App, *, name: str | None, stage: str | None, as_json: bool
) -> None:
    """Show what pilots came to: who differs on which criterion, and the rule.

    Before all have voted on all of a pilot's records there are counts only. The rule
    stands in screening/review.yaml, as `calibration: {statistic: kappa, at_least:
    0.6}`; it asks every pair of screeners, on include against exclude.

    \b
    Example:
      litreview screen calibration
      litreview screen agreement --round pilot
    """
    from dataclasses import asdict

    from litreview import calibration as service

    found = app.read(lambda session: service.report(session, name=name, stage=stage))
    if as_json:
        show_json([asdict(one) for one in found])
        return
    if not found:
        say("there is no pilot; `litreview screen pilot` draws one")
    for one in found:
        _tell(one)


def _tell(one: service.Report) -> None:
    show(f"{one.name}, {one.stage}: {one.records:,} records")
    if not one.complete:
        left = ", ".join(f"{who} {number:,}" for who, number in one.waiting.items())
        show(f"  still to vote on: {left}")
        return
    for criterion in one.criteria:
        words = f"{criterion.key} {criterion.label}".strip()
        show(f"  {words}: {len(criterion.disagreements):,} records differ")
        for found in criterion.disagreements:
            said = "; ".join(
                " ".join(
                    filter(None, (vote["screener"], vote["verdict"], vote["reason"]))
                )
                for vote in found.votes
            )
            show(f"    {found.record_id}  {said}  {found.title[:60]}")
    if not one.criteria:
        show("  nobody differs")
    _tell_rule(one)


def _tell_rule(one: service.Report) -> None:
    if one.rule is None:
        show("  the protocol has no rule on agreement")
        return
    for pair in one.pairs:
        value = "undefined" if pair.value is None else f"{pair.value:.3f}"
        told = "holds" if pair.holds else "does not hold"
        note = f" ({pair.note})" if pair.note else ""
        show(f"  {' / '.join(pair.screeners)}: {value} on {pair.n:,}, {told}{note}")
    asked = f"{one.rule.statistic} of at least {one.rule.at_least:g}"
    if one.holds:
        show(f"  the rule holds: {asked} for every pair")
    else:
        show(f"  the rule does not hold: {asked} for every pair")
        say("talk about what differs, then draw another: `litreview screen pilot`")
