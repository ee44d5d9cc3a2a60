"""screen progress, stop: how far screening has come, and whether it may end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import STAGES, any_stage_option, stage_option
from litreview.cli.output import json_option, say, show, show_json
from litreview.vocabulary import Stage

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.command()
@any_stage_option
@json_option
@pass_app
def progress(app: App, *, stage: str | None, as_json: bool) -> None:
    """Show how far screening has come: yours, and the whole.

    On title and abstract it tells what share of the relevant records is likely to
    be found, what that assumes, and whether the protocol's stopping rule holds. The
    whole is told by the reports that have all their votes, yours by your own votes.

    \b
    Example:
      litreview screen progress
      litreview screen progress --json
    """
    from litreview import stopping

    stages = [stage] if stage else STAGES
    found = app.read(
        lambda session: {each: _stage(app, session, each) for each in stages}
    )
    if as_json:
        show_json(found)
        return
    for each, told in found.items():
        own = told["own"]
        show(f"{each}: {app.handle} has done {own['done']:,} of {own['assigned']:,}")
        if told["pace"]["seconds"] is not None:
            show(f"  pace: {_pace(told)}")
        counts = ", ".join(f"{word} {number:,}" for word, number in told["all"].items())
        show(f"  everybody: {counts}")
        for who in ("own", "whole"):
            for line in _course_lines(told, who):
                show(f"  {line}")
    if Stage.TITLE_ABSTRACT in found:
        for name, words in stopping.ASSUMPTIONS.items():
            say(f"{name.replace('_', ' ')} assumes that {words}")


def _stage(app: App, session: Session, stage: str) -> dict[str, Any]:
    """Return one stage's figures, as JSON has them."""
    from litreview import course, lookup, rounds, state, stopping

    person = lookup.actor(session, app.handle)
    own = rounds.own_progress(session, person, stage=stage)
    told: dict[str, Any] = {
        "own": {
            "assigned": own.assigned,
            "done": own.done,
            "left": own.left,
        },
        "pace": asdict(course.pace(session, person, stage=stage)),
        "all": state.standings(session, stage),
    }
    if stage == Stage.TITLE_ABSTRACT:
        told["course"] = {
            "own": asdict(course.own(session, person, total=own.assigned)),
            "whole": asdict(course.whole(session)),
            "assumptions": stopping.ASSUMPTIONS,
        }
    return told


def _pace(told: dict[str, Any]) -> str:
    seconds, left = told["pace"]["seconds"], told["own"]["left"]
    minutes = left * seconds / 60
    return f"{seconds:.1f} s a record; {left:,} left, about {minutes:.0f} min"


def _course_lines(told: dict[str, Any], who: str) -> list[str]:
    """Say one course in words; nothing before the first record of it is done."""
    found = told.get("course", {}).get(who)
    if not found or not found["screened"]:
        return []
    who = "yours" if who == "own" else "whole"
    seen = f"{found['relevant']:,} relevant among {found['screened']:,}"
    last = f"the last {found['irrelevant_in_a_row']:,} are not"
    lines = [f"{who}: {seen} of {found['total']:,}; {last}"]
    if found["recall"] is not None:
        lines.append(
            f"{who}: recall estimate {found['recall']:.1%}, at least "
            f"{found['recall_at_least']:.1%} (95 % confidence); "
            f"recall below 95 %: p = {found['p']:.4f}"
        )
        lines.append(
            f"{who}: work saved over sampling {found['wss']:.1%}; a relevant record "
            f"stands at {found['atd']:.1f} on average, by lot at "
            f"{found['atd_random']:.1f}"
        )
    if found["rule"] and who == "whole":
        word = "holds" if found["holds"] else "does not hold"
        lines.append(f"stopping rule ({found['rule']}): {word}")
    return lines


@click.command()
@stage_option
@json_option
@pass_app
def stop(app: App, *, stage: str, as_json: bool) -> None:
    """End screening on title and abstract, if the protocol's stopping rule holds.

    What nobody has begun leaves by that rule: PRISMA counts it as excluded by
    automation and names the rule. What is begun is finished. For a lead; `record
    restore` brings a record back.

    \b
    Example:
      litreview screen progress
      litreview screen stop
    """
    from litreview import removal

    done = app.write(lambda session: removal.stop(session, stage=stage, by=app.handle))
    if as_json:
        show_json(asdict(done))
        return
    show(f"{len(done.records):,} records left unscreened by the {done.rule}")
    if done.begun:
        show(f"{done.begun:,} reports have votes already and wait for the others")
