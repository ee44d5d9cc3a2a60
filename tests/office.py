"""A workspace with a small team, asked through the command line."""

from __future__ import annotations

import io
import json
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest

from litreview import cli

REVIEW = """\
title: A review
people:
  - {handle: dana, role: lead}
  - {handle: ann, role: screener}
  - {handle: bob, role: screener}
stages:
  title_abstract: {per_record: 2}
  full_text: {per_record: 2}
"""


@dataclass
class Office:
    """A workspace and what is said there."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "ann", keys: str = "") -> tuple[int, str, str]:
        """Run a command there; return its exit status, stdout and stderr."""
        self.capture.readouterr()
        before = sys.stdin
        sys.stdin = io.StringIO(keys)
        try:
            with chdir(self.root):
                who = ["--as", by] if by else []
                status = cli.run([*who, *words])
        finally:
            sys.stdin = before
        said = self.capture.readouterr()
        return status, said.out, said.err

    def ok(self, *words: str, by: str = "ann", keys: str = "") -> str:
        """Run a command that must succeed; return all that it says."""
        status, out, err = self.run(*words, by=by, keys=keys)
        assert status == 0, (words, err)
        return out + err

    def json(self, *words: str, by: str = "ann") -> object:
        """Run a command with --json; return the one value that it prints."""
        found: object = json.loads(self.run(*words, "--json", by=by)[1])
        return found


def begun(root: Path, capture: pytest.CaptureFixture[str], records: int = 4) -> Office:
    """Make a workspace with a team and records that wait for both screeners."""
    office = Office(root, capture)
    root.mkdir()
    office.ok("init", str(root), "--title", "A review", by="dana")
    (root / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    office.ok("sync", by="dana")
    lines = ["record_id,title,authors,year,doi"]
    lines += [
        f'r{n},Report {n} on its own,"Doe, Jane",2020,10.5555/made.{n}'
        for n in range(1, records + 1)
    ]
    (root / "records.csv").write_text("\n".join(lines) + "\n", "utf-8")
    office.ok("import", "records.csv", "--source", "library", by="dana")
    office.ok("screen", "assign", "--seed", "1", by="dana")
    return office
