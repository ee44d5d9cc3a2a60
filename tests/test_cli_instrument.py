"""Instruments, permissions and item-writing sheets on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli_synthesis import Desk, desk

__all__ = ["desk"]  # the fixture

NAME = "Trust scale"


def found(desk: Desk) -> None:
    """Record an instrument with one item on a passage that prints it."""
    assert (
        desk.run("instrument", "add", NAME, "--record", "1", "--year", "2014")[0] == 0
    )
    desk.code(quote="Item 4: It fits together.")
    words = ("--evidence", "1", "--number", "4", "--page", "p. 12")
    status, _out, err = desk.run(
        "item", "add", NAME, "fit.end", "It fits together.", *words
    )
    assert status == 0, err


def test_an_instrument_from_found_to_permitted(desk: Desk) -> None:
    """Added, revised, permitted, listed and shown."""
    status, out, _err = desk.run("instrument", "add", NAME, "--record", "1")
    assert (status, out) == (
        0,
        "instrument 'Trust scale' in record 1, version 1: permission unknown\n",
    )
    words: tuple[str, ...] = ("--reliability", "alpha .87, p. 9", "--why", "read on")
    assert desk.run("instrument", "revise", NAME, *words)[0] == 0
    status, _out, err = desk.run("instrument", "permit", NAME, "granted")
    assert (status, "without evidence" in err) == (1, True)
    words = ("--evidence", "letter of 2 March", "--json")
    status, out, _err = desk.run("instrument", "permit", NAME, "granted", *words)
    assert (status, json.loads(out)["permission"]) == (0, "granted")
    [row] = desk.json("instrument", "list", "--found")
    assert (row["instrument"], row["record_id"], row["version"]) == (NAME, 1, 3)
    status, out, _err = desk.run("instrument", "show", NAME)
    assert status == 0
    for words_ in ("alpha .87, p. 9", "how we know: letter of 2 March", "read on"):
        assert words_ in out
    assert desk.run("instrument", "list")[0] == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["add", NAME], 2, "where the instrument was found"),
        (["add", NAME, "--record", "1", "--own"], 2, "was not found in a record"),
        (["add", NAME, "--record", "77"], 1, "there is no record 77"),
        (["show", "Trusty"], 1, "there is no instrument 'Trusty'"),
        (["revise", NAME, "--year", "2014"], 2, "--why"),
        (["permit", NAME, "given"], 2, "'given' is not one of"),
    ],
)
def test_instrument_refuses(
    desk: Desk, words: list[str], status: int, said: str
) -> None:
    """Each refusal has its exit status and its reason."""
    got, out, err = desk.run("instrument", *words)
    assert (got, out) == (status, "")
    assert said in err
    assert desk.json("instrument", "list") == []


def test_items_tell_of_their_source(desk: Desk) -> None:
    """Words taken over are checked; the list names source and permission."""
    found(desk)
    words = ("--evidence", "1", "--origin", "verbatim", "--from", NAME, "--number", "4")
    status, _out, err = desk.run("item", "add", "ours", "fit.end", "It fits.", *words)
    assert (status, "It fits [together. ->]" in err or "[" in err) == (1, True)
    assert (
        desk.run("item", "add", "ours", "fit.end", "It fits together.", *words)[0] == 0
    )
    row = desk.json("item", "list", "--instrument", "ours")[0]
    assert (row["origin"], row["source_instrument"]) == ("verbatim", NAME)
    assert (row["source_number"], row["permission"]) == ("4", "unknown")
    _status, out, _err = desk.run("instrument", "show", NAME, "--json")
    assert [item["item_id"] for item in json.loads(out)["items_held"]] == [1]
    _status, out, _err = desk.run("instrument", "show", NAME)
    assert "item 1: 4. It fits together. (draft, p. 12)" in out
    _status, out, _err = desk.run("export", "items", "--format", "csv")
    assert "It fits together" not in out
    assert "withheld: no permission recorded" in out


def test_a_sheet_goes_out_and_comes_back(desk: Desk, tmp_path: Path) -> None:
    """Drafted, filled in, brought in, and brought in again without harm."""
    desk.code(quote="The school plans ahead.")
    file = tmp_path / "sheet.json"
    words = ("--instrument", "pilot", "--to", str(file))
    assert desk.run("item", "draft", "fit.end", *words)[0] == 0
    whole = json.loads(file.read_text("utf-8"))
    whole["rows"][0] |= {"written_by": "bob", "keep": "yes"}
    file.write_text(json.dumps(whole), "utf-8")
    status, out, err = desk.run("item", "import", str(file))
    assert (status, out) == (0, "item 1: My school plans ahead.\n")
    assert "1 item stored, 0 there already, 4 rows left alone" in err
    _status, out, _err = desk.run("item", "import", str(file), "--json")
    assert json.loads(out) == {"stored": [], "already_there": [1], "left": 4}
    [row] = desk.json("item", "list")
    assert (row["by"], row["instrument"], row["evidence"]) == ("bob", "pilot", [1])
    whole["rows"][1] |= {"keep": "yes"}
    file.write_text(json.dumps(whole), "utf-8")
    status, out, err = desk.run("item", "import", str(file))
    assert (status, out) == (1, "")
    assert "row 2: the item has nobody's name" in err


def test_the_sheet_has_four_formats(desk: Desk, tmp_path: Path) -> None:
    """By name or by a file's ending; Markdown is what stdout gets."""
    desk.code()
    status, out, _err = desk.run("item", "draft", "fit.end", "--to", "-")
    assert (status, out.startswith("# Item-writing sheet: End state")) == (0, True)
    status, out, _err = desk.run("item", "draft", "fit.end", "--format", "csv")
    assert out.startswith("row,candidate,basis,notes,construct,instrument,text")
    word = tmp_path / "sheet.docx"
    assert desk.run("item", "draft", "fit.end", "--to", str(word))[0] == 0
    assert word.read_bytes().startswith(b"PK")
    status, _out, err = desk.run("item", "draft", "fit.end", "--to", "sheet.odt")
    assert (status, "names no format" in err) == (2, True)
    assert desk.run("item", "draft", "fit")[0] == 1


def test_a_missing_or_foreign_file_is_told(desk: Desk, tmp_path: Path) -> None:
    """In words, and nothing is stored."""
    status, _out, err = desk.run("item", "import", str(tmp_path / "none.json"))
    assert (status, "cannot be read" in err) == (1, True)
    (tmp_path / "sheet.md").write_text("# Sheet", "utf-8")
    status, _out, err = desk.run("item", "import", str(tmp_path / "sheet.md"))
    assert (status, "is for reading" in err) == (1, True)
    assert desk.json("item", "list") == []
