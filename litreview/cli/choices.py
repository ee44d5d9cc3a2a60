"""Options that several commands share."""

from __future__ import annotations

import click

from litreview.vocabulary import Stage, Verdict

STAGES = [str(stage) for stage in Stage]
VERDICTS = [str(verdict) for verdict in Verdict]

stage_option = click.option(
    "--stage",
    type=click.Choice(STAGES),
    default=str(Stage.TITLE_ABSTRACT),
    show_default=True,
    help="The stage of screening.",
)
any_stage_option = click.option(
    "--stage", type=click.Choice(STAGES), help="Only this stage; default: both."
)
reason_option = click.option(
    "--reason",
    metavar="KEY",
    default="",
    help="The primary reason of an exclusion, a key of screening/criteria.yaml.",
)
stream_option = click.option(
    "--stream",
    "streams",
    metavar="S",
    multiple=True,
    help="A stream that the inclusion serves; may be given more than once.",
)
