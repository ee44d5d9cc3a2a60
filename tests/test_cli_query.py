"""`litreview query` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from harvesting import strategy, workspace

from litreview import cli

Run: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command in a workspace without a database."""
    warned = strategy().replace("[teacher]", "[teacher, Teacher]")
    workspace(tmp_path, good=strategy(), warned=warned)

    def run(*words: str) -> tuple[int, str, str]:
        status = cli.run(["-w", str(tmp_path), *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def bad(tmp_path: Path) -> None:
    """Add a strategy with an error on line 8, and one that is no YAML."""
    wrong = strategy().replace("[teacher]", '["teach*"]')
    (tmp_path / "queries" / "bad.yaml").write_text(wrong, "utf-8")
    (tmp_path / "queries" / "broken.yaml").write_text("title: [\n", "utf-8")


def test_list_shows_every_strategy_also_a_broken_one(run: Run, tmp_path: Path) -> None:
    """Each with its sources, and how many errors and warnings it has."""
    bad(tmp_path)
    status, out, _ = run("query", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert status == 0
    assert list(rows) == ["bad", "broken", "good", "warned"]
    assert rows["good"]["sources"] == ["openalex", "crossref"]
    assert [rows[name]["errors"] for name in rows] == [1, 1, 0, 0]
    assert rows["warned"]["warnings"] == 1
    assert "Trust in schools" in run("query", "list")[1]


def test_check_shows_warnings_and_passes(run: Run) -> None:
    """A warning has its file and line and does not fail."""
    status, out, err = run("query", "check")
    assert status == 0
    assert "warning: queries/warned.yaml:8: 'Teacher' stands" in out
    assert "2 strategies can be sent; 1 warning\n" in err


def test_check_fails_on_errors(run: Run, tmp_path: Path) -> None:
    """Every error is told with its line, unreadable files included."""
    bad(tmp_path)
    status, out, err = run("query", "check")
    assert status == 1
    assert "error: queries/bad.yaml:8: the character *" in out
    assert "expression\n  why: Wildcards are dropped.\n  fix: write out each" in out
    assert "error: queries/broken.yaml:" in out
    assert "2 errors in 2 of 4 strategies" in err
    status, out, _ = run("query", "check", "bad", "--json")
    assert status == 1
    (row,) = json.loads(out)
    assert (row["severity"], row["file"], row["line"]) == (
        "error",
        "queries/bad.yaml",
        8,
    )
    assert run("query", "check", "good")[0] == 0


def test_a_file_that_is_not_text_is_named_as_others_are(
    run: Run, tmp_path: Path
) -> None:
    """The path is that from the workspace, whatever is wrong with the file."""
    (tmp_path / "queries" / "mine.yaml").write_bytes(b"title: caf\xe9\n")
    status, out, err = run("query", "check")
    assert status == 1
    assert "error: queries/mine.yaml: is not UTF-8 text" in out
    assert str(tmp_path) not in out + err
    assert json.loads(run("query", "check", "mine", "--json")[1])[0]["file"] == (
        "queries/mine.yaml"
    )


def test_a_file_with_another_ending_is_told(run: Run, tmp_path: Path) -> None:
    """A .yml is not read, and every way to look for it says so."""
    queries = tmp_path / "queries"
    (queries / "mine.yml").write_text(strategy(), "utf-8")
    status, out, err = run("query", "check")
    assert status == 0
    assert "warning: queries/mine.yml: is not read" in out
    assert "2 strategies can be sent; 2 warnings" in err
    assert "queries/mine.yml is not read: rename" in run("query", "list")[2]
    assert "mine.yml" not in run("query", "check", "good")[1]
    status, _, err = run("query", "check", "mine")
    assert status == 1
    assert "queries/mine.yml is not read" in err
    assert "must end in .yaml" in err
    for file in queries.glob("*.yaml"):
        file.unlink()
    status, _, err = run("query", "check")
    assert status == 1
    assert "Not read: queries/mine.yml." in err
    assert "rename it" in err


def test_show_tells_exactly_what_is_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters and the whole address, without key or mail address."""
    monkeypatch.setenv("OPENALEX_API_KEY", "secret")
    status, out, _ = run("query", "show", "good", "--source", "openalex", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["params"]["filter"].startswith(
        "title_and_abstract.search:(teacher) AND (trust),from_publication_date:2000"
    )
    assert found["url"].startswith("https://api.openalex.org/works?filter=title_and_")
    assert found["url"].endswith("per-page=100")
    assert "secret" not in out
    monkeypatch.setenv("LITREVIEW_CROSSREF_URL", "http://127.0.0.1:9/crossref")
    _, out, _ = run("query", "show", "good", "--source", "crossref")
    assert "query.bibliographic: teacher trust" in out
    assert "kept: the best 20 of a ranking, 20 a page" in out
    assert "limit: Crossref ranks" in out
    assert "http://127.0.0.1:9/crossref/works?query.bibliographic=teacher+trust" in out


def test_show_refuses_what_cannot_be_sent(run: Run, tmp_path: Path) -> None:
    """A strategy with an error, an unknown one, and a call without a source."""
    bad(tmp_path)
    assert run("query", "show", "bad", "--source", "openalex")[0] == 1
    assert run("query", "show", "goood", "--source", "openalex")[0] == 1
    assert run("query", "show", "good")[0] == 2
