"""`litreview fulltext find` and `import`, as they are typed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from office import Office, begun

PDF = b"%PDF-1.7\nsome text"


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    """Return a workspace with three reports at full text and one that is not."""
    made = begun(tmp_path / "review", capsys)
    lines = ["record_id,screener,stage,verdict"]
    lines += [
        f"{n},{who},title_abstract,include" for n in (1, 2, 3) for who in ("ann", "bob")
    ]
    (made.root / "votes.csv").write_text("\n".join(lines) + "\n", "utf-8")
    made.ok("screen", "import", "votes.csv", by="dana")
    (made.root / "papers").mkdir()
    return made


def paper(office: Office, name: str, content: bytes = PDF) -> str:
    """Put a file into the folder of papers; return its hash."""
    (office.root / "papers" / name).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def texts(office: Office) -> dict[int, str]:
    """Return record id -> what became of its full text."""
    found = office.json("fulltext", "list")
    assert isinstance(found, list)
    return {row["record_id"]: row["status"] for row in found}


def test_a_folder_is_brought_in_once(office: Office) -> None:
    """Shown first, then recorded with place and hash, and then there already."""
    digest = paper(office, "10.5555_made.1.pdf")
    paper(office, "r2.pdf")
    words = ("fulltext", "import", "papers")
    assert "2 would be recorded" in office.ok(*words, "--dry-run")
    assert set(texts(office).values()) == {"not_yet_sought"}
    assert "2 recorded, 0 were there already" in office.ok(*words)
    assert texts(office) == {1: "retrieved", 2: "retrieved", 3: "not_yet_sought"}
    again = office.json(*words)
    assert isinstance(again, dict)
    assert (again["stored"], len(again["already_there"])) == ({}, 2)
    log = office.ok("log", "1")
    assert f"papers/10.5555_made.1.pdf#sha256={digest}" in log


def test_what_is_left_out_is_listed(office: Office) -> None:
    """Unknown names, other kinds and false PDFs; the rest is recorded, exit 3."""
    paper(office, "2.pdf")
    paper(office, "a paper.pdf")
    paper(office, "3.pdf", b"<html>please log in</html>")
    paper(office, "notes.xyz")
    paper(office, ".hidden.pdf")
    paper(office, "4.pdf")
    status, out, err = office.run("fulltext", "import", "papers")
    assert (status, out) == (3, "2  papers/2.pdf\n")
    assert "papers/3.pdf: it is called .pdf and is none" in err
    assert "papers/notes.xyz: .xyz is no kind of full text" in err
    assert "papers/a paper.pdf: its name holds neither" in err
    assert "papers/4.pdf: record 4 is not included" in err
    assert "hidden" not in err
    assert "5 files" not in err
    assert "4 files were left out" in err


def test_a_list_names_files_and_addresses(office: Office) -> None:
    """By record or DOI, relative to the list, whatever the files are called."""
    paper(office, "whatever it is called.pdf")
    (office.root / "papers" / "list.csv").write_text(
        "record_id,doi,path,url\n"
        "1,,whatever it is called.pdf,\n"
        ",https://doi.org/10.5555/MADE.2,,https://repository.example/2.pdf\n",
        "utf-8",
    )
    assert "2 recorded" in office.ok("fulltext", "import", "papers/list.csv")
    assert texts(office) == {1: "retrieved", 2: "retrieved", 3: "not_yet_sought"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("record_id,file\n1,x.pdf\n", "list.csv:1: the columns are record_id, file"),
        ("path\nx.pdf\n", "list.csv:1: the columns are path"),
        ("record_id,path\n1,missing.pdf\n", "list.csv:2: there is no file missing.pdf"),
        ("record_id,path\none,x.pdf\n", "list.csv:2: 'one' is no record id"),
        ("record_id,doi,path\n1,10.1/x,x.pdf\n", "list.csv:2: a line gives one of"),
        ("record_id,path,url\n1,,\n", "list.csv:2: a line gives one of"),
        ("record_id,url\n1,javascript:1\n", "list.csv:2: 'javascript:1' is no address"),
        ("doi,url\nnonsense,https://x.example/1\n", "list.csv:2: 'nonsense' is no DOI"),
        ('record_id,url\n1,"https://x\n', "not a CSV file"),
    ],
)
def test_a_list_that_says_nothing_clear_is_refused(
    office: Office, lines: str, told: str
) -> None:
    """With its line, and nothing is recorded."""
    (office.root / "list.csv").write_text(lines, "utf-8")
    status, _out, err = office.run("fulltext", "import", "list.csv")
    assert status == 1
    assert told in err
    assert set(texts(office).values()) == {"not_yet_sought"}


def test_a_missing_path_is_refused(office: Office) -> None:
    """Before anything is recorded."""
    paper(office, "1.pdf")
    status, _out, err = office.run("fulltext", "import", "papers", "missing")
    assert status == 1
    assert "no such file or folder" in err
    assert texts(office)[1] == "not_yet_sought"


def test_what_is_still_to_be_had(office: Office) -> None:
    """Reports are listed with their links; the rest goes to the library."""
    out = office.ok("fulltext", "find", "--request-list", "exports/library.csv")
    assert "1  2020  Report 1 on its own" in out
    assert "3 texts are still to be had; 0 have an open link" in out
    assert "Nothing was downloaded" in out
    rows = (office.root / "exports" / "library.csv").read_text("utf-8").splitlines()
    assert rows[0].startswith("record_id,title,authors,year,journal,")
    assert len(rows) == 4
    office.ok("fulltext", "find", "--request-list", "library.md")
    text = (office.root / "library.md").read_text("utf-8")
    assert "<https://doi.org/10.5555/made.1>" in text
    found = office.json("fulltext", "find")
    assert isinstance(found, list)
    assert [(row["record_id"], row["is_open"], row["links"]) for row in found] == [
        (1, False, []),
        (2, False, []),
        (3, False, []),
    ]
    status, _out, err = office.run("fulltext", "find", "--request-list", "library.txt")
    assert status == 2
    assert "neither CSV nor Markdown" in err
