"""Who reads what: records handed out evenly, in mixed pairs, nothing left over.

Records that still need the same number of readers and have the same earlier
readers are interchangeable, so they form a *group*. First each group's votes are
shared out to people as whole numbers (a few numbers, however many records there
are), and moved between people until no load can come nearer to its share. Then the
records of a group are dealt at random so that everybody gets exactly their number:
whoever still needs every remaining record gets this one, the rest is by lot.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from litreview.errors import UsageError

# In votes: an ideal load this close to a whole number is that number.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Group:
    """Records in the same state: `need` more votes each, by one of `free`."""

    need: int
    free: tuple[str, ...]
    records: list[int]
    quota: Counter[str] = field(default_factory=Counter)


# The least and the most votes that each person can end up with.
Room: TypeAlias = dict[str, tuple[int, int]]
# In this group, votes may go from the first person to the second.
Step: TypeAlias = tuple[Group, str, str]


def allocate(
    records: Sequence[int],
    screeners: Mapping[str, float],
    *,
    per_record: int,
    seed: int,
    taken: Mapping[int, Collection[str]] | None = None,
) -> list[tuple[int, str]]:
    """Return the new (record, screener) pairs, ascending, that complete each record.

    Every record gets `per_record` different people, counting those it has in
    `taken`, which are kept whoever they are; one with more gets nobody new.
    `screeners` maps people to relative shares, 1 and 1 or 0.5 and 0.2; share 0 gets
    nothing. A load is all that a person has in `taken` (any record named there)
    and gets now: give the whole round to even it out, or only these records to
    share this batch alone. Loads are within one record of the ideal wherever what
    is taken leaves the choice. The result depends on the seed, not on any order.

    Raises UsageError for too few screeners, a count below 1 or a share that is no
    number from 0.
    """
    earlier = {record: frozenset(names) for record, names in (taken or {}).items()}
    able = _able(screeners, per_record)
    groups = _grouped(records, able, per_record, earlier)
    for group in groups:
        if len(group.free) < group.need:
            raise too_few(len(able), per_record)
    chance = random.Random(seed)  # noqa: S311 - a draw to repeat, not a secret
    loads = Counter(name for names in earlier.values() for name in names)
    _share_out(groups, screeners, loads)
    dealt = [pair for group in groups for pair in _deal(group, chance)]
    return sorted(dealt)


def _able(screeners: Mapping[str, float], per_record: int) -> tuple[str, ...]:
    if per_record < 1:
        raise UsageError(
            f"A record cannot have {per_record} screeners.",
            fix="ask for at least 1 per record.",
        )
    for name, share in screeners.items():
        if not (math.isfinite(share) and share >= 0):
            raise UsageError(
                f"The share of {name} is {share}.",
                fix="give a number from 0, such as 1 for an equal share.",
            )
    return tuple(sorted(name for name, share in screeners.items() if share))


def too_few(able: int, per_record: int) -> UsageError:
    """Return the refusal to give a record more votes than there are people."""
    fix = "add screeners to review.yaml and run `litreview sync`"
    if able:
        fix += f", or ask for at most {able} per record"
    return UsageError(
        f"Screeners per record: {per_record} asked for, {able} available.",
        why="The votes on a record must be by different people.",
        fix=f"{fix}.",
    )


def _grouped(
    records: Sequence[int],
    able: tuple[str, ...],
    per_record: int,
    earlier: Mapping[int, frozenset[str]],
) -> list[Group]:
    """Sort the records that need someone into groups, in an order of their own."""
    kinds: defaultdict[tuple[int, tuple[str, ...]], list[int]] = defaultdict(list)
    nobody: frozenset[str] = frozenset()
    for record in sorted(set(records)):
        has = earlier.get(record, nobody)
        if len(has) < per_record:
            free = tuple(name for name in able if name not in has) if has else able
            kinds[per_record - len(has), free].append(record)
    return [Group(need, free, kinds[need, free]) for need, free in sorted(kinds)]


def _share_out(
    groups: list[Group], screeners: Mapping[str, float], loads: Counter[str]
) -> None:
    """Fill every group's quota so that the loads come nearest to their shares."""
    room: Room = {}
    for group in groups:
        for name in group.free:
            low, high = room.get(name, (loads[name], loads[name]))
            room[name] = low, high + len(group.records)
    votes = sum(group.need * len(group.records) for group in groups)
    pace = _pace(screeners, room, votes + sum(loads[name] for name in room))
    excess = {name: loads[name] - pace * screeners[name] for name in room}
    # The largest group comes last: it can make good what the small ones could not.
    for group in sorted(groups, key=lambda group: len(group.records)):
        size = len(group.records)
        # Even who has enough already keeps a small chance in every group.
        behind = {name: max(1.0, -excess[name]) for name in group.free}
        seats = dict.fromkeys(behind, (0, size))
        pace = _pace(behind, seats, group.need * size)
        group.quota.update(_whole(_loads_at(pace, behind, seats)))
        for name in group.free:
            excess[name] += group.quota[name]
    while _level(groups, excess):
        pass


def _pace(shares: Mapping[str, float], room: Room, total: float) -> float:
    """Return the votes per unit of share at which everybody together has `total`.

    Who is full leaves more to the others, who already has too much leaves less. The
    sum of loads grows with the pace in straight pieces, bent where somebody enters
    or fills their room: find the last bend at or below the total, then go on
    straight.
    """
    enters = {name: low / shares[name] for name, (low, _) in room.items()}
    fills = {name: high / shares[name] for name, (_, high) in room.items()}
    bends = sorted({0.0, *enters.values(), *fills.values()})

    def reached(pace: float) -> float:
        return sum(_loads_at(pace, shares, room).values())

    bend = bends[max(0, bisect_right(bends, total, key=reached) - 1)]
    slope = sum(shares[name] for name in room if enters[name] <= bend < fills[name])
    return bend + (total - reached(bend)) / slope if slope else bend


def _loads_at(pace: float, shares: Mapping[str, float], room: Room) -> dict[str, float]:
    return {
        name: min(max(pace * shares[name], low), high)
        for name, (low, high) in room.items()
    }


def _whole(wanted: Mapping[str, float]) -> dict[str, int]:
    """Round to whole numbers with the same sum, by the largest remainders."""
    floors = {name: math.floor(load + ROUNDING) for name, load in wanted.items()}
    missing = round(sum(wanted.values())) - sum(floors.values())
    by_remainder = sorted(wanted, key=lambda name: (floors[name] - wanted[name], name))
    for name in by_remainder[:missing]:
        floors[name] += 1
    return floors


def _level(groups: list[Group], excess: dict[str, float]) -> bool:
    """Move votes from who has too many to who has too few, and tell if any moved.

    A vote may travel over several people, each passing one on in another group.
    Every move makes the sum of the squared excesses smaller; when no single route
    does that any more, the sum is the least there is (a convex flow has no other
    lowest point).
    """
    for giver in sorted(excess, key=lambda name: (-excess[name], name)):
        if excess[giver] - min(excess.values()) <= 1 + ROUNDING:
            break
        routes = _routes(groups, giver)
        if not routes:
            continue
        taker = min(routes, key=lambda name: (excess[name], name))
        difference = excess[giver] - excess[taker]
        if difference > 1 + ROUNDING:
            steps = routes[taker]
            passable = min(_movable(*step) for step in steps)
            votes = min(passable, max(1, math.floor(difference / 2)))
            for group, source, target in steps:
                group.quota[source] -= votes
                group.quota[target] += votes
            excess[giver] -= votes
            excess[taker] += votes
            return True
    return False


def _routes(groups: list[Group], giver: str) -> dict[str, list[Step]]:
    """Return the shortest way by which votes can go from the giver to each person.

    A shortest way uses no group twice: there would be a direct step in that group.
    """
    routes: dict[str, list[Step]] = {giver: []}
    waiting = deque([giver])
    while waiting:
        source = waiting.popleft()
        for group in groups:
            for target in group.free:
                step = (group, source, target)
                if target not in routes and _movable(*step):
                    routes[target] = [*routes[source], step]
                    waiting.append(target)
    del routes[giver]
    return routes


def _movable(group: Group, source: str, target: str) -> int:
    return min(group.quota[source], len(group.records) - group.quota[target])


def _deal(group: Group, chance: random.Random) -> list[tuple[int, str]]:
    """Give each record of the group its people, using up every quota exactly.

    Nobody's quota is above the number of records left, and the quotas add up to
    `need` times that number. Who must have every remaining record gets this one,
    which keeps both true for the next.
    """
    # Lots drawn one after another favour small quotas at first, so the order of
    # dealing must not be the order of the records.
    order = sorted(group.records, key=lambda _: chance.random())
    left = {name: group.quota[name] for name in group.free if group.quota[name]}
    dealt: list[tuple[int, str]] = []
    for remaining, record in zip(range(len(order), 0, -1), order, strict=True):
        picked = [name for name, votes in left.items() if votes == remaining]
        lots = group.need * remaining - remaining * len(picked)
        while len(picked) < group.need:
            name = _draw(left, picked, chance.random() * lots)
            lots -= left[name]
            picked.append(name)
        for name in picked:
            left[name] -= 1
            dealt.append((record, name))
    return dealt


def _draw(left: Mapping[str, int], picked: list[str], mark: float) -> str:
    """Return whose lot the mark falls on: all others have one per vote left."""
    for name, votes in left.items():
        if name not in picked:
            mark -= votes
            if mark < 0:
                return name
    raise AssertionError("quotas ran out before the records did")
