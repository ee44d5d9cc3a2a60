"""Searches run again and again, for the tests of what a living review sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import harvesting
from harvesting import Work, openalex_work
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from litreview import db
from litreview.demo.server import Fault, serve
from litreview.harvest import harvest
from litreview.runs import Result
from litreview.searches import Search

T = TypeVar("T")


def ask(
    engine: Engine, planned: list[Search], *works: list[Work], **more: Any
) -> list[Result]:
    """Harvest these searches from services that have these works."""
    faults: list[Fault] = more.pop("faults", [])
    oa, cr = [*works, [], []][:2]

    def write(work: Callable[[Session], T], /) -> T:
        return db.write(engine, work)

    with serve(oa, cr, **more) as server:
        server.openalex.__dict__["paid"] = True
        server.faults.extend(faults)
        settings = harvesting.settings(server)
        return harvest(write, planned, by="lead", settings=settings)


def of(*numbers: int, **more: object) -> list[Work]:
    """Make OpenAlex works with these numbers."""
    return [openalex_work(number, **more) for number in numbers]


def asked(tmp_path: Path, source: str = "openalex", **more: Any) -> list[Search]:
    """Return the one search of the one strategy."""
    return harvesting.plan(tmp_path, sources=[source], **more)
