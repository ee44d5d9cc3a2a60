"""The bank is listed with all that is known of its items and instruments."""

from __future__ import annotations

import pytest
from making import BOOK, Maker
from sqlalchemy.orm import Session
from writing import PLACE, World, start

from litreview import inventory, tables
from litreview.errors import NotFoundError
from litreview.phrasing import Question
from litreview.provenance import Source
from litreview.synthesis import CodeApplication, Indicator


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return a bank of a found item and one adapted from it."""
    found = start(session, make)
    found.found(reliability="alpha .8", country="Belgium", licence="CC BY")
    found.published("They fit together.", "4", page="p. 12")
    source = Source("adapted", "Fit scale", "4", "p. 12", "names the school")
    found.add(Question("They fit in my school.", source=source), PLACE)
    found.add(Question("New words."), PLACE)
    return found


def test_an_item_tells_what_is_known_of_its_source(world: World) -> None:
    """Reliability, country, licence and permission are those of the instrument."""
    world.permit("asked")
    _theirs, adapted, new = inventory.items(world.session)
    assert adapted["instrument"] == "staff survey"
    assert (adapted["source_instrument"], adapted["source_page"]) == (
        "Fit scale",
        "p. 12",
    )
    for name, value in {
        "reliability": "alpha .8",
        "country": "Belgium",
        "licence": "CC BY",
        "permission": "asked",
        "permission_evidence": "letter",
    }.items():
        assert adapted[name] == value
        assert new[name] == ""
    assert (new["origin"], new["source_instrument"]) == ("new", "")


def test_a_list_narrows_by_instrument_and_construct(world: World) -> None:
    """Stray blanks do not matter; an unknown instrument is refused."""
    ids = [
        r["item_id"] for r in inventory.items(world.session, instrument=" Fit  scale")
    ]
    assert ids == [1]
    assert inventory.items(world.session, construct="people.trust") == []
    assert len(inventory.items(world.session, construct="fit.end")) == 3
    with pytest.raises(NotFoundError, match="there is no instrument 'Fit'"):
        inventory.items(world.session, instrument="Fit")


def test_instruments_are_listed_with_their_items(world: World) -> None:
    """Our own too, of which nothing is recorded."""
    theirs, ours = inventory.instruments(world.session)
    assert (theirs["instrument"], theirs["items"]) == ("Fit scale", 1)
    assert (ours["found"], ours["items"], ours["version"]) == (False, 2, 0)
    assert ours["constructs"] == ["fit.end"]


def test_the_exported_bank_has_the_same_columns(world: World) -> None:
    """Every column of the table comes from the list, with the passages counted."""
    found = tables.items(world.session)
    assert list(found["origin"]) == ["verbatim", "adapted", "new"]
    assert list(found["source_number"]) == ["4", "4", ""]
    assert list(found["quotes"]) == [1, 1, 1]


def test_the_construct_table_names_instruments_and_proxies(world: World) -> None:
    """Usable indicators count, in their newest version; candidates do not."""
    code = world.session.get_one(CodeApplication, 1)
    for number, version, variable, status in (
        (1, 1, "old", "usable"),
        (1, 2, "staff_turnover", "usable"),
        (2, 1, "guess", "candidate"),
        (3, 1, "was", "usable"),
        (3, 2, "was", "rejected"),
    ):
        world.session.add(
            Indicator(
                number=number,
                version=version,
                construct="fit.end",
                codebook_id=code.codebook_id,
                role="outcome",
                dataset="SWC",
                variable=variable,
                quality="partial",
                status=status,
                person_id=code.person_id,
            )
        )
    world.session.flush()
    found = tables.constructs(world.session).set_index("construct").loc["fit.end"]
    assert found["instruments"] == ("Fit scale",)
    assert found["proxies"] == ("SWC: staff_turnover (partial)",)


def test_a_proxy_of_the_codebook_is_named(session: Session, make: Maker) -> None:
    """As dataset, variable and quality."""
    make.review()
    proxy = "proxy: {dataset: swc, variable: leavers, quality: weak}"
    make.codebook(
        BOOK.replace("definition: It fits.,", f"definition: It fits., {proxy},")
    )
    assert inventory.proxies(session) == {"fit.end": ["swc: leavers (weak)"]}
