"""A screener's sitting: what waits, what was said in it, and how far it has come.

It knows no keys and no screen: `screen_plain` and `screen_full` are its two faces, and
both do the same by it. Each act is one transaction, and has returned only when it is
stored; what cannot be done raises `LitreviewError` and changes nothing, so that the
record stays. Nothing here depends on what others said.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from litreview.cli.app import App
from litreview.cli.ids import LARGEST
from litreview.cli.screen_order import Learning, arranged
from litreview.errors import DatabaseError, LitreviewError, UsageError
from litreview.vocabulary import Annotation, PairVerdict, Stage, Verdict

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.annotations import Said
    from litreview.grouping import Change
    from litreview.models import Person
    from litreview.ordering import Material
    from litreview.pairlist import Likeness
    from litreview.protocol import Criteria, StageRules
    from litreview.screening import Card

T = TypeVar("T")
Tell = Callable[[str], None]

# Records of which the pace is told, and the longest time that one of them may have
# taken (seconds): whoever is away for longer is not screening.
PACE_OF = 20
PAUSE = 300.0


@dataclass(frozen=True)
class Sight:
    """A record as it is put before a person: the card, and their own words beside it.

    `note` is what they have noted since it appeared; it goes with their vote.
    """

    card: Card
    own: tuple[Said, ...] = ()
    note: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The person's own labels on this report."""
        found = (one.text for one in self.own if one.kind == Annotation.LABEL)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Cast:
    """A vote of this sitting, to be taken back."""

    record_id: int
    verdict: str
    note: str


class Sitting:
    """The queue of one person at one stage, and the votes they cast on it now."""

    def __init__(
        self, app: App, stage: str, order: str | None = None, *, tell: Tell
    ) -> None:
        from litreview import lookup

        self.app = app
        self.stage = stage
        self.cast: list[Cast] = []
        self.skipped = 0
        self._notes: dict[int, str] = {}
        self._times: list[float] = []

        def begin(
            session: Session,
        ) -> tuple[Person, list[int], Material | None, Criteria]:
            person = lookup.actor(session, app.handle)
            queue, material = arranged(session, person, stage=stage, order=order)
            return person, queue, material, lookup.criteria(session)

        self.person, self.queue, material, self.criteria = app.read(begin)
        self.total = len(self.queue)
        self.learning = self._learning(material, tell)

    def _learning(self, material: Material | None, tell: Tell) -> Learning | None:
        """Return what learns the order, where there is one to learn."""
        if material is None or not self.queue:
            return None
        tell(f"counting the words of {len(material.texts):,} records")
        learning = Learning(material)
        if not learning.ready:
            tell(
                "by lot until one record is included and one is excluded: there is "
                "nothing to learn from yet"
            )
        return learning

    # -- what there is ---------------------------------------------------------------

    @property
    def rules(self) -> StageRules:
        """What a vote must say here."""
        return self.criteria.rules(Stage(self.stage))

    @property
    def done(self) -> int:
        """How many of the records that waited at the beginning wait no more."""
        return self.total - len(self.queue)

    @property
    def in_pack(self) -> bool:
        """Whether this is a pack, which brings back votes and nothing else."""
        from litreview import packfile

        url = self.app.engine.url
        return url.get_backend_name() == "sqlite" and packfile.is_pack(
            Path(url.database or "")
        )

    @property
    def seconds_each(self) -> float | None:
        """How long a record has taken of late, in seconds; None before the second."""
        pairs = zip(self._times, self._times[1:], strict=False)
        gaps = [after - before for before, after in pairs if after - before <= PAUSE]
        return median(gaps[-PACE_OF:]) if gaps else None

    def next(self) -> Sight | None:
        """Return the first record that still waits, or None where none does."""
        if self.learning is not None:
            self.queue = self.learning.order(self.queue)
        while self.queue:
            sight = self.look(self.queue[0])
            if sight is not None:
                return sight
            self.queue.pop(0)
        return None

    def look(self, record_id: int) -> Sight | None:
        """Return a record as it is now, or None where it no longer waits for them."""
        from litreview import annotations, rounds, screening

        def read(session: Session) -> Sight | None:
            if not rounds.waits(
                session, self.person, stage=self.stage, record_id=record_id
            ):
                return None
            own = annotations.own(session, record_id, by=self.person)
            note = self._notes.get(record_id, "")
            return Sight(screening.card(session, record_id), tuple(own), note)

        return self._do(self.app.read, read)

    # -- votes -----------------------------------------------------------------------

    def refuse(self, verdict: str) -> None:
        """Raise `UsageError` for a verdict that this stage does not have."""
        if verdict not in self.rules.verdicts:
            raise UsageError(f"{verdict} is no verdict at {self.stage}")

    def reasons(self) -> list[tuple[str, str]]:
        """Return the reasons of this stage, key and label, in their order."""
        return [(entry.key, entry.label) for entry in self.criteria.reasons(self.stage)]

    def streams(self) -> list[tuple[str, str]]:
        """Return the streams, key and label."""
        return [(entry.id, entry.label) for entry in self.criteria.streams]

    def vote(
        self,
        record_id: int,
        verdict: str,
        *,
        reason: str = "",
        streams: tuple[str, ...] = (),
    ) -> None:
        """Store a vote; it is on the disk when this returns."""
        from litreview import lookup, screening

        note = self._notes.get(record_id, "")
        ballot = screening.Ballot(record_id, self.stage, verdict, reason, streams, note)
        self._do(
            self.app.write,
            lambda session: screening.decide(
                session, ballot, screener=lookup.actor(session, self.person.handle)
            ),
        )
        self.cast.append(Cast(record_id, verdict, note))
        self._notes.pop(record_id, None)
        self._times.append(time.monotonic())
        self._leave(record_id)
        if self.learning is not None:
            relevant = verdict != Verdict.EXCLUDE
            self.learning.heard(record_id, relevant=relevant)

    def undo(self) -> Cast:
        """Take the last vote of this sitting back and put its record first.

        What no longer is there to take back is told and passed over.
        """
        from litreview import lookup, screening

        if not self.cast:
            raise UsageError("nothing to undo in this sitting")
        last = self.cast[-1]
        try:
            self._do(
                self.app.write,
                lambda session: screening.withdraw(
                    session,
                    last.record_id,
                    stage=self.stage,
                    screener=lookup.actor(session, self.person.handle),
                ),
            )
        except DatabaseError:
            raise  # it may be there to take back when the database is
        except LitreviewError:
            self.cast.pop()
            raise
        self.cast.pop()
        self._times.pop()
        self._leave(last.record_id)
        self.queue.insert(0, last.record_id)
        if last.note:
            self._notes[last.record_id] = last.note
        if self.learning is not None:
            self.learning.taken_back(last.record_id)
        return last

    def skip(self, record_id: int) -> None:
        """Put a record last; a note on it stays beside it."""
        self.keep_note(record_id)
        self._leave(record_id)
        self.queue.append(record_id)
        self.skipped += 1
        if self.learning is not None:
            self.learning.put_off(record_id)

    def _leave(self, record_id: int) -> None:
        if self.queue and self.queue[0] == record_id:
            self.queue.pop(0)
        elif record_id in self.queue:
            self.queue.remove(record_id)

    # -- notes and labels ------------------------------------------------------------

    def take_note(self, record_id: int, text: str) -> None:
        """Keep a note for the vote on a record; an empty one takes it back."""
        from litreview.wording import phrase

        said = phrase(text, "note", required=False)
        if said:
            self._notes[record_id] = said
        else:
            self._notes.pop(record_id, None)

    def keep_note(self, record_id: int) -> None:
        """Store the note on a record that is left without a vote, beside the record.

        In a pack it is only kept until the end, for the vote when the record is back.
        """
        from litreview import annotations

        note = self._notes.get(record_id)
        if note is None or self.in_pack:
            return
        uid = uuid.uuid4().hex
        self._do(
            self.app.write,
            lambda session: annotations.note(
                session, record_id, note, by=self._self(session), uid=uid
            ),
        )
        self._notes.pop(record_id)

    def labels(self) -> list[str]:
        """Return the labels that this person uses, the most used first."""
        from litreview import annotations

        self._refuse_in_pack("labels")
        return self._do(
            self.app.read,
            lambda session: annotations.own_labels(session, by=self.person),
        )

    def toggle_label(self, record_id: int, answer: str, known: Sequence[str]) -> str:
        """Set a label on a record, or take it off; return what was done, in words.

        The answer is the number of a label in `known`, or a label itself.
        """
        from litreview import annotations

        self._refuse_in_pack("labels")
        text = answer
        if answer.isdecimal():
            if not 0 < int(answer) <= len(known):
                raise UsageError(f"{answer!r} is not in the list")
            text = known[int(answer) - 1]

        def work(session: Session) -> bool:
            by = self._self(session)
            if annotations.label(session, record_id, text, by=by) is not None:
                return True
            annotations.unlabel(session, record_id, text, by=by)
            return False

        put = self._do(self.app.write, work)
        return f"label {text!r} {'put on' if put else 'taken off'} record {record_id}"

    # -- duplicates and links --------------------------------------------------------

    def likely(self, record_id: int) -> list[Likeness]:
        """Return the records that this one may be the same as."""
        from litreview import pairlist

        self._refuse_in_pack("duplicates")
        return self._do(
            self.app.read, lambda session: pairlist.likely(session, record_id)
        )

    def duplicate_of(self, record_id: int, answer: str) -> Change:
        """Store that a record is one with the record of this id; return what moved."""
        from litreview import dedupe

        self._refuse_in_pack("duplicates")
        if not answer.isdecimal() or int(answer) > LARGEST:
            raise UsageError(f"{answer!r} is no record id" if answer else "no record")
        return self._do(
            self.app.write,
            lambda session: dedupe.decide(
                session,
                record_id,
                int(answer),
                PairVerdict.DUPLICATE,
                by=self._self(session),
                why="seen in screening",
            ),
        )

    def full_text(self, record_id: int) -> str:
        """Return the best open address of a full text that the payloads hold, or ""."""
        from litreview import sought

        found = self._do(self.app.read, lambda session: sought.held(session, record_id))
        return next((link.url for link in found if link.is_open), "")

    def end(self) -> str:
        """Let what runs beside it go; return the sitting in one line."""
        if self.learning is not None:
            self.learning.end()
        return (
            f"{len(self.cast)} voted on, {self.skipped} skipped, "
            f"{len(self.queue)} left; every vote is stored"
        )

    # -- transactions ----------------------------------------------------------------

    def _self(self, session: Session) -> Person:
        from litreview import lookup

        return lookup.actor(session, self.person.handle)

    def _refuse_in_pack(self, what: str) -> None:
        if self.in_pack:
            raise UsageError(
                f"a pack takes votes only, no {what}: note it (n), and decide in the "
                "review"
            )

    @staticmethod
    def _do(
        way: Callable[[Callable[[Session], T]], T], work: Callable[[Session], T]
    ) -> T:
        """Do one transaction; a database that fails is told in words as well."""
        from sqlalchemy.exc import OperationalError

        try:
            return way(work)
        except OperationalError as error:
            raise DatabaseError(
                "the database did not take it; nothing was stored",
                why=str(error.orig).strip(),
                fix="try again; `litreview check` tells whether all is well",
            ) from error
