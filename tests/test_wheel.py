"""The built wheel holds the program and the worked example, and nothing else.

`.ci/run` installs it in a clean environment and runs it; here its content is
compared with the repository's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile

import pytest
from test_layout import OUTPUTS, ROOT, TOP, versioned


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Build a wheel from a copy of the repository; return name -> content."""
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path_factory.mktemp("source")
    for name in versioned("."):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    code = "import setuptools.build_meta as build, sys; build.build_wheel(sys.argv[1])"
    target = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(target.glob("*.whl"))) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_every_module_and_its_data_are_in_the_wheel(wheel: dict[str, bytes]) -> None:
    """What stands in litreview/ is there, byte for byte."""
    wanted = [name for name in versioned("litreview") if "README" not in name]
    assert len(wanted) > 60
    missing = [name for name in wanted if name not in wheel]
    assert missing == []
    assert all(wheel[name] == (ROOT / name).read_bytes() for name in wanted)


def test_the_worked_example_is_in_the_wheel(wheel: dict[str, bytes]) -> None:
    """The root's four folders, under litreview/starter/."""
    wanted = {
        f"litreview/starter/{name}": (ROOT / name).read_bytes()
        for name in versioned(*TOP)
        if not name.startswith(OUTPUTS)
    }
    found = {name: wheel[name] for name in wheel if "/starter/" in name}
    assert sorted(found) == sorted(wanted)
    assert found == wanted


def test_the_wheel_has_one_top_level_package(wheel: dict[str, bytes]) -> None:
    """No `db`, `queries` or `tests` in anybody's site-packages."""
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"litreview"}


def test_the_wheel_names_its_licence_and_command(wheel: dict[str, bytes]) -> None:
    """MIT, with its text; the command `litreview`."""
    meta = {
        name.split("/", 1)[1]: text
        for name, text in wheel.items()
        if "dist-info" in name
    }
    assert b"License-Expression: MIT" in meta["METADATA"]
    assert b"The litreview authors" in meta["licenses/LICENSE"]
    assert b"litreview = litreview.cli:main" in meta["entry_points.txt"]
