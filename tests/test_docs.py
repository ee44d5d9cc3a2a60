"""What the documents say is so."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from test_layout import ROOT, versioned

from litreview.cli.reference import filled, walk

TREE = dict(walk())
DOCUMENTS = [name for name in versioned(".") if name.endswith(".md")]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
MODULE_NAMES = sorted(
    {
        name.removeprefix("litreview/").split("/")[0].removesuffix(".py")
        for name in versioned("litreview")
        if name.endswith(".py")
    }
    - {"__init__", "__main__"}
)


def read(name: str) -> str:
    """Return a document's text."""
    return (ROOT / name).read_text("utf-8")


def test_the_list_of_commands_is_what_the_program_has() -> None:
    """README.md between its comments; `make docs` writes it anew."""
    readme = read("README.md")
    assert filled(readme) == readme
    assert "`litreview status`" in readme


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    """Relative links name a file of the repository, anchors a heading."""
    for target in LINK.findall(re.sub(r"`[^`]*`", "", read(document))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _hash, anchor = target.partition("#")
        path = (ROOT / document).parent / file if file else ROOT / document
        name = str(path.resolve().relative_to(ROOT))
        assert path.is_dir() or name in versioned("."), f"{document}: {target}"
        if anchor:
            assert anchor in headings(path), f"{document}: {target}"


def headings(path: Path) -> set[str]:
    """Return the anchors that a Markdown file's headings get."""
    found = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in found
    }


def shown(text: str) -> list[str]:
    """Return the calls of litreview that a document shows, inline or in blocks."""
    blocks = [block for _language, block in FENCE.findall(text)]
    rest = FENCE.sub("", text)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    lines += re.findall(r"^ {4}(litreview .*)$", rest, re.MULTILINE)
    lines += re.findall(r"`(litreview [^`]*)`", rest)
    lines = [re.split(r"\s{2,}|\s#", line)[0] for line in lines]
    return [line for line in lines if line.startswith("litreview ")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_is_shown_exists(document: str) -> None:
    """Its name is known, and its options are."""
    for line in shown(read(document)):
        typed = re.sub(r" (-w|--workspace|--as|--database) \S+", "", line)
        words = typed.split()[1:]
        if words[0] in {"-h", "--help", "--version"}:
            continue
        assert words[0] in TREE, f"{document}: {line}"
        name = " ".join(words[:2]) if " ".join(words[:2]) in TREE else words[0]
        command = TREE[name]
        if isinstance(command, click.Group) and len(words) > 1 and name != "demo":
            assert not re.fullmatch(r"[a-z-]+", words[1]), f"{document}: {line}"
        known = {option for each in command.params for option in each.opts}
        for option in re.findall(r"(?<!\S)\[?(--[a-z-]+)", typed):
            assert option in {*known, "--help"}, f"{document}: {line}"


def test_every_module_has_its_line_in_the_architecture() -> None:
    """A module that nobody explains is not found by its next reader."""
    text = read("ARCHITECTURE.md")
    named = set(re.findall(r"`(\w+)(?:\.py|/)?`", text))
    missing = [name for name in MODULE_NAMES if name not in named]
    assert missing == []


def test_the_changelog_is_open() -> None:
    """There is a place for what comes next, and something in it."""
    text = read("CHANGELOG.md")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    unreleased = [part for part in sections if part.startswith("[Unreleased]\n")]
    assert len(unreleased) == 1
    assert re.search(r"^### (Added|Changed|Fixed)", unreleased[0], re.MULTILINE)


def test_the_readme_shows_the_two_commands_first() -> None:
    """`make demo` and `make test`, which the Makefile has."""
    blocks = [block.strip() for _language, block in FENCE.findall(read("README.md"))]
    assert blocks[:2] == ["make demo", "make test"]
    for target in ("demo", "test", "check", "docs"):
        assert re.search(rf"^{target}:", read("Makefile"), re.MULTILINE)


def test_the_licence_is_mit() -> None:
    """The licence, its holder and its year."""
    text = read("LICENSE")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The litreview authors\n")


@pytest.mark.parametrize("document", [*DOCUMENTS, "Makefile", ".ci/run", "setup.cfg"])
def test_no_document_names_a_place_on_somebodys_machine(document: str) -> None:
    """Paths are relative, or those of any Debian machine."""
    assert not re.search(r"(?<![\w.])/(work|home|root|Users)/", read(document))
