"""Handing out records: complete, even, mixed, and the same every time."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Collection, Mapping
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview.assignment import allocate
from litreview.errors import UsageError

PEOPLE = ["ana", "ben", "cai", "dee", "eli"]
EQUAL = dict.fromkeys(PEOPLE[:4], 1.0)


def loads(pairs: Collection[tuple[int, str]]) -> Counter[str]:
    """Count the records of each person."""
    return Counter(person for _, person in pairs)


def readers(
    pairs: Collection[tuple[int, str]], taken: Mapping[int, Collection[str]]
) -> dict[int, list[str]]:
    """List who has each record, earlier people first."""
    found = {record: sorted(set(names)) for record, names in taken.items()}
    for record, person in pairs:
        found.setdefault(record, []).append(person)
    return found


def test_a_small_hand_out_is_complete_and_even() -> None:
    """Ten records, four people, two each: five records for everybody."""
    pairs = allocate(range(1, 11), EQUAL, per_record=2, seed=1)
    assert set(loads(pairs).values()) == {5}
    assert all(len(set(names)) == 2 for names in readers(pairs, {}).values())
    assert pairs == sorted(pairs)


def test_shares_are_kept_within_one_record() -> None:
    """Shares 1, 0.5 and 0.5 of 101 records read by one: 50.5, 25.25, 25.25."""
    shares = {"ana": 1, "ben": 0.5, "cai": 0.5}
    found = loads(allocate(range(101), shares, per_record=1, seed=4))
    assert found["ana"] in {50, 51}
    assert {found["ben"], found["cai"]} <= {25, 26}


def test_nobody_can_have_more_than_every_record() -> None:
    """A share of ten to one to one with two per record is capped, the rest halved."""
    pairs = allocate(range(100), {"ana": 10, "ben": 1, "cai": 1}, per_record=2, seed=0)
    assert loads(pairs) == {"ana": 100, "ben": 50, "cai": 50}


def test_as_many_screeners_as_votes_read_everything() -> None:
    """Two people, two per record: both get all, whatever their shares."""
    pairs = allocate(range(7), {"ana": 5, "ben": 1}, per_record=2, seed=9)
    assert loads(pairs) == {"ana": 7, "ben": 7}


def test_every_pair_of_people_meets_about_equally_often() -> None:
    """Four people make six pairs; over 3,000 records each has 500, give or take."""
    pairs = allocate(range(3000), EQUAL, per_record=2, seed=7)
    met = Counter(tuple(names) for names in readers(pairs, {}).values())
    assert set(met) == set(combinations(PEOPLE[:4], 2))
    assert all(400 < times < 600 for times in met.values())


def test_pairs_do_not_follow_the_order_of_the_records() -> None:
    """Ana, who reads 80 % of all, reads that much of the first and last records too.

    Drawing by lot favours the others at first and leaves her the rest.
    """
    shares = {"ana": 2, "ben": 1, "cai": 1, "dee": 1}
    pairs = allocate(range(1000), shares, per_record=2, seed=7)
    assert loads(pairs)["ana"] == 800
    for part in (range(100), range(900, 1000)):
        found = loads([pair for pair in pairs if pair[0] in part])
        assert 68 < found["ana"] < 92


def test_another_seed_gives_another_hand_out() -> None:
    """The seed decides who reads what and nothing else does."""
    first = allocate(range(50), EQUAL, per_record=2, seed=1)
    assert allocate(range(50), EQUAL, per_record=2, seed=1) == first
    assert allocate(range(50), EQUAL, per_record=2, seed=2) != first


def test_a_newcomer_catches_up_when_the_whole_round_is_given() -> None:
    """Ana and Ben had 100 each; Cai reads all 75 new records, they share the rest."""
    taken = {record: ["ana", "ben"] for record in range(100)}
    shares = {"ana": 1, "ben": 1, "cai": 1}
    pairs = allocate(range(175), shares, per_record=2, seed=3, taken=taken)
    assert {record for record, _ in pairs} == set(range(100, 175))
    assert loads(pairs)["cai"] == 75
    assert loads(pairs)["ana"] + loads(pairs)["ben"] == 75
    assert abs(loads(pairs)["ana"] - loads(pairs)["ben"]) == 1


def test_votes_travel_over_a_third_person_to_be_even() -> None:
    """Loads are level though no two people could simply swap.

    Records 1 to 4 may go to Ana or Ben, 5 to 8 to Ben or Cai; Cai has nothing else
    and Ana has four elsewhere, so Ben must take the first and Cai the second.
    """
    taken: dict[int, list[str]] = {n: ["cai", "x"] for n in range(1, 5)}
    taken |= {n: ["ana", "x"] for n in range(5, 9)}
    shares = {"ana": 1, "ben": 1, "cai": 1}
    pairs = allocate(range(1, 9), shares, per_record=3, seed=0, taken=taken)
    final = loads(pairs) + Counter({"ana": 4, "cai": 4})
    assert sorted(final.values()) == [5, 5, 6]


def test_people_who_left_still_count_for_their_records() -> None:
    """A vote kept from someone no longer listed leaves one place, not two."""
    pairs = allocate(
        [1, 2], {"ben": 1}, per_record=2, seed=0, taken={1: ["ana"], 2: ["ana"]}
    )
    assert pairs == [(1, "ben"), (2, "ben")]


def test_complete_and_overfull_records_get_nobody() -> None:
    """A record with its number, or more after the number was lowered, is left."""
    taken = {1: ["ana", "ben"], 2: ["ana", "ben", "cai"]}
    assert allocate([1, 2], EQUAL, per_record=2, seed=0, taken=taken) == []
    assert allocate([], EQUAL, per_record=2, seed=0) == []


def test_share_zero_gets_nothing() -> None:
    """A person with share 0 is not handed anything."""
    shares = {"ana": 1, "ben": 1, "cai": 0}
    assert set(loads(allocate(range(9), shares, per_record=2, seed=0))) == {
        "ana",
        "ben",
    }


def test_a_record_named_twice_is_one_record() -> None:
    """Doubled ids do not double the work."""
    assert len(allocate([3, 3, 3], EQUAL, per_record=2, seed=0)) == 2


@pytest.mark.parametrize(
    ("shares", "per_record", "message"),
    [
        ({"ana": 1}, 2, "2 asked for, 1 available"),
        ({"ana": 1, "ben": 0}, 2, "2 asked for, 1 available"),
        (EQUAL, 5, "5 asked for, 4 available"),
        ({}, 1, "1 asked for, 0 available"),
    ],
)
def test_too_few_screeners_names_both_numbers_and_the_fix(
    shares: dict[str, float], per_record: int, message: str
) -> None:
    """The refusal says how many are needed, how many there are, and what to do."""
    with pytest.raises(UsageError, match=message) as caught:
        allocate([1, 2], shares, per_record=per_record, seed=0)
    assert "add screeners" in caught.value.fix


@pytest.mark.parametrize("share", [-1.0, math.nan, math.inf])
def test_a_share_is_a_number_from_zero(share: float) -> None:
    """Negative and unreal shares are refused with the person's name."""
    with pytest.raises(UsageError, match="The share of ben is"):
        allocate([1], {"ana": 1, "ben": share}, per_record=1, seed=0)


@pytest.mark.parametrize("per_record", [0, -2])
def test_a_record_needs_at_least_one_screener(per_record: int) -> None:
    """Nought per record is a slip, not a hand-out of nothing."""
    with pytest.raises(UsageError, match=f"cannot have {per_record} screeners"):
        allocate([1], EQUAL, per_record=per_record, seed=0)


def test_large_and_tangled_hand_outs_take_seconds() -> None:
    """100,000 records, and 5,000 half-taken by thirty people, are quick."""
    chance = random.Random(1)  # noqa: S311 - no secret
    crowd = {f"p{number}": 1.0 for number in range(30)}
    taken = {n: chance.sample(sorted(crowd), chance.randrange(3)) for n in range(5000)}
    start = time.process_time()
    assert len(allocate(range(100_000), EQUAL, per_record=2, seed=0)) == 200_000
    pairs = allocate(range(5000), crowd, per_record=3, seed=0, taken=taken)
    assert time.process_time() - start < 5
    final = loads(pairs) + Counter(n for names in taken.values() for n in names)
    assert set(final.values()) == {500}


SHARES = st.dictionaries(
    st.sampled_from(PEOPLE), st.sampled_from([0.25, 0.5, 1.0, 1.5, 3.0]), min_size=2
)
RECORDS = st.lists(st.integers(1, 60), max_size=40)
TAKEN = st.dictionaries(
    st.integers(1, 60), st.sets(st.sampled_from([*PEOPLE, "left"]), max_size=3)
)


@settings(deadline=None)
@given(RECORDS, SHARES, st.integers(1, 2), st.integers(0, 99), TAKEN)
def test_each_record_ends_with_its_number_of_different_people(
    records: list[int],
    shares: dict[str, float],
    per_record: int,
    seed: int,
    taken: dict[int, set[str]],
) -> None:
    """Exactly the number asked for, all different, and who had it keeps it."""
    pairs = allocate(records, shares, per_record=per_record, seed=seed, taken=taken)
    final = readers(pairs, taken)
    for record in set(records):
        names = final[record]
        assert len(set(names)) == len(names)
        assert len(names) == max(per_record, len(taken.get(record, ())))
        assert taken.get(record, set()) <= set(names)
    assert {record for record, _ in pairs} <= set(records)
    assert set(loads(pairs)) <= set(shares)


@settings(deadline=None)
@given(RECORDS, SHARES, st.integers(1, 2), st.integers(0, 99))
def test_loads_are_within_one_record_of_their_share(
    records: list[int], shares: dict[str, float], per_record: int, seed: int
) -> None:
    """Nobody is more than one record from a share that no record limits."""
    found = loads(allocate(records, shares, per_record=per_record, seed=seed))
    size = len(set(records))
    open_to = {person for person in shares if found[person] < size}
    left = per_record * size - size * (len(shares) - len(open_to))
    total = sum(shares[person] for person in open_to)
    for person in open_to:
        assert abs(found[person] - left * shares[person] / total) <= 1 + 1e-6
    by_share = sorted(shares, key=lambda person: (shares[person], found[person]))
    assert all(found[a] <= found[b] + 1 for a, b in pairwise(by_share))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.integers(1, 4), st.sets(st.sampled_from(PEOPLE[:4]), max_size=2), min_size=1
    ),
    st.integers(0, 9),
)
def test_no_other_hand_out_of_the_same_records_is_more_even(
    taken: dict[int, set[str]], seed: int
) -> None:
    """Against every possible hand-out: the sum of squared loads is the least."""
    before = Counter(name for names in taken.values() for name in names)
    found = loads(allocate(sorted(taken), EQUAL, per_record=2, seed=seed, taken=taken))
    choices = [
        list(combinations(sorted(set(EQUAL) - names), 2 - len(names)))
        for names in taken.values()
    ]
    least = min(
        sum((before[name] + extra[name]) ** 2 for name in EQUAL)
        for chosen in product(*choices)
        for extra in [Counter(name for names in chosen for name in names)]
    )
    assert sum((before[name] + found[name]) ** 2 for name in EQUAL) == least


@settings(deadline=None)
@given(RECORDS, SHARES, TAKEN, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    records: list[int],
    shares: dict[str, float],
    taken: dict[int, set[str]],
    chance: random.Random,
) -> None:
    """Shuffled records, people and earlier hand-outs give the same answer."""
    people, earlier = list(shares.items()), list(taken.items())
    here = allocate(records, shares, per_record=2, seed=5, taken=taken)
    for things in (records, people, earlier):
        chance.shuffle(things)
    there = allocate(records, dict(people), per_record=2, seed=5, taken=dict(earlier))
    assert there == here


@settings(deadline=None)
@given(RECORDS, RECORDS, st.integers(0, 99))
def test_people_joining_keep_what_was_handed_out(
    first: list[int], more: list[int], seed: int
) -> None:
    """A second hand-out with a newcomer adds to the first and repeats nothing."""
    early = allocate(first, {"ana": 1, "ben": 1}, per_record=1, seed=seed)
    taken = readers(early, {})
    shares = {"ana": 1, "ben": 1, "cai": 1}
    late = allocate(first + more, shares, per_record=2, seed=seed, taken=taken)
    assert not set(early) & set(late)
    final = readers([*early, *late], {})
    assert all(len(set(names)) == 2 for names in final.values())
    assert set(final) == set(first + more)
