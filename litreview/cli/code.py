"""`litreview code`: code passages of included reports with constructs."""

from __future__ import annotations

import sys
from typing import TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows
from litreview.vocabulary import CmoRole, EvidenceType, Polarity


class PassageWords(TypedDict):
    """The options of `code add`, named as in `coding.Passage`."""

    quote: str
    locator: str
    role: str | None
    polarity: str
    evidence_type: str
    speaker: str


@click.group()
def code() -> None:
    """Code passages of included reports with constructs.

    A code is a verbatim quotation, the place where it stands, and one construct of
    the codebook. Only reports that are included after full text can be coded.

    \b
    Example:
      litreview code add 12 coh.internal --quote "Sessions build up." --at "p. 4"
      litreview code list --construct coherence
    """


@code.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("construct")
@click.option(
    "--quote", required=True, help="The passage, word for word; - reads stdin."
)
@click.option("--at", "locator", required=True, help="Its page, section or time.")
@click.option(
    "--role",
    type=click.Choice([word.value for word in CmoRole]),
    help="Default: the construct's own.",
)
@click.option(
    "--polarity",
    type=click.Choice([word.value for word in Polarity]),
    default=Polarity.PRESENT.value,
    show_default=True,
    help="Whether the passage finds the construct there.",
)
@click.option(
    "--evidence-type",
    type=click.Choice([word.value for word in EvidenceType]),
    default=EvidenceType.ILLUSTRATES.value,
    show_default=True,
    help="What the passage does with the construct.",
)
@click.option("--speaker", default="", help="Who says it, where a person is quoted.")
@json_option
@pass_app
def add(
    app: App,
    record_id: int,
    construct: str,
    *,
    as_json: bool,
    **words: Unpack[PassageWords],
) -> None:
    """Code a passage of a report with a construct.

    The quotation is stored to the letter, line ends included. Bare groups and
    constructs with facets are refused with the list of facets.

    \b
    Example:
      litreview code add 12 coh.internal --quote "Sessions build up." --at "p. 4"
      litreview code add 12 coh.end_state --quote - --at "section 3" < passage.txt
    """
    import uuid

    from litreview import coding

    if words["quote"] == "-":
        words["quote"] = sys.stdin.read().removesuffix("\n")
    passage = coding.Passage(construct, **words)
    uid = str(uuid.uuid4())  # made once: a repeated unit of work stores it once
    done = app.write(
        lambda session: coding.add(
            session, by=app.handle, record_id=record_id, passage=passage, uid=uid
        )
    )
    if not done.new:
        say("this very passage was coded before; nothing was added")
    if as_json:
        show_json({"code_id": done.code.id, "role": done.code.role, "new": done.new})
    else:
        show(
            f"code {done.code.id}: {construct} ({done.construct.label}) as "
            f"{done.code.role} in record {record_id}, {done.code.locator}"
        )


@code.command("list")
@click.option("--record", "record_id", type=ID, help="Only this record's report.")
@click.option(
    "--construct",
    default="",
    help="Only this construct, or all below a group or parent.",
)
@click.option("--retracted", is_flag=True, help="List retracted codes too.")
@json_option
@pass_app
def list_(
    app: App, record_id: int | None, construct: str, *, retracted: bool, as_json: bool
) -> None:
    """List coded passages.

    A passage counts unless its report is no longer included.

    \b
    Example:
      litreview code list --record 12
      litreview code list --construct coherence --json
    """
    from litreview import coding

    rows = app.read(
        lambda session: coding.codes(
            session, record_id=record_id, construct=construct, retracted=retracted
        )
    )
    columns = ["code_id", "record_id", "construct", "role", "polarity"]
    columns += ["locator", "quote", "coder", "counts"]
    columns += ["retracted"] if retracted else []
    show_rows(rows, columns, as_json=as_json, empty="nothing is coded here yet")


@code.command()
@click.argument("code_id", metavar="ID", type=ID)
@click.option("--why", required=True, help="Why the code was wrong.")
@pass_app
def retract(app: App, code_id: int, why: str) -> None:
    """Take a code back.

    The row stays, with the reason, and counts nowhere from then on. What rests on
    the passage is listed: such an item cannot be traced any more.

    \b
    Example:
      litreview code retract 7 --why "the passage is about another school"
    """
    from litreview import coding

    done = app.write(
        lambda session: coding.retract(session, by=app.handle, code_id=code_id, why=why)
    )
    show(f"code {code_id} is retracted")
    for item_id in done.resting.items:
        say(
            f"item {item_id} rests on it: `litreview item trace {item_id}` now fails "
            f"and names code {code_id}"
        )
    for number in done.resting.configurations:
        say(
            f"configuration {number} rests on it and no longer counts it: "
            f"`litreview cmo show {number}`"
        )
