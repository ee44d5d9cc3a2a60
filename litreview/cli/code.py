"""`litreview code`: code passages of included reports with constructs."""

from __future__ import annotations

import sys
from typing import TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.code_double import (
    agreement,
    conflicts,
    finish,
    open_,
    reopen_report,
    settle,
)
from litreview.cli.code_quotes import verify
from litreview.cli.code_resting import tell_resting
from litreview.cli.code_start import start
from litreview.cli.code_versions import carry, outdated, reopen
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
    organisation: str


class AttributeType(click.ParamType[tuple[str, str]]):
    """A name and a value: NAME=VALUE."""

    name = "name=value"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        """Return both, or fail where one is missing."""
        if isinstance(value, tuple):
            return value
        name, sign, word = str(value).partition("=")
        if not (sign and name.strip() and word.strip()):
            self.fail(f"{value!r} is not NAME=VALUE", param, ctx)
        return name.strip(), word.strip()


ATTRIBUTE = AttributeType()


@click.group()
def code() -> None:
    """Code passages of included reports with constructs.

    A code is a verbatim quotation, the place where it stands, and one construct of
    the codebook. Only reports that are included after full text can be coded. Coders
    work independently: each sees only their own passages on a report until two have
    finished it.

    \b
    Example:
      litreview code start
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
@click.option("--speaker", default="", help="The role of whoever is quoted.")
@click.option("--organisation", default="", help="Where whoever is quoted works.")
@click.option(
    "--attribute",
    "attributes",
    metavar="NAME=VALUE",
    type=ATTRIBUTE,
    multiple=True,
    help="What the codebook lets you note beside this construct; may be repeated.",
)
@json_option
@pass_app
def add(
    app: App,
    record_id: int,
    construct: str,
    *,
    attributes: tuple[tuple[str, str], ...],
    as_json: bool,
    **words: Unpack[PassageWords],
) -> None:
    """Code a passage of a report with a construct.

    The quotation is stored to the letter, line ends included. With the report's text
    at hand it is looked for there at once, and its page is told. Bare groups and
    constructs with facets are refused with the list of facets.

    \b
    Example:
      litreview code add 12 coh.internal --quote "Sessions build up." --at "p. 4"
      litreview code add 12 coh.end_state --quote - --at "section 3" < passage.txt
    """
    from litreview import coding
    from litreview.cli.code_quotes import copy_at_hand, stored, tell_look

    if words["quote"] == "-":
        words["quote"] = sys.stdin.read().removesuffix("\n")
    passage = coding.Passage(construct, **words, attributes=attributes)
    copy = copy_at_hand(app, record_id)
    look = copy.look(passage.quote) if copy else None
    done = stored(app, record_id, passage, look)
    if not done.new:
        say("this very passage was coded before; nothing was added")
    if copy is not None and look is not None:
        tell_look(look, copy, passage.locator)
    if as_json:
        found = {"verified": look.found, "page": look.page} if look else {}
        told = {"code_id": done.code.id, "role": done.code.role, "new": done.new}
        show_json({**told, **found})
    else:
        show(
            f"code {done.code.id}: {construct} ({done.construct.label}) as "
            f"{done.code.role} in record {record_id}, {done.code.locator}"
        )


class Sought(TypedDict):
    """The options of `code list` that `coding.View` takes."""

    evidence_type: str | None
    speaker: str
    organisation: str
    attributes: tuple[tuple[str, str], ...]


@code.command("list")
@click.option("--record", "record_id", type=ID, help="Only this record's report.")
@click.option(
    "--construct",
    default="",
    help="Only this construct, or all below a group or parent.",
)
@click.option(
    "--evidence-type",
    type=click.Choice([word.value for word in EvidenceType]),
    help="Only this type of evidence.",
)
@click.option("--speaker", default="", help="Only where the speaker's role has this.")
@click.option("--organisation", default="", help="Only where the organisation has it.")
@click.option(
    "--attribute",
    "attributes",
    metavar="NAME=VALUE",
    type=ATTRIBUTE,
    multiple=True,
    help="Only passages with this noted; may be repeated.",
)
@click.option("--retracted", is_flag=True, help="List retracted codes too.")
@json_option
@pass_app
def list_(
    app: App,
    record_id: int | None,
    construct: str,
    *,
    retracted: bool,
    as_json: bool,
    **words: Unpack[Sought],
) -> None:
    """List coded passages that you may see.

    A passage counts unless its report is no longer included. Reports are coded
    independently: others' passages on a report are shown when two coders have
    finished it, or a lead has opened it, and not while you are coding it yourself.
    A lead and a reader see all on reports that they do not code.

    \b
    Example:
      litreview code list --record 12
      litreview code list --construct coherence --evidence-type tests --json
    """
    from litreview import coding

    rows = app.read(
        lambda session: coding.codes(
            session,
            record_id=record_id,
            construct=construct,
            retracted=retracted,
            view=coding.View(app.handle, **words),
        )
    )
    columns = ["code_id", "record_id", "construct", "role", "polarity"]
    columns += ["locator", "verified", "quote", "coder", "counts"]
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
    tell_resting(code_id, done.resting)


for command in (
    *(start, verify, finish, reopen_report, open_, agreement, conflicts, settle),
    *(outdated, carry, reopen),
):
    code.add_command(command)
