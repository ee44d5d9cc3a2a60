"""`screen start` line by line: for screen readers, plain terminals and scripts.

Nothing is drawn over and no codes are sent. On a terminal a key is read as it is
pressed, and what was typed before a record was on the screen is thrown away: ten keys
typed ahead would be ten blind decisions. Elsewhere each line is one answer.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

from litreview.cli import browse, screen_words
from litreview.cli.keys import END, ask_key, flush_input, read_key
from litreview.cli.screen_words import VERDICT_KEYS
from litreview.cli.sitting import Sight, Sitting
from litreview.cli.verdicts import tell
from litreview.errors import LitreviewError, UsageError
from litreview.text import printable
from litreview.vocabulary import Verdict

# Lines longer than this are hard to read; shorter terminals wrap earlier.
WIDEST = 96


class Plain:
    """The sitting as lines of text; `run` is all of it."""

    def __init__(self, sitting: Sitting) -> None:
        self.sitting = sitting
        self.acts = {
            "u": self._undo,
            "n": self._note,
            "l": self._labels,
            "d": self._duplicate,
            "c": self._criteria,
            "o": self._open,
            "t": self._full_text,
            "?": self._help,
        }

    def run(self) -> None:
        """Show what waits until it is done or the screener quits."""
        sitting = self.sitting
        if not sitting.queue:
            put(
                f"nothing waits for {sitting.person.handle} at {sitting.stage}",
                err=True,
            )
            return
        while (sight := sitting.next()) is not None and self._ask(sight):
            pass
        put(sitting.end(), err=True)

    def _ask(self, sight: Sight) -> bool:
        """Show a record and act on keys until it is dealt with; False to quit."""
        self._show(sight)
        key = ask_key()
        while key not in ("q", END):
            try:
                if self._act(sight, key):
                    return True
            except LitreviewError as error:
                put(str(error), err=True)
            key = read_key()
        self._leave(sight)
        return False

    def _leave(self, sight: Sight) -> None:
        try:
            self.sitting.keep_note(sight.card.record_id)
        except LitreviewError as error:
            put(str(error), err=True)

    def _act(self, sight: Sight, key: str) -> bool:
        """Do what a key asks for; return whether the record is dealt with."""
        if key in VERDICT_KEYS or key == "r":
            return self._vote(sight, key)
        if key == "s":
            self.sitting.skip(sight.card.record_id)
            return True
        if key in self.acts:
            return self.acts[key](sight)
        put(self._keys(), err=True)
        return False

    def _vote(self, sight: Sight, key: str) -> bool:
        sitting, record_id = self.sitting, sight.card.record_id
        verdict = VERDICT_KEYS.get(key, Verdict.EXCLUDE)
        sitting.refuse(verdict)
        reasons: tuple[str, ...] = ("",)
        streams: tuple[str, ...] = ()
        if verdict == Verdict.EXCLUDE and (sitting.rules.reason_required or key == "r"):
            reasons = self._choose("reason", sitting.reasons(), most=1)
            if not reasons:
                return False
        if verdict == Verdict.INCLUDE and sitting.rules.stream_required:
            streams = self._choose("streams", sitting.streams())
            if not streams:
                return False
        sitting.vote(record_id, verdict, reason=reasons[0], streams=streams)
        put(f"  {verdict}: record {record_id} (u takes it back)")
        return True

    def _undo(self, _sight: Sight) -> bool:
        put(f"  taken back: record {self.sitting.undo().record_id}")
        return True

    def _note(self, sight: Sight) -> bool:
        self.sitting.take_note(sight.card.record_id, self._line("note: "))
        return False

    def _labels(self, sight: Sight) -> bool:
        known = self.sitting.labels()
        for number, text in enumerate(known, start=1):
            put(f"  {number:>2}  {text}")
        answer = self._line("label, by number or a new one (Enter goes back): ")
        if answer:
            done = self.sitting.toggle_label(sight.card.record_id, answer, known)
            put(f"  {done}")
        return False

    def _duplicate(self, sight: Sight) -> bool:
        """Ask which record this is a duplicate of, and store that; False if none.

        What comes of it is shown at once: the report with all its records, where it
        still waits for this person, else the next one.
        """
        record_id = sight.card.record_id
        for one in self.sitting.likely(record_id):
            put(f"  {one.record_id}  {one.year or '----'}  {one.title}  ({one.why})")
        answer = self._line("duplicate of record (its id; Enter goes back): ")
        change = self.sitting.duplicate_of(record_id, answer)
        put(f"  {next(screen_words.joined(record_id, answer, change))}")
        tell(change)
        return True

    def _open(self, sight: Sight) -> bool:
        put(f"  {browse.opened(screen_words.link(sight.card))}")
        return False

    def _full_text(self, sight: Sight) -> bool:
        url = self.sitting.full_text(sight.card.record_id)
        put(f"  {browse.opened(url) if url else 'no open-access full text is known'}")
        return False

    # -- the screen -------------------------------------------------------------------

    def _show(self, sight: Sight) -> None:
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            click.clear()
        sitting, card = self.sitting, sight.card
        pace = screen_words.pace(sitting)
        words = (
            sitting.person.handle,
            sitting.stage,
            screen_words.done(sitting),
            *([pace] if pace and sys.stdout.isatty() else []),
        )
        put(" · ".join(words))
        click.echo()
        if card.retracted:
            click.echo("RETRACTED")
        for line in screen_words.facts(card):
            put(line)
        click.echo()
        put(card.abstract or "(no abstract)")
        for line in screen_words.terms(card, sitting.criteria.highlight):
            put(line)
        for line in screen_words.own_words(sight):
            put(line)
        click.echo()
        put(self._keys())

    def _keys(self) -> str:
        return "  ".join(
            f"{key} {word}" for key, word, _told in screen_words.keys(self.sitting)
        )

    def _help(self, _sight: Sight) -> bool:
        for key, _word, told in screen_words.keys(self.sitting):
            put(f"  {key}  {told}")
        return False

    def _criteria(self, _sight: Sight) -> bool:
        for line in screen_words.criteria(self.sitting):
            put(f"  {line}")
        put(self._keys())
        return False

    def _choose(
        self, what: str, choices: Sequence[tuple[str, str]], *, most: int | None = None
    ) -> tuple[str, ...]:
        """Return the keys chosen by number; nothing for an empty answer."""
        for line in numbered(choices):
            put(f"  {line}")
        return chosen(
            self._line(f"{what} by number (Enter goes back): "), choices, most
        )

    @staticmethod
    def _line(prompt: str) -> str:
        flush_input()
        click.echo(prompt, nl=False)
        return sys.stdin.readline().strip()


def numbered(choices: Sequence[tuple[str, str]]) -> list[str]:
    """Return choices, each a key and what it means, with their numbers."""
    return [
        f"{number:>2}  {key}  {label}"
        for number, (key, label) in enumerate(choices, start=1)
    ]


def chosen(
    answer: str, choices: Sequence[tuple[str, str]], most: int | None = None
) -> tuple[str, ...]:
    """Return the keys that an answer names by number; raise `UsageError` for others.

    Numbers are parted by blanks or commas; one that stands twice counts once.
    """
    numbers = answer.replace(",", " ").split()
    known = all(word.isdecimal() and 0 < int(word) <= len(choices) for word in numbers)
    if not known or (answer and not numbers):
        raise UsageError(f"{answer!r} is not in the list")
    keys = tuple(choices[int(word) - 1][0] for word in dict.fromkeys(numbers))
    if most is not None and len(keys) > most:
        raise UsageError("one number only: the first reason that applies")
    return keys


def put(text: str, *, err: bool = False) -> None:
    """Print text wrapped to the terminal, each line of it indented as it begins."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    for line in printable(text, keep_newlines=True).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        click.echo(textwrap.fill(line, width, subsequent_indent=indent), err=err)
