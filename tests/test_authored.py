"""Filled sheets enter the bank under a person's name: whole, and once."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session
from writing import World, start

from litreview import authored, bank, inventory, sheetfile, sheetpages
from litreview.errors import InputFileError, LitreviewError
from litreview.models import AuditEvent
from litreview.phrasing import Question
from litreview.synthesis import SurveyItem
from litreview.vocabulary import Role

Cells = dict[str, str]


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return a review with one passage that gives a candidate stem."""
    found = start(session, make)
    found.code(quote="The school plans ahead.")
    return found


def fill_json(content: bytes, fill: Callable[[int, Cells], None]) -> bytes:
    """Fill in a JSON sheet as a person would in an editor."""
    whole = json.loads(content)
    for number, row in enumerate(whole["rows"], start=1):
        fill(number, row)
    return json.dumps(whole).encode()


def fill_csv(content: bytes, fill: Callable[[int, Cells], None]) -> bytes:
    """Fill in a CSV sheet as a spreadsheet would save it."""
    reader = csv.DictReader(io.StringIO(content.decode()))
    rows = list(reader)
    for number, row in enumerate(rows, start=1):
        fill(number, row)
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames or [])
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def fill_docx(content: bytes, fill: Callable[[int, Cells], None]) -> bytes:
    """Fill in a Word sheet: type into the second column of a form."""
    word = docx.Document(io.BytesIO(content))
    forms = [t for t in word.tables if t.rows[0].cells[0].text == "Field"]
    for number, form in enumerate(forms, start=1):
        cells = {sheetfile.key_of(r.cells[0].text): r.cells[1] for r in form.rows[1:]}
        row = {key: cell.text for key, cell in cells.items()}
        fill(number, row)
        for key, cell in cells.items():
            cell.text = row[key]
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


FILLERS = {"json": fill_json, "csv": fill_csv, "docx": fill_docx}


def bring(
    world: World,
    fill: Callable[[int, Cells], None],
    kind: str = "json",
    instrument: str = "pilot",
) -> authored.Brought:
    """Draft, fill in and bring back."""
    content = sheetpages.render(world.session, "fit.end", [kind])[kind]
    filled = FILLERS[kind](content, fill)
    path = Path(f"sheet.{kind}")
    file = authored.File(
        path, hashlib.sha256(filled).hexdigest(), sheetfile.read(filled, path)
    )
    return authored.bring(world.session, file, by="bob", instrument=instrument)


def keep_two(number: int, row: Cells) -> None:
    """Keep the first candidate in other words, drop the second, add one."""
    if number == 1:
        row |= {
            "text": "My school plans its training ahead.",
            "scale": "agree5",
            "period": "in the last year",
            "respondent": "teacher",
            "written_by": "ann",
            "keep": "yes",
        }
    elif number == 2:
        row["keep"] = "no"
    elif number == 3:
        row |= {
            "text": "Nobody in my school knows the plan.",
            "reverse": "yes",
            "evidence": "1",
            "written_by": "Bob",
            "keep": "Yes",
        }


@pytest.mark.parametrize("kind", ["json", "csv", "docx"])
def test_a_filled_sheet_comes_back_whole(world: World, kind: str) -> None:
    """Every property, under the writers' names; the rest is left alone."""
    done = bring(world, keep_two, kind)
    assert (len(done.stored), done.already_there, done.left) == (2, [], 3)
    one, other = inventory.items(world.session)
    assert (one["text"], one["by"], one["instrument"], one["construct"]) == (
        "My school plans its training ahead.",
        "ann",
        "pilot",
        "fit.end",
    )
    assert (one["scale"], one["referent"], one["period"], one["respondent"]) == (
        "agree5",
        "my school",
        "in the last year",
        "teacher",
    )
    assert (one["reverse"], one["evidence"], one["origin"]) == (False, [1], "new")
    assert (other["by"], other["reverse"]) == ("bob", True)


@pytest.mark.parametrize("kind", ["json", "csv", "docx"])
def test_a_sheet_can_be_brought_in_twice(world: World, kind: str) -> None:
    """Nothing is added, also where an item was revised or retired since."""
    bring(world, keep_two, kind)
    change = bank.Change(Question("Other words."), "pilot")
    bank.revise(world.session, by="ann", item_id=1, change=change)
    bank.retire(world.session, by="ann", item_id=2, why="twice")
    again = bring(world, keep_two, kind)
    assert (again.stored, again.already_there) == ([], [1, 2])
    assert world.count(SurveyItem) == 2


def test_nothing_enters_without_a_persons_name(world: World) -> None:
    """Each such row is named by its number, and no other row is stored either."""

    def nameless(number: int, row: Cells) -> None:
        row |= {"keep": "yes", "evidence": "1", "text": f"It fits, {number}."}
        row["written_by"] = "ann" if number == 1 else ""

    with pytest.raises(InputFileError, match="nothing was stored") as caught:
        bring(world, nameless)
    for number in (2, 3, 4, 5):
        assert f"row {number}: the item has nobody's name" in caught.value.why
    assert "row 1" not in caught.value.why


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"written_by": "annn"}, "Did you mean 'ann'?"),
        ({"written_by": "rea"}, "rea may not do this"),
        ({"scale": "agre5"}, "there is no response scale 'agre5'"),
        ({"evidence": ""}, "the item rests on no passage"),
        ({"evidence": "77"}, "there is no code 77"),
        ({"construct": "fit.plan"}, "cannot be applied"),
        ({"origin": "stolen"}, "'stolen' is no origin"),
        ({"origin": "verbatim", "source": "Fit"}, "there is no instrument 'Fit'"),
        ({"keep": "maybe"}, "neither yes nor no"),
    ],
)
def test_a_row_that_cannot_be_stored_is_told(
    world: World, cells: Cells, told: str
) -> None:
    """With its number and the reason; the good rows wait with it."""
    world.make.person("rea", Role.READER)

    def fill(number: int, row: Cells) -> None:
        keep_two(number, row)
        if number == 3:
            row |= cells

    with pytest.raises(InputFileError) as caught:
        bring(world, fill)
    assert "row 3: " in caught.value.why
    assert told in caught.value.why
    assert "row 1" not in caught.value.why


def test_two_people_of_one_name_are_told_apart(world: World) -> None:
    """A handle says who; a name that two share is refused."""
    world.make.person("ann2").name = "Ann"

    def fill(number: int, row: Cells) -> None:
        keep_two(number, row)
        row["written_by"] = row["written_by"] and "ANN"

    with pytest.raises(InputFileError) as caught:
        bring(world, fill)
    assert "'ANN' can be ann and ann2" in caught.value.why
    assert len(bring(world, keep_two).stored) == 2


def test_a_published_candidate_keeps_its_source(world: World) -> None:
    """Kept as it is, it is verbatim; changed, it has to say so."""
    world.found()
    world.published("It fits together.", "4", page="p. 12")

    def keep(number: int, row: Cells) -> None:
        if number == 1:
            row |= {"written_by": "ann", "keep": "yes"}

    [written] = bring(world, keep).stored
    row = inventory.items(world.session)[-1]
    assert (row["item_id"], row["origin"]) == (written.item.id, "verbatim")
    assert (row["source_number"], row["source_page"]) == ("4", "p. 12")

    def change(number: int, row: Cells) -> None:
        keep(number, row)
        if number == 1:
            row["text"] = "It all fits."

    with pytest.raises(InputFileError) as caught:
        bring(world, change)
    assert "these are not the words of item 4" in caught.value.why


def test_who_brought_the_file_is_noted(world: World) -> None:
    """The items are the writers'; the audit names file, hash and items."""
    done = bring(world, keep_two)
    query = select(AuditEvent).where(AuditEvent.kind == authored.IMPORTED)
    event = world.session.scalars(query).one()
    assert event.person_id == world.make.person("bob").id
    assert isinstance(event.detail, dict)
    assert event.detail["items"] == [one.item.id for one in done.stored]
    bring(world, keep_two)
    assert len(world.session.scalars(query).all()) == 1


def test_a_reader_brings_nothing_in(world: World) -> None:
    """Whoever brings it must be one who may write items."""
    world.make.person("rea", Role.READER)
    file = authored.File(Path("a.json"), "0", [])
    with pytest.raises(LitreviewError, match="rea may not do this"):
        authored.bring(world.session, file, by="rea")
