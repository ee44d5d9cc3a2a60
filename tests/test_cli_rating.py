"""Forms, cards, item review and the blueprint on the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from coded import begin
from making import REVIEW, Maker
from rated import item
from test_rankfile import BOOK, NINE

from litreview import cli, db


@dataclass
class Desk:
    """A workspace with two items, and nine constructs to rank."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", "ann", *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def good(self, *words: str) -> str:
        """Run a command that must work; return its stdout."""
        status, out, err = self.run(*words)
        assert status == 0, err
        return out

    def json(self, *words: str) -> Any:
        """Run a command with --json and return what it says."""
        return json.loads(self.good(*words, "--json"))

    def file(self, name: str, text: str = "") -> str:
        """Return the path of a file in the workspace, with this text."""
        path = self.root / name
        if text:
            path.write_text(text, "utf-8")
        return str(path)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace."""
    for folder in ("screening", "db"):
        (tmp_path / folder).mkdir()
    (tmp_path / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{tmp_path / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        review = begin(session, make)
        make.codebook(BOOK, "nine")
        item(review, "=My mentor is kind and able.")
        item(review, "PD lasts.")
    yield Desk(tmp_path, capsys)
    engine.dispose()


def fill(path: Path, *values: str) -> None:
    """Write ratings into a form, whatever its format."""
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        for row, value in zip(rows, values, strict=True):
            row["rating"] = value
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        at = [cell.value for cell in sheet[1]].index("rating") + 1
        for number, value in enumerate(values, start=2):
            sheet.cell(number, at).value = int(value)
        book.save(path)
    else:
        paper = docx.Document(str(path))
        above, table = paper.tables
        above.rows[1].cells[2].text = "Ada"
        at = [cell.text for cell in table.rows[0].cells].index("rating")
        for line, value in zip(table.rows[1:], values, strict=True):
            line.cells[at].text = value
        paper.save(str(path))


@pytest.mark.parametrize("ending", ["csv", "xlsx", "docx"])
def test_a_form_goes_out_and_comes_back(desk: Desk, ending: str) -> None:
    """Filled in, it is stored; a second time it changes nothing."""
    form = desk.root / f"form.{ending}"
    desk.good("rating", "form", "--instrument", "staff", "--to", str(form))
    fill(form, "4", "2")
    named = [] if ending == "docx" else ["--rater", "Ada"]
    told = desk.json("rating", "import", str(form), *named)
    assert told == {
        "stored": 2,
        "already": 0,
        "blank": 0,
        "raters": ["Ada"],
        "notes": [],
    }
    out = desk.good("rating", "import", str(form), *named)
    assert "0 ratings of Ada stored; 2 there already" in out
    shown = desk.json("rating", "show")
    assert [one["expert"]["relevance"]["agreeing"] for one in shown["items"]] == [1, 0]


def test_forms_are_the_same_bytes(desk: Desk) -> None:
    """The same items give the same file; a formula is none."""
    for ending in ("csv", "xlsx", "docx"):
        made = []
        for name in ("one", "two"):
            path = desk.root / f"{name}.{ending}"
            desk.good("rating", "form", "--instrument", "staff", "--to", str(path))
            made.append(path.read_bytes())
        assert made[0] == made[1]
    assert "'=My mentor" in (desk.root / "one.csv").read_text("utf-8")


def test_show_says_figures_rules_and_panels(desk: Desk) -> None:
    """I-CVI, k*, S-CVI, what falls below, staff beside experts, as text and JSON."""
    lines = ["item_id,panel,measure,rater,rating"]
    for rater in "ABCDEF":
        lines.append(f"1,expert,relevance,{rater},4")
        lines.append(f"2,expert,relevance,{rater},{'4' if rater < 'E' else '1'}")
        lines.append(f"1,expert,essential,{rater},{int(rater < 'F')}")
    lines += [f"1,staff,clarity,{rater},3" for rater in "XYZ"]
    desk.good("rating", "import", desk.file("all.csv", "\n".join(lines)))
    shown = desk.json("rating", "show", "--instrument", "staff")
    first, second = shown["items"]
    assert second["expert"]["relevance"] | {"ratings": None} == {
        "round": "1", "version": 1, "outdated": False, "left_out": 0, "ratings": None,
        "n": 6, "agreeing": 4, "i_cvi": 0.667, "chance": 0.234, "kappa": 0.565,
        "label": "fair", "meets": False, "note": "",
    }  # fmt: skip
    essential = first["expert"]["essential"]
    assert (essential["cvr"], essential["critical"], essential["needed"]) == (
        0.667,
        1.0,
        6,
    )
    assert first["staff"]["clarity"]["i_cvi"] == 1
    assert shown["scales"] == [
        {
            "instrument": "staff", "panel": "expert", "items": 2, "unrated": 0,
            "s_cvi_ave": 0.833, "s_cvi_ua": 0.5, "ave_meets": False,
            "ua_meets": False,
        }
    ]  # fmt: skip
    out = desk.good("rating", "show")
    assert "staff, expert: S-CVI/Ave 0.83 (below what is wanted)" in out
    assert "item 1 falls below: expert CVR 0.67, wanted at least 1.00" in out
    assert "item 2 falls below: expert I-CVI 0.67" in out


def test_an_older_wording_is_marked(desk: Desk) -> None:
    """On import as a note, later in the table."""
    desk.good("item", "revise", "1", "My mentor is kind.", "--why", "one idea")
    form = desk.file("form.csv", "item_id,version,rating\n1,1,4\n")
    words = ["--rater", "A", "--panel", "expert", "--measure", "relevance"]
    _status, _out, err = desk.run("rating", "import", form, *words)
    assert "note: row 2: item 1 is worded anew since" in err
    assert "older wording, now 2" in desk.good("rating", "show")


def test_nothing_rated_yet_is_said(desk: Desk) -> None:
    """No table of nothing; JSON has the items all the same."""
    assert desk.run("rating", "show")[2] == "nothing is rated yet\n"
    assert len(desk.json("rating", "show")["items"]) == 2
    assert desk.run("rating", "ranking")[2] == "nothing is ranked yet\n"
    assert desk.json("rating", "ranking") == []


# A file's name and content, and what is said of it.
BAD_FILES = [
    ("form.csv", "a,b\n1,2\n", "has no table of ratings or ranks"),
    ("form.csv", "item_id,rating,rating\n1,2,3\n", "has two columns 'rating'"),
    ("form.csv", "item_id,rating\n1,2,3\n", "has 3 cells, the header 2"),
    ("form.csv", 'item_id,rating\n1,"2\n', "not a CSV file"),
    ("form.csv", "item_id,rating\n", "the file has no rows"),
    ("form.txt", "item_id,rating\n1,2\n", "is no rating form"),
    ("form.docx", "no archive", "is no Word file"),
    ("form.xlsx", "no archive", "cannot be read as a workbook"),
    ("missing.csv", "", "cannot be read"),
    ("missing.docx", "", "cannot be read"),
    ("form.csv", "item_id,rating\n1,9\n", "row 2, rating: 9 is outside 1 to 4"),
]


def test_a_bad_file_is_refused_in_words(desk: Desk) -> None:
    """Exit status 1 and the reason; nothing is stored."""
    words = ["--rater", "A", "--panel", "staff", "--measure", "relevance"]
    for name, content, said in BAD_FILES:
        path = desk.file(name, content)
        status, out, err = desk.run("rating", "import", path, *words)
        assert (status, out) == (1, ""), name
        assert said in err
    assert all(not one["staff"] for one in desk.json("rating", "show")["items"])


def test_semicolons_and_capitals_are_read(desk: Desk) -> None:
    """What a spreadsheet makes of the form on the Continent."""
    path = desk.file("form.csv", "\ufeffItem ID;Rating\n1;4\n\n2;3\n")
    words = ["--rater", "A", "--panel", "staff", "--measure", "clarity"]
    assert desk.json("rating", "import", path, *words)["stored"] == 2


@pytest.mark.parametrize("ending", ["csv", "xlsx", "docx"])
def test_nine_cards_come_back_as_a_diamond(desk: Desk, ending: str) -> None:
    """F15: cards with definition and evidence, a diamond of 1, 2, 3, 2, 1 rows."""
    cards = desk.root / f"cards.{ending}"
    desk.good("rating", "cards", *NINE, "--to", str(cards))
    rows = ["1", "2", "2", "3", "3", "3", "4", "4", "5"]
    if ending == "docx":
        paper = docx.Document(str(cards))
        assert len(paper.tables) == 11
        assert "0 studies" in paper.tables[0].rows[2].cells[0].text
        asked, listed = paper.tables[9:]
        asked.rows[1].cells[0].text = "Table 1"
        asked.rows[1].cells[1].text = "staff"
        for line, row in zip(listed.rows[1:], rows, strict=True):
            line.cells[2].text = row
        paper.save(str(cards))
        named = []
    else:
        named = ["--rater", "Table 1", "--panel", "staff"]
    if ending == "csv":
        table = list(csv.DictReader(io.StringIO(cards.read_text("utf-8"))))
        assert list(table[0])[:4] == ["card", "construct", "label", "definition"]
        text = "\n".join(
            f"{one['construct']},{row}" for one, row in zip(table, rows, strict=True)
        )
        cards.write_text(f"construct,row\n{text}\n", "utf-8")
    if ending == "xlsx":
        book = openpyxl.load_workbook(cards)
        for number, place in enumerate(rows, start=2):
            book.worksheets[0].cell(number, 6).value = int(place)
        book.save(cards)
    assert desk.json("rating", "ranks", str(cards), *named)["stored"] == 9
    found = desk.json("rating", "ranking")
    assert [row["mean_rank"] for row in found] == [1, 2.5, 2.5, 5, 5, 5, 7.5, 7.5, 9]
    assert found[0]["spread"] is None
    assert "nine.c1" in desk.good("rating", "ranking", "--panel", "staff")


def test_a_diamond_may_be_laid_out(desk: Desk) -> None:
    """Five lines of ids, in whatever columns; another shape is none."""
    grid = ",,c1\n,c2,,c3\nc4,,c5,,c6\n,c7,,c8\n,,c9\n".replace("c", "nine.c")
    words = ["--rater", "Table 1", "--panel", "staff"]
    path = desk.file("diamond.csv", grid)
    assert desk.json("rating", "ranks", path, *words)["stored"] == 9
    bad = desk.file("bad.csv", grid.replace(",,nine.c9", "nine.c9,nine.c1"))
    status, _out, err = desk.run("rating", "ranks", bad, *words)
    assert (status, "no table of ratings or ranks" in err) == (1, True)


def test_other_numbers_of_cards_make_a_plain_ranking(desk: Desk) -> None:
    """Said when they are written."""
    cards = desk.file("two.docx")
    status, _out, err = desk.run("rating", "cards", "fit.end", NINE[0], "--to", cards)
    assert (status, "these make a plain ranking" in err) == (0, True)
    assert desk.run("rating", "cards", "fit.end", NINE[0], "--to", "x.pdf")[0] == 2


def test_items_are_reviewed(desk: Desk) -> None:
    """As text with reasons and counts, as JSON with every figure."""
    out = desk.good("item", "lint")
    assert "1  =My mentor is kind and able." in out
    assert "- double-barrelled: it asks two things at once" in out
    assert "2 words, 1.0 syllables each, grade -3.0" in out
    [first] = desk.json("item", "lint", "1")
    assert [note["rule"] for note in first["notes"]] == ["double-barrelled"]
    assert first["reading"]["words"] == 6
    assert first["reading"]["note"].startswith("weak")
    assert desk.run("item", "lint", "9")[0] == 1
    assert desk.json("item", "lint", "--instrument", "staff")[1]["item_id"] == 2


def test_the_blueprint_is_exported(desk: Desk) -> None:
    """All formats into exports/, one to stdout; the minutes are said."""
    status, _out, err = desk.run("export", "blueprint")
    assert (status, "2 items, under a minute" in err) == (0, True)
    made = {path.suffix for path in (desk.root / "exports").glob("blueprint.*")}
    assert made == {".csv", ".md", ".json", ".docx", ".xlsx"}
    told = json.loads(desk.good("export", "blueprint", "--format", "json"))
    assert told["summary"]["items"] == 2
    assert desk.run("export", "blueprint", "--instrument", "x")[0] == 1
