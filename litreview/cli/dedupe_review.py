"""The loop of `litreview dedupe review`: a card, a key, a stored verdict.

The queue is asked again after every verdict, since one answer may settle other
pairs. Undo takes back the person's own verdicts only, the newest first: those of
this sitting, then those of earlier ones.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from litreview import dedupe as service
from litreview import lookup, pairlist, pairs
from litreview.cli import keys, pair_card
from litreview.cli.app import App
from litreview.cli.output import say, show
from litreview.cli.verdicts import tell, undone
from litreview.models import Record
from litreview.pairs import Pair, Waiting
from litreview.vocabulary import PairVerdict

VERDICTS = {
    "d": PairVerdict.DUPLICATE,
    "s": PairVerdict.SAME_STUDY,
    "n": PairVerdict.DIFFERENT,
    "x": PairVerdict.DIFFERENT,
}
KEYS = "d duplicate  s same study  n different  k skip  a abstracts  u undo  q quit"
FOOT = 2  # lines below the card: the keys, the cursor


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
            if not self._answer(left[0], len(left)):
                break
        say(f"{len(self.decided)} decided, {len(self.skipped)} skipped")

    def _answer(self, waiting: Waiting, left: int) -> bool:
        """Take keys until one settles this card; return False to stop."""
        pair = (waiting.a_id, waiting.b_id)
        while True:
            key = keys.ask_key()
            if key in {"q", keys.END}:
                return False
            if key == "k":
                self.skipped.add(pair)
                return True
            if key == "a":
                self._show(waiting, left, whole=True)
                continue
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
        """Take back this person's newest verdict; return whether there was one."""
        pair = self.app.read(lambda s: pairlist.newest_of(s, self.app.handle))
        if pair is None:
            say("there is nothing to undo yet")
            return False
        change = self.app.write(
            lambda session: service.undo(
                session, *pair, by=lookup.person(session, self.app.handle)
            )
        )
        say(undone(change))
        tell(change)
        if pair in self.decided:
            self.decided.remove(pair)
        else:
            say("that was a verdict of an earlier sitting")
        self.skipped.discard(pair)
        return True

    def _show(self, pair: Waiting, left: int, *, whole: bool = False) -> None:
        def look(session: Session) -> tuple[Record, Record]:
            return lookup.record(session, pair.a_id), lookup.record(session, pair.b_id)

        a, b = self.app.read(look)
        lines = [
            "",
            f"records {a.id} and {b.id}   score {pair.score:.2f}   {left} left",
        ]
        if pair.reasons:
            lines.append(f"because: {'; '.join(pair.reasons)}")
        lines += [
            f"against: {wall.a_id} and {wall.b_id} are {wall.verdict} by a person"
            for wall in pair.blocked_by
        ]
        for line in lines:
            show(line)
        pair_card.put(a, b, used=pair_card.height(lines) + FOOT, whole=whole)
        show(KEYS)
