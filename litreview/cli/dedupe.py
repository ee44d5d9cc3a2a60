"""`litreview dedupe`: find duplicate records and decide on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.dedupe_audit import audit
from litreview.cli.dedupe_import import import_
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json
from litreview.cli.verdicts import tell, undone
from litreview.vocabulary import PairVerdict

if TYPE_CHECKING:
    from litreview.dedupe import Found
    from litreview.pairlist import PairRow

# Plain words: click would ask for the names of enumeration members.
ANSWERS = tuple(
    word.value
    for word in (PairVerdict.DUPLICATE, PairVerdict.SAME_STUDY, PairVerdict.DIFFERENT)
)


JOINED = "one report"  # `pairlist.Effect.JOINED`, which takes long to import


@click.group()
def dedupe() -> None:
    """Find duplicate records and decide on them.

    The machine merges what is sure and asks about the rest. A person's verdict
    always beats the machine's, and every verdict can be taken back: the votes on
    merged records stay with their records.

    \b
    Example:
      litreview dedupe find
      litreview dedupe review
    """


dedupe.add_command(audit)
dedupe.add_command(import_)


@dedupe.command()
@click.option(
    "--threshold",
    type=float,
    metavar="P",
    help="Merge at once from this score on, 0 to 1; default: the matcher's verdict.",
)
@click.option(
    "--all", "anew", is_flag=True, help="Compare all records, not only what is new."
)
@json_option
@pass_app
def find(app: App, threshold: float | None, *, anew: bool, as_json: bool) -> None:
    """Compare the records, merge the sure duplicates, queue the unsure.

    Run it after every harvest or import. The first time it compares all records;
    after that, those that came or changed with all the others, which comes to the
    same. Only what the machine now says differently is stored, and no pair on which
    a person has spoken is touched.

    \b
    Example:
      litreview dedupe find
      litreview dedupe find --threshold 0.9 --json
    """
    from dataclasses import asdict

    from litreview import dedupe as service
    from litreview.cli.steps import steps

    with steps() as told:
        found = service.find(
            app.engine, by=app.handle, threshold=threshold, anew=anew, tell=told
        )
    if as_json:
        show_json(asdict(found))
        return
    _show_found(found)


def _show_found(found: Found) -> None:
    show(
        f"{found.records} records, {found.compared} of them new or changed, "
        f"{found.pairs} pairs alike ({found.seconds:.1f} s)"
    )
    show(
        f"  merged                {found.merged} records, which leaves {found.reports}"
    )
    show(f"  same study            {found.same_study} pairs")
    show(f"  waiting for a person  {found.waiting} pairs")
    show(f"  new since last time   {found.new} verdicts, {found.withdrawn} withdrawn")
    if found.waiting:
        say("next: `litreview dedupe review`")


@dedupe.command("list")
@click.option(
    "--why",
    "record_id",
    type=ID,
    metavar="ID",
    help="Explain this record's report: the chain of pairs that join it, with scores "
    "and reasons, then those that wait, were refused, or keep others out.",
)
@click.option("--all", "everything", is_flag=True, help="List the decided pairs too.")
@json_option
@pass_app
def list_(app: App, record_id: int | None, *, everything: bool, as_json: bool) -> None:
    """List the pairs that wait for a person, with the reasons.

    \b
    Example:
      litreview dedupe list
      litreview dedupe list --why 12
      litreview dedupe list --all --json
    """
    from litreview import pairlist
    from litreview.errors import UsageError

    if record_id is not None and everything:
        raise UsageError("--why and --all are two different lists", fix="use one")
    if record_id is not None:
        number = record_id
        rows = app.read(lambda session: pairlist.explain(session, number))
        empty = f"record {number} is a report of its own; no verdict concerns it"
    elif everything:
        rows = app.read(pairlist.everything)
        empty = "no pairs are known yet; run `litreview dedupe find`"
    else:
        rows = app.read(pairlist.waiting)
        empty = "no pair waits for a person"
    if as_json:
        show_json(rows)
    elif not rows:
        say(empty)
    elif record_id is not None:
        _show_members(rows, record_id)
    for row in () if as_json else rows:
        _show_row(row)


def _show_members(rows: list[PairRow], record_id: int) -> None:
    """Show the report that the rows explain: the chain that joins it comes first."""
    ends = {end for row in rows if row["effect"] == JOINED for end in _ends(row)}
    members = sorted(ends | {record_id})
    show(f"report {members[0]}: records {', '.join(map(str, members))}")


def _ends(row: PairRow) -> tuple[int, int]:
    return row["a"], row["b"]


def _show_row(row: PairRow) -> None:
    score = "" if row["score"] is None else f" {row['score']:.2f}"
    proposal = f" {row['proposal']}" if row["proposal"] else ""
    told = f", {row['verdict']} by {row['by']}" if row["verdict"] else ""
    show(f"{row['a']} {row['b']}  {row['effect']}  (machine:{proposal}{score}{told})")
    show(_line(row["a"], row["year_a"], row["source_a"], row["title_a"]))
    show(_line(row["b"], row["year_b"], row["source_b"], row["title_b"]))
    if row["reasons"]:
        show(f"            because: {'; '.join(row['reasons'])}")
    if row["why"]:
        show(f"            note: {row['why']}")
    for a, b in row["blocked_by"]:
        show(f"            against: {a} and {b} are held apart by a person")


def _line(record_id: int, year: int | None, source: str, title: str) -> str:
    return f"    {record_id:>6}  {year or '----'}  {source}  {title}"


@dedupe.command()
@click.argument("a", type=ID)
@click.argument("b", type=ID)
@click.argument("verdict", type=click.Choice(ANSWERS))
@click.option("--why", default="", help="Your reason, kept with the verdict.")
@pass_app
def decide(app: App, a: int, b: int, verdict: str, why: str) -> None:
    """Say what two records are to each other.

    duplicate: one report, they are screened as one. same_study: one study, two
    reports (a preprint and its article). different: never merge them, whatever
    other links say.

    \b
    Example:
      litreview dedupe decide 12 45 duplicate --why "same DOI in the PDF"
      litreview dedupe decide 12 46 different
    """
    from litreview import dedupe as service
    from litreview import lookup

    change = app.write(
        lambda session: service.decide(
            session, a, b, verdict, by=lookup.person(session, app.handle), why=why
        )
    )
    show(f"{a} and {b}: {verdict}")
    if not change.stored:
        say("you said so before; nothing was added")
    tell(change)


@dedupe.command()
@click.argument("a", type=ID)
@click.argument("b", type=ID)
@pass_app
def undo(app: App, a: int, b: int) -> None:
    """Take back the verdict in force on two records.

    A person's verdict is withdrawn, and what the machine says of the pair holds
    again. Where only the machine has spoken, your "different" is stored instead:
    without it the next `dedupe find` would say the same again.

    \b
    Example:
      litreview dedupe undo 12 45
    """
    from litreview import dedupe as service
    from litreview import lookup

    change = app.write(
        lambda session: service.undo(
            session, a, b, by=lookup.person(session, app.handle)
        )
    )
    show(undone(change))
    tell(change)


@dedupe.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.option("--why", default="", help="Your reason, kept with the verdicts.")
@pass_app
def split(app: App, record_id: int, why: str) -> None:
    """Take a record out of its report.

    Your "different" is stored against every other record of the report, so that
    no chain of links brings it back. All votes stay with the records they were
    cast on.

    \b
    Example:
      litreview dedupe split 45 --why "this is the erratum"
    """
    from litreview import dedupe as service
    from litreview import lookup

    change = app.write(
        lambda session: service.split(
            session, record_id, by=lookup.person(session, app.handle), why=why
        )
    )
    others = [str(end) for pair in change.pairs for end in pair if end != record_id]
    show(f"{record_id} is different from {', '.join(others)}")
    tell(change)


@dedupe.command()
@pass_app
def review(app: App) -> None:
    """Go through the pairs that wait for a person, one key each.

    Keys: d duplicate, s same study, n different (x does it too), k skip, a the whole
    abstracts, u take back your last verdict, also one of an earlier sitting, q quit.
    The likeliest pairs come first. On a terminal the two records stand side by side;
    fields that differ begin with *, words that differ stand in «marks». Each verdict
    is stored at once; keys typed ahead are thrown away. Without a terminal, one line
    is one answer.

    \b
    Example:
      litreview dedupe review
    """
    from litreview.cli.dedupe_review import Review

    Review(app).run()
