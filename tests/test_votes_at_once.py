"""Many screeners voting at the same moment: nothing lost, nothing twice, no error."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tests" / "benchmarks" / "votes.py"


@pytest.mark.parametrize("share", ["2", "4"])
def test_four_processes_cast_25_votes_each(database_url: str, share: str) -> None:
    """In pairs on the same records, and all four on the same; the benchmark, small."""
    done = subprocess.run(
        [
            sys.executable,
            str(SCRIPT),
            *("--processes", "4", "--votes", "25", "--share", share),
            database_url,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r": 100 votes by 4 processes in ", done.stdout)
    assert re.search(r" plain commits a second .* votes a commit", done.stdout)
