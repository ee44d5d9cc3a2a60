"""What two versions of the criteria say differently, criterion by criterion.

A vote rests on the criteria that were in force when it was cast. Here two versions
are compared by the ids of what they list, not line by line: a comment, another
title or a new member of the team changes nothing that a vote rests on. Each change
knows the stages whose votes it touches, so that a reason that only full texts have
leaves the votes on titles alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from litreview.protocol import Criteria, Reason, StageRules
from litreview.vocabulary import Stage

EVERY_STAGE = tuple(Stage)


class Part(StrEnum):
    """What of the criteria a change is about."""

    CRITERION = "criterion"
    REASON = "reason"
    ORDER = "order of reasons"
    STREAM = "stream"
    RULE = "rule"
    GUIDANCE = "guidance"


class Kind(StrEnum):
    """What became of it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Change:
    """One thing that is said differently; `before` or `after` may be empty.

    `stages` are those whose votes it touches, in order.
    """

    part: Part
    id: str
    kind: Kind
    before: str
    after: str
    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        """Say the change in one line."""
        named = f"{self.part} {self.id}".strip()
        if self.kind == Kind.CHANGED:
            return f"{named} changed: {self.before!r} becomes {self.after!r}"
        return f"{named} {self.kind}: {self.before or self.after}"


def compare(old: Criteria, new: Criteria) -> list[Change]:
    """Return what `new` says differently from `old`, in the order of the file.

    Things are the same by their id (stream, criterion, stage) or key (reason).
    Reasons also change when those that both versions have come in another order:
    the first that applies is the one that PRISMA counts.
    """
    return [
        *_texts(Part.STREAM, _streams(old), _streams(new)),
        *_texts(Part.CRITERION, _inclusion(old), _inclusion(new)),
        *_reasons(old, new),
        *_rules(old, new),
        *_texts(
            Part.GUIDANCE, dict.fromkeys(old.guidance), dict.fromkeys(new.guidance)
        ),
    ]


def touching(changes: Iterable[Change], stage: str) -> list[Change]:
    """Return the changes that votes at a stage rest on."""
    return [change for change in changes if stage in change.stages]


def _streams(criteria: Criteria) -> dict[str, str | None]:
    return {
        stream.id: "; ".join(filter(None, (stream.label, stream.protocol_words)))
        for stream in criteria.streams
    }


def _inclusion(criteria: Criteria) -> dict[str, str | None]:
    return {one.id: f"{one.facet}: {one.text}" for one in criteria.inclusion}


def _texts(
    part: Part, old: Mapping[str, str | None], new: Mapping[str, str | None]
) -> Iterator[Change]:
    """Compare id -> text; a text of None says that the id is the text itself."""
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if key in old and key in new:
            if before != after:
                kind = Kind.CHANGED
                yield Change(part, key, kind, before or "", after or "", EVERY_STAGE)
            continue
        kind = Kind.REMOVED if key in old else Kind.ADDED
        text = (old if key in old else new)[key]
        told = ("", key) if text is None else (key, text)
        was, is_ = (told[1], "") if key in old else ("", told[1])
        yield Change(part, told[0], kind, was, is_, EVERY_STAGE)


def _reasons(old: Criteria, new: Criteria) -> Iterator[Change]:
    were = {reason.key: reason for reason in old.exclusion}
    are = {reason.key: reason for reason in new.exclusion}
    for key, reason in were.items():
        if key not in are:
            kind, stages = Kind.REMOVED, _in_order(reason.stages)
            yield Change(Part.REASON, key, kind, reason.label, "", stages)
        elif touched := _touched(reason, are[key]):
            kind, other = Kind.CHANGED, are[key]
            same = reason.label == other.label
            before = _told(reason) if same else reason.label
            after = _told(other) if same else other.label
            yield Change(Part.REASON, key, kind, before, after, touched)
    for key, reason in are.items():
        if key not in were:
            kind, stages = Kind.ADDED, _in_order(reason.stages)
            yield Change(Part.REASON, key, kind, "", reason.label, stages)
    yield from _order(old, new)


def _touched(old: Reason, new: Reason) -> tuple[Stage, ...]:
    """Return the stages at which a reason is another one now."""
    before, after = set(old.stages), set(new.stages)
    return _in_order(before ^ after if old.label == new.label else before | after)


def _told(reason: Reason) -> str:
    return f"{reason.label}, for {' and '.join(_in_order(reason.stages))}"


def _order(old: Criteria, new: Criteria) -> Iterator[Change]:
    """Compare the order of the reasons that both versions have, for each stage."""
    stages = tuple(
        stage for stage in Stage if _common(old, new, stage) != _common(new, old, stage)
    )
    if stages:
        before, after = ", ".join(_common(old, new)), ", ".join(_common(new, old))
        yield Change(Part.ORDER, "", Kind.CHANGED, before, after, stages)


def _common(one: Criteria, other: Criteria, stage: Stage | None = None) -> list[str]:
    """Return the keys of one's reasons that the other has too, in one's order."""
    return [
        reason.key
        for reason in one.exclusion
        if any(
            reason.key == theirs.key
            and (stage is None or (stage in reason.stages and stage in theirs.stages))
            for theirs in other.exclusion
        )
    ]


def _rules(old: Criteria, new: Criteria) -> Iterator[Change]:
    for stage in Stage:
        before, after = _rule(old.rules(stage)), _rule(new.rules(stage))
        if before != after:
            kind = Kind.CHANGED
            yield Change(Part.RULE, stage, kind, before, after, (stage,))


def _rule(rules: StageRules) -> str:
    more = [
        words
        for wanted, words in (
            (rules.reason_required, "a reason required"),
            (rules.stream_required, "a stream required"),
        )
        if wanted
    ]
    return ", ".join([*sorted(rules.verdicts), *more])


def _in_order(stages: set[Stage] | tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(stage for stage in Stage if stage in stages)
