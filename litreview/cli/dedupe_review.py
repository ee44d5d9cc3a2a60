"""The loop of `litreview dedupe review`: a card, a key, a stored verdict.

The two records stand one under the other, field by field, so that the screen can
be narrow and a screen reader reads them in order; fields that differ begin with a
star. The queue is asked again after every verdict, since one answer may settle
other pairs.
"""

from __future__ import annotations

from litreview import dedupe as service
from litreview import lookup, pairs
from litreview.cli import keys
from litreview.cli.app import App
from litreview.cli.dedupe import tell, undone
from litreview.cli.output import say, show
from litreview.models import Record
from litreview.pairs import Pair, Waiting
from litreview.text import title_key
from litreview.vocabulary import PairVerdict

VERDICTS = {
    "d": PairVerdict.DUPLICATE,
    "s": PairVerdict.SAME_STUDY,
    "x": PairVerdict.DIFFERENT,
}
KEYS = "d duplicate  s same study  x different  k skip  u undo  q quit"
FIELDS = (
    "title",
    "authors",
    "year",
    "container_title",
    "volume",
    "issue",
    "pages",
    "doi",
    "type",
    "source",
    "abstract",
)
ABSTRACT_LENGTH = 400  # characters; enough to tell two abstracts apart


class Review:
    """One person's walk through the queue; what was skipped does not come back."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.skipped: set[Pair] = set()
        self.decided: list[Pair] = []

    def run(self) -> None:
        """Show a card and take a key until the queue, the input or the person ends."""
        self.app.read(
            lambda session: lookup.actor(
                session, self.app.handle, roles=service.DECIDERS
            )
        )
        while True:
            left = [
                pair
                for pair in self.app.read(pairs.undecided)
                if (pair.a_id, pair.b_id) not in self.skipped
            ]
            if not left:
                say("no more pairs wait for you")
                break
            self._show(left[0], len(left))
            if not self._answer((left[0].a_id, left[0].b_id)):
                break
        say(f"{len(self.decided)} decided, {len(self.skipped)} skipped")

    def _answer(self, pair: Pair) -> bool:
        """Take keys until one settles this card; return False to stop."""
        while True:
            key = keys.ask_key()
            if key in {"q", keys.END}:
                return False
            if key == "k":
                self.skipped.add(pair)
                return True
            if key == "u" and self._undo():
                return True
            if key in VERDICTS:
                self._decide(pair, VERDICTS[key])
                return True
            if key != "u":
                say(f"{key.strip() or 'Enter'!r} is no key here: {KEYS}")

    def _decide(self, pair: Pair, verdict: PairVerdict) -> None:
        change = self.app.write(
            lambda session: service.decide(
                session, *pair, verdict, by=lookup.person(session, self.app.handle)
            )
        )
        say(f"{pair[0]} and {pair[1]}: {verdict}")
        tell(change)
        self.decided.append(pair)
        if change.refused:
            # It still waits, and asking the same person again gets nowhere.
            self.skipped.add(pair)

    def _undo(self) -> bool:
        """Take back the last verdict of this walk; return whether there was one."""
        if not self.decided:
            say("there is nothing to undo yet")
            return False
        pair = self.decided.pop()
        change = self.app.write(
            lambda session: service.undo(
                session, *pair, by=lookup.person(session, self.app.handle)
            )
        )
        say(undone(change))
        tell(change)
        self.skipped.discard(pair)
        return True

    def _show(self, pair: Waiting, left: int) -> None:
        a, b = self.app.read(
            lambda session: (
                lookup.record(session, pair.a_id),
                lookup.record(session, pair.b_id),
            )
        )
        show("")
        show(f"records {a.id} and {b.id}   score {pair.score:.2f}   {left} left")
        if pair.reasons:
            show(f"because: {'; '.join(pair.reasons)}")
        for wall in pair.blocked_by:
            show(f"against: {wall.a_id} and {wall.b_id} are {wall.verdict} by a person")
        for line in card(a, b):
            show(line)
        show(KEYS)


def card(a: Record, b: Record) -> list[str]:
    """Return the lines that show two records; a star marks what differs."""
    lines = []
    for field in FIELDS:
        one, other = _shown(a, field), _shown(b, field)
        if not one and not other:
            continue
        name = field.replace("container_title", "in")
        if title_key(one) == title_key(other):
            lines.append(f"  {name:<9} {one}")
        else:
            lines += [
                f"* {name:<9} {one or '(none)'}",
                f"* {'':<9} {other or '(none)'}",
            ]
    return lines


def _shown(record: Record, field: str) -> str:
    value = getattr(record, field)
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= ABSTRACT_LENGTH else text[:ABSTRACT_LENGTH] + " ..."
