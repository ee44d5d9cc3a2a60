"""One screener, one record after another, one key each.

A vote is stored before the next record shows. What was typed before a record was on
the screen is thrown away: ten keys typed ahead would be ten blind decisions. Nothing
here depends on what others said.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App
from litreview.cli.ids import LARGEST
from litreview.cli.keys import END, ask_key, flush_input, read_key
from litreview.cli.screen_order import Learning, arranged
from litreview.errors import LitreviewError
from litreview.text import printable
from litreview.vocabulary import Stage, Verdict

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.models import Person
    from litreview.ordering import Material
    from litreview.protocol import Criteria
    from litreview.screening import Card

VERDICT_KEYS = {"i": Verdict.INCLUDE, "e": Verdict.EXCLUDE, "m": Verdict.MAYBE}
# Lines longer than this are hard to read; shorter terminals wrap earlier.
WIDEST = 96


class Loop:
    """A screener's sitting: the queue, the votes cast, the note on this record."""

    def __init__(self, app: App, stage: str, order: str | None = None) -> None:
        from litreview import lookup

        self.app = app
        self.stage = stage
        self.note = ""
        self.cast: list[int] = []
        self.skipped = 0

        def begin(
            session: Session,
        ) -> tuple[Person, list[int], Material | None, Criteria]:
            person = lookup.actor(session, app.handle)
            queue, material = arranged(session, person, stage=stage, order=order)
            return person, queue, material, lookup.criteria(session)

        self.person, self.queue, material, self.criteria = app.read(begin)
        self.total = len(self.queue)
        self.learning = self._learning(material)

    def _learning(self, material: Material | None) -> Learning | None:
        """Return what learns the order, where there is one to learn."""
        if material is None or not self.queue:
            return None
        put(f"counting the words of {len(material.texts):,} records", err=True)
        learning = Learning(material)
        if not learning.ready:
            put(
                "by lot until one record is included and one is excluded: there is "
                "nothing to learn from yet",
                err=True,
            )
        return learning

    def run(self) -> None:
        """Show what waits until it is done or the screener quits."""
        if not self.queue:
            put(f"nothing waits for {self.person.handle} at {self.stage}", err=True)
            return
        while self.queue:
            if self.learning is not None:
                self.queue = self.learning.order(self.queue)
            record_id = self.queue[0]
            card = self._card(record_id)
            if card is None:
                self.queue.pop(0)
                continue
            if not self._ask(card):
                break
        if self.learning is not None:
            self.learning.end()
        put(
            f"{len(self.cast)} voted on, {self.skipped} skipped, "
            f"{len(self.queue)} left; every vote is stored",
            err=True,
        )

    def _card(self, record_id: int) -> Card | None:
        """Return the record, or None where it no longer waits for this person."""
        from litreview import rounds, screening

        def look(session: Session) -> Card | None:
            waits = rounds.waits(
                session, self.person, stage=self.stage, record_id=record_id
            )
            return screening.card(session, record_id) if waits else None

        return self.app.read(look)

    # -- one record ------------------------------------------------------------------

    def _ask(self, card: Card) -> bool:
        """Show a record and act on keys until it is dealt with; False to quit."""
        self.note = ""
        self._show(card)
        key = ask_key()
        while key not in ("q", END):
            if key in VERDICT_KEYS and self._vote(card, VERDICT_KEYS[key]):
                self.queue.pop(0)
                return True
            if key == "s":
                self.skipped += 1
                self.queue.append(self.queue.pop(0))
                if self.learning is not None:
                    self.learning.put_off(card.record_id)
                return True
            if key == "u" and self._undo():
                return True
            if key == "n":
                self.note = self._line("note: ")
            elif key == "c":
                self._show_criteria()
            elif key == "d" and self._duplicate(card):
                return True
            elif key not in (*VERDICT_KEYS, "u", "d"):
                put(self._keys(), err=True)
            key = read_key()
        return False

    def _vote(self, card: Card, verdict: Verdict) -> bool:
        from litreview import lookup, screening

        rules = self.criteria.rules(Stage(self.stage))
        if verdict not in rules.verdicts:
            put(f"{verdict} is no verdict at {self.stage}", err=True)
            return False
        reason = ""
        streams: tuple[str, ...] = ()
        if verdict == Verdict.EXCLUDE and rules.reason_required:
            reason = self._choose(
                "reason",
                [
                    (entry.key, entry.label)
                    for entry in self.criteria.reasons(self.stage)
                ],
            )
            if not reason:
                return False
        if verdict == Verdict.INCLUDE and rules.stream_required:
            choices = [(entry.id, entry.label) for entry in self.criteria.streams]
            streams = self._choose_many("streams", choices)
            if not streams:
                return False
        ballot = screening.Ballot(
            card.record_id, self.stage, verdict, reason, streams, self.note
        )
        try:
            self.app.write(
                lambda session: screening.decide(
                    session,
                    ballot,
                    screener=lookup.actor(session, self.person.handle),
                )
            )
        except LitreviewError as error:
            put(str(error), err=True)
            return False
        self.cast.append(card.record_id)
        if self.learning is not None:
            relevant = verdict != Verdict.EXCLUDE
            self.learning.heard(card.record_id, relevant=relevant)
        put(f"  {verdict}: record {card.record_id} (u takes it back)")
        return True

    def _undo(self) -> bool:
        """Take the last vote of this sitting back and put its record first."""
        from litreview import lookup, screening

        if not self.cast:
            put("nothing to undo in this sitting", err=True)
            return False
        record_id = self.cast.pop()
        try:
            self.app.write(
                lambda session: screening.withdraw(
                    session,
                    record_id,
                    stage=self.stage,
                    screener=lookup.actor(session, self.person.handle),
                )
            )
        except LitreviewError as error:
            put(str(error), err=True)
            return False
        self.queue.insert(0, record_id)
        if self.learning is not None:
            self.learning.taken_back(record_id)
        put(f"  taken back: record {record_id}")
        return True

    def _duplicate(self, card: Card) -> bool:
        """Ask which record this is a duplicate of, and store that; False if none.

        What comes of it is shown at once: the report with all its records, where it
        still waits for this person, else the next one.
        """
        from litreview import dedupe, lookup, packfile, pairlist
        from litreview.cli.verdicts import tell
        from litreview.vocabulary import PairVerdict

        url = self.app.engine.url
        if url.get_backend_name() == "sqlite" and packfile.is_pack(
            Path(url.database or "")
        ):
            put("a pack takes votes only: note it (n), and decide in the review")
            return False
        for one in self.app.read(lambda s: pairlist.likely(s, card.record_id)):
            put(f"  {one.record_id}  {one.year or '----'}  {one.title}  ({one.why})")
        answer = self._line("duplicate of record (its id; Enter goes back): ")
        if not answer.isdecimal() or int(answer) > LARGEST:
            put(f"{answer!r} is no record id" if answer else "no record", err=True)
            return False
        try:
            change = self.app.write(
                lambda session: dedupe.decide(
                    session,
                    card.record_id,
                    int(answer),
                    PairVerdict.DUPLICATE,
                    by=lookup.actor(session, self.person.handle),
                    why="seen in screening",
                )
            )
        except LitreviewError as error:
            put(str(error), err=True)
            return False
        undo = f"litreview dedupe undo {card.record_id} {answer}"
        put(f"  duplicate of record {answer} (`{undo}` takes it back)")
        tell(change)
        return True

    # -- the screen -------------------------------------------------------------------

    def _show(self, card: Card) -> None:
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            click.clear()
        done = self.total - len(self.queue)
        put(f"{self.person.handle} · {self.stage} · {done} of {self.total} done")
        click.echo()
        if card.retracted:
            click.echo("RETRACTED")
        for line in self._facts(card):
            put(line)
        click.echo()
        put(card.abstract or "(no abstract)")
        click.echo()
        put(self._keys())

    @staticmethod
    def _facts(card: Card) -> list[str]:
        where = ", ".join(filter(None, (str(card.year or ""), card.container_title)))
        link = f"https://doi.org/{card.doi}" if card.doi else card.url
        together = f"{card.records} records of one report" if card.records > 1 else ""
        lines = [card.title or "(no title)", card.authors, where, card.type, link]
        return [line for line in (*lines, together) if line]

    def _keys(self) -> str:
        maybe = Verdict.MAYBE in self.criteria.rules(Stage(self.stage)).verdicts
        return (
            "i include  e exclude  "
            + ("m maybe  " if maybe else "")
            + "s skip  n note  d duplicate of  u undo  c criteria  q quit"
        )

    def _show_criteria(self) -> None:
        for criterion in self.criteria.inclusion:
            put(f"  {criterion.id}  {criterion.text}")
        for entry in self.criteria.reasons(self.stage):
            put(f"  {entry.key}  {entry.label}")
        for sentence in self.criteria.guidance:
            put(f"  * {sentence}")
        put(self._keys())

    def _choose(self, what: str, choices: Sequence[tuple[str, str]]) -> str:
        chosen = self._choose_many(what, choices)
        if len(chosen) > 1:
            put("one number only: the first reason that applies", err=True)
            return ""
        return chosen[0] if chosen else ""

    def _choose_many(
        self, what: str, choices: Sequence[tuple[str, str]]
    ) -> tuple[str, ...]:
        """Return the keys chosen by number; nothing for an empty or bad answer."""
        for number, (key, label) in enumerate(choices, start=1):
            put(f"  {number:>2}  {key}  {label}")
        answer = self._line(f"{what} by number (Enter goes back): ")
        numbers = answer.replace(",", " ").split()
        if not all(
            word.isdecimal() and 0 < int(word) <= len(choices) for word in numbers
        ):
            put(f"{answer!r} is not in the list", err=True)
            return ()
        return tuple(choices[int(word) - 1][0] for word in dict.fromkeys(numbers))

    @staticmethod
    def _line(prompt: str) -> str:
        flush_input()
        click.echo(prompt, nl=False)
        return sys.stdin.readline().strip()


def put(text: str, *, err: bool = False) -> None:
    """Print text wrapped to the terminal, each line of it indented as it begins."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    for line in printable(text, keep_newlines=True).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        click.echo(textwrap.fill(line, width, subsequent_indent=indent), err=err)
