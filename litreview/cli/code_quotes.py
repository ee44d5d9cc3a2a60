"""code verify, and the look for a quotation that `code add` and `code start` take."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import counted, json_option, say, show, show_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.coding import Coded, Passage
    from litreview.quotations import Copy, Due, Look
    from litreview.synthesis import QuoteCheck

Row = dict[str, object]


def copy_at_hand(app: App, record_id: int) -> Copy | None:
    """Return the text of a record's report, or None where none can be read.

    A text that is recorded and cannot be read is told; that there is none is told
    to those who want to hear more.
    """
    from litreview import quotations

    stored = app.read(lambda session: quotations.place(session, record_id))
    if not stored:
        if app.verbose:
            say(f"no text of record {record_id} is at hand: the quote is not checked")
        return None
    return opened(app, stored)


def opened(app: App, stored: str) -> Copy | None:
    """Return the text at a stored place; tell why it cannot be read."""
    from litreview import quotations
    from litreview.errors import LitreviewError

    try:
        copy = quotations.open_copy(app.workspace.root, stored)
    except LitreviewError as error:
        say(f"the quotation is not checked: {error}")
        return None
    if quotations.changed(copy, stored):
        say(f"{copy.shown} is another file than when it was recorded")
    return copy


def tell_look(look: Look, copy: Copy, locator: str) -> None:
    """Say whether a quotation stands in a text; nothing is forbidden by it."""
    from litreview import quotations

    if not look.found:
        where = f" on page {look.page}" if look.page else ""
        near = f": {look.nearest}" if look.nearest else ""
        say(
            f"warning: the quotation was not found in {copy.shown}; nearest"
            f"{where} ({look.score:.0%} alike){near}"
            if near
            else f"warning: the quotation was not found in {copy.shown}, nor "
            "anything like it"
        )
        return
    page = f"on page {look.page} of" if look.page else "in"
    say(f"the quotation stands {page} {copy.shown}")
    if locator and quotations.elsewhere(locator, look):
        say(
            f"warning: it is said to stand at {locator}, and the file has it on page "
            f"{look.page}; printed page numbers often differ from the file's"
        )


def stored(app: App, record_id: int, passage: Passage, look: Look | None) -> Coded:
    """Store a passage, and what came of the look for its quotation, as one act."""
    from litreview import coding, lookup, quotations

    uid = str(uuid.uuid4())  # made once: a repeated unit of work stores it once

    def work(session: Session) -> Coded:
        done = coding.add(
            session, by=app.handle, record_id=record_id, passage=passage, uid=uid
        )
        if look is not None:
            by = lookup.person(session, app.handle)
            quotations.store(session, {done.code.id: look}, by=by)
        return done

    return app.write(work)


@click.command()
@click.argument("code_ids", metavar="[ID]...", type=ID, nargs=-1)
@click.option("--record", "record_id", type=ID, help="Only this record's report.")
@click.option(
    "--again", is_flag=True, help="Look again for what was looked for in the same file."
)
@json_option
@pass_app
def verify(
    app: App,
    code_ids: tuple[int, ...],
    *,
    record_id: int | None,
    again: bool,
    as_json: bool,
) -> None:
    """Look for the quotations of coded passages in the texts that are at hand.

    A text is at hand where `fulltext set` or `fulltext import` recorded a PDF, text,
    HTML or Markdown file. Blanks, line ends, hyphens and the shape of quotation marks
    make no difference; [...] stands for words left out. A quotation that is not found
    is a warning with the nearest passage.

    \b
    Example:
      litreview code verify
      litreview code verify 7 8 --json
    """
    from litreview import passages, quotations

    def begin(
        session: Session,
    ) -> tuple[list[Due], dict[int, str], dict[int, QuoteCheck]]:
        person = passages.coder(session, app.handle)
        wanted = quotations.due(session, person, code_ids=code_ids, record_id=record_id)
        return wanted, quotations.places(session), quotations.newest(session)

    wanted, places, before = app.read(begin)
    rows: list[Row] = []
    looks: dict[int, Look] = {}
    for cluster in sorted({one.cluster for one in wanted}):
        mine = [one for one in wanted if one.cluster == cluster]
        known = {} if again else before
        rows += _looked_for(app, mine, places.get(cluster, ""), known, looks)

    def store(session: Session) -> int:
        person = passages.coder(session, app.handle)
        return len(quotations.store(session, looks, by=person))

    stored = app.write(store) if looks else 0
    rows.sort(key=lambda row: int(str(row["code_id"])))
    if as_json:
        show_json({**_counts(rows), "stored": stored, "codes": rows})
        return
    _tell(rows)


def _looked_for(
    app: App,
    wanted: list[Due],
    stored: str,
    before: dict[int, QuoteCheck],
    looks: dict[int, Look],
) -> list[Row]:
    """Return what became of one report's passages; add the new looks to `looks`."""
    from litreview import quotations
    from litreview.sources.texts import sha256_of

    if not stored:
        return [_row(one, "no text") for one in wanted]
    digest = sha256_of(quotations.file_at(app.workspace.root, stored))
    rows = []
    due = []
    for one in wanted:
        check = before.get(one.code_id)
        if check is not None and check.sha256 == digest:
            rows.append(_row(one, "yes" if check.found else "no", check))
        else:
            due.append(one)
    copy = opened(app, stored) if due else None
    for one in due:
        if copy is None:
            rows.append(_row(one, "unreadable"))
            continue
        look = looks[one.code_id] = copy.look(one.quote)
        differs = quotations.elsewhere(one.locator, look)
        row = _row(one, "yes" if look.found else "no", look)
        rows.append({**row, "elsewhere": differs, "file": copy.shown})
    return rows


def _row(one: Due, verified: str, look: Look | QuoteCheck | None = None) -> Row:
    return {
        "code_id": one.code_id,
        "record_id": one.record_id,
        "construct": one.construct,
        "verified": verified,
        "page": look.page if look else "",
        "locator": one.locator,
        "elsewhere": False,
        "score": look.score if look else None,
        "nearest": look.nearest if look else "",
        "file": "",
    }


def _counts(rows: list[Row]) -> Row:
    words = {"found": "yes", "not_found": "no", "no_text": "no text"}
    words["unreadable"] = "unreadable"
    found: Row = {"passages": len(rows)}
    for name, word in words.items():
        found[name] = sum(row["verified"] == word for row in rows)
    return found


def _tell(rows: list[Row]) -> None:
    for row in rows:
        head = f"code {row['code_id']} (record {row['record_id']}, {row['locator']})"
        if row["verified"] == "no":
            near = f"; nearest: {row['nearest']}" if row["nearest"] else ""
            say(f"warning: {head} was not found{near}")
        elif row["elsewhere"]:
            say(f"warning: {head} stands on page {row['page']} of {row['file']}")
    told = _counts(rows)
    show(
        f"{counted(len(rows), 'passage')}: {told['found']} found, "
        f"{told['not_found']} not found, {told['no_text']} without a text at hand, "
        f"{told['unreadable']} whose text cannot be read"
    )
