"""The repository's root is a workspace, and `init --example` makes the same one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from litreview import cli, workspace

ROOT = Path(__file__).resolve().parent.parent
TOP = ("queries", "screening", "db", "exports")
# Of the root's folders, what this project writes for its own front page.
OUTPUTS = ("exports/example/",)


def versioned(*folders: str) -> list[str]:
    """Return the files below these folders that belong to the project."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        done = subprocess.run(
            [
                "git",
                "-c",
                f"safe.directory={ROOT}",
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                *folders,
            ],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        )
        names = done.stdout.splitlines()
    else:
        names = [
            str(path.relative_to(ROOT))
            for folder in folders
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and ".sqlite" not in path.name
        ]
    return sorted(name for name in names if (ROOT / name).is_file())


def contents(root: Path) -> dict[str, bytes]:
    """Return name -> content of a workspace's files, its database left out."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in TOP
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and ".sqlite" not in path.name
    }


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what `init --example` makes."""
    monkeypatch.setenv("LITREVIEW_USER", "lee")
    assert cli.run(["init", str(tmp_path / "example"), "--example"]) == 0
    return tmp_path / "example"


def test_the_example_is_the_root_byte_for_byte(example: Path) -> None:
    """All of the four folders, and nothing else."""
    wanted = {
        name: (ROOT / name).read_bytes()
        for name in versioned(*TOP)
        if not name.startswith(OUTPUTS)
    }
    assert len(wanted) > 15
    made = contents(example)
    assert sorted(made) == sorted(wanted)
    assert made == wanted


def test_the_top_level_is_fixed() -> None:
    """Beside the six named parts only files, each with its purpose."""
    names = {name.split("/")[0] for name in versioned(".")}
    assert names <= {
        *TOP,
        "litreview",
        "tests",
        "setup.cfg",
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "pyproject.toml",
        "Makefile",
        ".pre-commit-config.yaml",
        ".ci",
        ".gitignore",
    }


def test_each_folder_has_its_module_and_its_readme() -> None:
    """The mirror rule."""
    for folder in TOP:
        assert (ROOT / "litreview" / f"{folder}.py").is_file()
        assert (ROOT / folder / "README.md").is_file()


def test_init_keeps_data_out_of_version_control(example: Path) -> None:
    """The database of a workspace is ignored by git, its YAML is not."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "-q"], cwd=example, check=True)
    done = subprocess.run(
        ["git", "status", "--porcelain", "-uall"],
        cwd=example,
        capture_output=True,
        check=True,
        text=True,
    )
    assert "screening/review.yaml" in done.stdout
    assert ".sqlite" not in done.stdout


@pytest.mark.parametrize("options", [[], ["--example"]], ids=["plain", "example"])
def test_a_new_workspace_works_at_once(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The status says what comes next, sync has nothing to do, checks hold."""
    monkeypatch.setenv("LITREVIEW_USER", "lee")
    root = tmp_path / "review"
    assert cli.run(["init", str(root), *options]) == 0
    monkeypatch.chdir(root / "queries")
    capsys.readouterr()
    assert cli.run(["status", "--json"]) == 0
    first = "litreview query check" if options else "write queries/NAME.yaml"
    steps = json.loads(capsys.readouterr().out)["next_steps"]
    assert any(step.startswith(first) for step in steps)
    assert cli.run(["sync", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []
    assert cli.run(["query", "check"]) == (0 if options else 1)
    assert ("write one as queries/NAME.yaml" in capsys.readouterr().err) != bool(
        options
    )
    assert cli.run(["check"]) == 0


def test_a_fresh_clone_is_a_workspace_without_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`litreview init` in the clone makes it, and changes no file."""
    monkeypatch.setenv("LITREVIEW_USER", "lee")
    clone = tmp_path / "clone"
    for name in versioned(*TOP):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    before = contents(clone)
    monkeypatch.chdir(clone)
    assert cli.run(["status"]) == 1
    assert "run `litreview init`" in capsys.readouterr().err
    assert cli.run(["init"]) == 0
    assert contents(clone) == before
    assert (clone / workspace.DATABASE).is_file()
    assert cli.run(["status"]) == 0
    assert "Coherent Offer" in capsys.readouterr().out
