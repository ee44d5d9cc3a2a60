"""code start: one coder, one report after another, line by line.

Each answer is a line, so it works in any terminal, over SSH and from a script. A
passage is stored before the next question. Only the coder's own passages are shown.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.code_quotes import copy_at_hand, stored, tell_look
from litreview.cli.ids import ID
from litreview.cli.output import counted
from litreview.errors import LitreviewError
from litreview.text import printable
from litreview.vocabulary import CmoRole, EvidenceType, Polarity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.codebook import Codebook, Construct
    from litreview.quotations import Copy, Look
    from litreview.screening import Card

KEYS = (
    "p passage  a the same passage again, with another construct  l my passages  "
    "u undo  f finish the report  s skip  q quit"
)
MOST = 9  # constructs in one list
# A terminal that reads lines cuts them here; the rest of a longer one is lost.
CUT = 4_095  # bytes
# Lines longer than this are hard to read; shorter terminals wrap earlier.
WIDEST = 96


class EndedError(Exception):
    """There is no more input."""


@click.command()
@click.option("--record", "record_id", type=ID, help="Only this record's report.")
@pass_app
def start(app: App, *, record_id: int | None) -> None:
    """Code the included reports that wait for you, question by question.

    Paste a passage and end it with an empty line; its page is found where the text
    is at hand. A construct is picked by a part of its name. Enter takes what stands
    in brackets. Every passage is stored at once. Nobody else's passages are shown.

    \b
    Example:
      litreview --as ann code start
      litreview --as ann code start --record 12
    """
    Sitting(app, record_id).run()


class Sitting:
    """A coder at work: the reports that wait, and the report in hand."""

    def __init__(self, app: App, record_id: int | None) -> None:
        from litreview import doublecoding, lookup, passages

        self.app = app

        def begin(session: Session) -> tuple[list[int], list[Codebook]]:
            person = passages.coder(session, app.handle)
            waiting = doublecoding.waiting(session, person)
            if record_id is not None:
                record = lookup.record(session, record_id)
                cluster = record.cluster_id or record.id
                waiting = [one for one in waiting if one == cluster]
            versions = lookup.codebooks(session)
            return waiting, [lookup.parsed_codebook(version) for version in versions]

        self.queue, self.books = app.read(begin)
        self.copy: Copy | None = None
        self.last: tuple[str, str, Look | None] | None = None
        self.made: list[int] = []

    def run(self) -> None:
        """Go through what waits until it is done or the coder leaves."""
        if not self.queue:
            _put("no report waits for you: all are finished or not included", err=True)
            return
        coded = finished = 0
        try:
            while self.queue:
                report = self.queue[0]
                word = self._report(report)
                coded += len(self.made)
                finished += word == "f"
                self.queue.pop(0)
                if word == "s":
                    self.queue.append(report)
                elif word == "q":
                    self.queue.insert(0, report)
                    break
        except EndedError:
            coded += len(self.made)
        _put(
            f"{counted(coded, 'passage')} coded, {counted(finished, 'report')} "
            f"finished, {len(self.queue)} left; all of it is stored",
            err=True,
        )

    # -- one report ------------------------------------------------------------------

    def _report(self, report: int) -> str:
        """Show a report and do what is asked until it is left: f, s or q."""
        from litreview import screening

        self.last, self.made = None, []
        card = self.app.read(lambda session: screening.card(session, report))
        self.copy = copy_at_hand(self.app, report)
        self._show(report, card)
        acts = {"p": self._passage, "a": self._again, "u": self._undo}
        while True:
            key = _line("> ").lower()
            if key in ("s", "q") or (key == "f" and self._finish(report)):
                return key
            if key == "l":
                self._list(report)
            elif key in acts:
                acts[key](report)
            elif key != "f":
                _put(KEYS, err=True)

    def _show(self, report: int, card: Card) -> None:
        _put(f"record {report} · {counted(len(self.queue), 'report')} left")
        where = ", ".join(filter(None, (str(card.year or ""), card.container_title)))
        for line in (card.title or "(no title)", card.authors, where):
            if line:
                _put(line)
        if self.copy is None:
            _put("no text at hand: quotations are not checked")
        else:
            pages = len(self.copy.text.pages)
            _put(f"{self.copy.shown} ({counted(pages, 'page')})")
        _put(KEYS)

    def _finish(self, report: int) -> bool:
        from litreview import doublecoding

        mine = self._mine(report)
        _put(
            f"{counted(len(mine), 'passage')}; what you have not coded counts as absent"
        )
        if _line("finished? y, or Enter to go on: ").lower() != "y":
            return False
        try:
            self.app.write(
                lambda session: doublecoding.finish(session, report, by=self.app.handle)
            )
        except LitreviewError as error:
            _put(str(error), err=True)
            return False
        _put(f"  finished: record {report} (`litreview code reopen-report {report}`)")
        return True

    def _mine(self, report: int) -> list[dict[str, object]]:
        from litreview import coding

        view = coding.View(self.app.handle)
        rows = self.app.read(
            lambda session: coding.codes(session, record_id=report, view=view)
        )
        return [row for row in rows if row["coder"] == self.app.handle]

    def _list(self, report: int) -> None:
        rows = self._mine(report)
        for row in rows:
            quote = " ".join(str(row["quote"]).split())
            _put(f"  {row['code_id']}  {row['construct']}  {row['locator']}  {quote}")
        if not rows:
            _put("  nothing yet")

    def _undo(self, _report: int) -> None:
        from litreview import coding

        if not self.made:
            _put("nothing to undo on this report", err=True)
            return
        code_id = self.made.pop()
        try:
            self.app.write(
                lambda session: coding.retract(
                    session, by=self.app.handle, code_id=code_id, why="undone at once"
                )
            )
        except LitreviewError as error:
            _put(str(error), err=True)
            return
        _put(f"  taken back: code {code_id}")

    # -- one passage -----------------------------------------------------------------

    def _passage(self, report: int) -> None:
        """Ask for a passage and where it stands, then what it shows."""
        quote = _quote()
        if not quote:
            _put("no passage", err=True)
            return
        look = self.copy.look(quote) if self.copy else None
        if self.copy is not None and look is not None:
            tell_look(look, self.copy, "")
            if not look.found and _line("k keeps it, Enter goes back: ") != "k":
                return
        usual = _usual_place(look)
        place = _line(f"page or section{f' [{usual}]' if usual else ''}: ") or usual
        if not place:
            _put("a passage needs a place", err=True)
            return
        self.last = quote, place, look
        self._code(report)

    def _again(self, report: int) -> None:
        if self.last is None:
            _put("no passage yet on this report", err=True)
            return
        self._code(report)

    def _code(self, report: int) -> None:
        """Ask what the passage shows, and store it."""
        from litreview import coding

        assert self.last is not None  # noqa: S101 - both callers see to it
        quote, place, look = self.last
        construct = self._construct()
        if construct is None:
            _put("nothing was coded", err=True)
            return
        role = _one_of("role", list(CmoRole), construct.cmo_role)
        polarity = _one_of("polarity", list(Polarity), Polarity.PRESENT)
        kind = _one_of("evidence", list(EvidenceType), EvidenceType.ILLUSTRATES)
        speaker = _line("speaker's role (Enter: none): ")
        firm = _line("speaker's organisation (Enter: none): ") if speaker else ""
        noted = [
            (name, value)
            for name, values in construct.attributes
            if (value := _one_of(name, values, "") if values else _line(f"{name}: "))
        ]
        passage = coding.Passage(
            construct.id,
            quote,
            place,
            role,
            polarity,
            kind,
            speaker,
            firm,
            tuple(noted),
        )
        try:
            done = stored(self.app, report, passage, look)
        except LitreviewError as error:
            _put(str(error), err=True)
            return
        if not done.new:
            _put("this very passage was coded before; nothing was added", err=True)
            return
        self.made.append(done.code.id)
        _put(f"  code {done.code.id}: {construct.id} ({construct.label}), {place}")

    def _construct(self) -> Construct | None:
        """Ask for a construct by a part of its name; None for an empty answer."""
        from litreview import kinship

        found: list[Construct] = []
        while True:
            words = _line("construct, a part of its name (Enter goes back): ")
            if not words:
                return None
            if words.isdecimal() and 0 < int(words) <= len(found[:MOST]):
                chosen = found[int(words) - 1]
                break
            found = kinship.named(self.books, words)
            if len(found) == 1 or (found and found[0].id == words):
                chosen = found[0]
                break
            for number, construct in enumerate(found[:MOST], start=1):
                _put(f"  {number}  {construct.id}  {construct.label}")
            more = len(found) - MOST
            if more > 0:
                _put(f"  and {more} more: type more of the name")
            _put("a number, or other words" if found else "no construct is called so")
        _put(f"  {chosen.id}: {chosen.definition}")
        for word, text in (("when", chosen.include_when), ("not", chosen.exclude_when)):
            if text:
                _put(f"  {word}: {text}")
        return chosen


def _usual_place(look: Look | None) -> str:
    if look is None or not look.found or not look.page:
        return ""
    page = look.label or look.page
    return f"pp. {page}" if "-" in page else f"p. {page}"


def _one_of(what: str, words: Sequence[str], usual: str) -> str:
    """Return one of some words, chosen by its number; an empty answer is the usual."""
    told = "  ".join(f"{number} {word}" for number, word in enumerate(words, start=1))
    while True:
        answer = _line(f"{what}: {told} [{usual or 'none'}]: ")
        if not answer:
            return str(usual)
        if answer.isdecimal() and 0 < int(answer) <= len(words):
            return str(words[int(answer) - 1])
        if answer in words:
            return answer
        _put(f"{answer!r} is none of them", err=True)


def _quote() -> str:
    """Return the lines up to an empty one, as they are."""
    _put("the passage, word for word; an empty line ends it:")
    lines: list[str] = []
    while line := _read():
        lines.append(line)
    return "\n".join(lines)


def _line(prompt: str) -> str:
    click.echo(prompt, nl=False)
    return _read().strip()


def _read() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EndedError
    if sys.stdin.isatty() and len(line.encode()) >= CUT:
        _put(
            f"the terminal cut this line at {CUT:,} bytes: use `litreview code add ID "
            "CONSTRUCT --quote - < FILE`",
            err=True,
        )
    return line.rstrip("\r\n")


def _put(text: str, *, err: bool = False) -> None:
    """Print text wrapped to the terminal, each line of it indented as it begins."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    for line in printable(text, keep_newlines=True).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        click.echo(textwrap.fill(line, width, subsequent_indent=indent), err=err)
