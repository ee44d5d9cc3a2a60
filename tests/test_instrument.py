"""Found instruments hang on a record; a permission needs its evidence."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy.orm import Session
from writing import World, start

from litreview import instrument, inventory, removal
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError, UsageError
from litreview.instrument import Facts
from litreview.synthesis import InstrumentVersion
from litreview.vocabulary import Role

NAME = "Leuven scales"


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    return start(session, make)


def add(world: World, name: str = NAME, **facts: object) -> instrument.Recorded:
    """Record an instrument that the report tells of."""
    told = Facts(**{"record_id": world.record_id, **facts})  # type: ignore[arg-type]
    return instrument.add(world.session, by="ann", name=name, facts=told)


def row(world: World, name: str = NAME) -> dict[str, object]:
    """Return an instrument's row."""
    [found] = [
        one for one in inventory.instruments(world.session) if one["instrument"] == name
    ]
    return found


def test_leuven_yields_an_instrument_linked_to_its_report(world: World) -> None:
    """F42: name and record are there, what the report does not say stays empty."""
    add(world, note="named as what gains were judged against")
    found = row(world)
    assert (found["found"], found["record_id"]) == (True, world.record_id)
    assert str(found["title"]).startswith("A made record")
    assert (found["permission"], found["items"], found["scale"]) == ("unknown", 0, "")


def test_every_fact_is_kept_and_each_change_is_a_version(world: World) -> None:
    """What is not given stays; all versions are shown, oldest first."""
    facts = {
        "scale": "1 to 5",
        "reliability": "alpha  .87, n = 412",
        "validity": "CFA, p. 9",
        "sample": "412 teachers",
        "country": "Belgium",
        "year": "1994",
        "licence": "not stated",
    }
    add(world, **facts)
    told = Facts(licence="CC BY 4.0")
    instrument.revise(world.session, by="bob", name=NAME, facts=told, why="p. 2")
    found = row(world)
    assert found["reliability"] == "alpha .87, n = 412"
    assert {found[name] for name in ("scale", "country", "year")} == {
        "1 to 5",
        "Belgium",
        "1994",
    }
    assert (found["licence"], found["version"], found["by"]) == ("CC BY 4.0", 2, "bob")
    shown = instrument.show(world.session, NAME)
    versions = shown["versions"]
    assert isinstance(versions, list)
    assert [one["licence"] for one in versions] == ["not stated", "CC BY 4.0"]
    with pytest.raises(LitreviewError, match="would not change"):
        instrument.revise(world.session, by="bob", name=NAME, facts=told, why="again")


@pytest.mark.parametrize("record_id", [99, None])
def test_a_found_instrument_needs_its_record(
    world: World, record_id: int | None
) -> None:
    """None, or one that there is not: refused, and nothing is stored."""
    with pytest.raises((NotFoundError, UsageError)):
        add(world, record_id=record_id)
    assert inventory.instruments(world.session) == []


def test_a_removed_record_tells_of_no_instrument(world: World) -> None:
    """One that was not screened does: a manual can print the items."""
    manual = world.make.record()
    assert add(world, record_id=manual.id).new
    gone = world.make.record()
    removal.remove(world.session, [gone.id], basis="reason", text="no text", by="lead")
    with pytest.raises(LitreviewError, match="is removed"):
        add(world, "Another", record_id=gone.id)


def test_the_very_same_is_recorded_once(world: World) -> None:
    """Other facts under the same name are told to be a revision."""
    assert add(world, country="Belgium").new
    assert not add(world, f" {NAME.replace(' ', '  ')} ", country="Belgium").new
    with pytest.raises(LitreviewError, match="is there already") as caught:
        add(world, country="England")
    assert "instrument revise" in caught.value.fix
    assert row(world)["version"] == 1


def test_what_holds_our_items_is_not_found(world: World) -> None:
    """Its items would be called another's; as our own it can be described."""
    world.add()
    with pytest.raises(LitreviewError, match="written here"):
        add(world, "staff survey")
    facts = Facts(note="for the pilot")
    done = instrument.add(
        world.session, by="ann", name="staff survey", facts=facts, own=True
    )
    assert not done.version.found
    with pytest.raises(LitreviewError, match="not found in a record"):
        instrument.revise(
            world.session,
            by="ann",
            name="staff survey",
            facts=Facts(record_id=1),
            why="w",
        )


@pytest.mark.parametrize("word", ["granted", "not-needed"])
def test_a_permission_needs_evidence(world: World, word: str) -> None:
    """Granted and not needed are refused without; with it they are stored."""
    add(world)

    def permit(evidence: str) -> instrument.Recorded:
        return instrument.permit(
            world.session, by="ann", name=NAME, permission=word, evidence=evidence
        )

    for nothing in ("", "  "):
        with pytest.raises(LitreviewError, match="without evidence"):
            permit(nothing)
    assert row(world)["permission"] == "unknown"
    assert permit("letter of 2 March").new
    assert not permit("letter of 2 March").new
    found = row(world)
    assert (found["permission"], found["permission_evidence"]) == (
        word,
        "letter of 2 March",
    )


def test_asked_and_refused_need_none(world: World) -> None:
    """Both leave the words closed; the evidence before does not linger."""
    add(world)
    world.permit("granted", NAME)
    for word in ("asked", "refused"):
        instrument.permit(
            world.session, by="ann", name=NAME, permission=word, evidence=""
        )
        found = row(world)
        assert (found["permission"], found["permission_evidence"]) == (word, "")


def test_nobody_is_asked_for_our_own_words(world: World) -> None:
    """Nor is an unknown word or an unknown instrument taken."""
    world.add()
    add(world)
    for name, word, message in (
        ("staff survey", "granted", "of our own"),
        (NAME, "given", "'given' is no permission"),
        ("Leuven scale", "granted", "Leuven scales"),
    ):
        with pytest.raises(LitreviewError) as caught:
            instrument.permit(
                world.session, by="ann", name=name, permission=word, evidence="e"
            )
        assert message in str(caught.value)


def test_a_reader_records_nothing(world: World) -> None:
    """Who may not code may not record."""
    world.make.person("rea", Role.READER)
    with pytest.raises(NotAllowedError):
        instrument.add(
            world.session, by="rea", name=NAME, facts=Facts(record_id=world.record_id)
        )
    assert world.count(InstrumentVersion) == 0
