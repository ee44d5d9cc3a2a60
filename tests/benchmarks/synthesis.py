"""Time every table of the synthesis on a large coded review.

    python tests/benchmarks/synthesis.py [--studies N] [--passages N] [NAME...]

The founding codebook's 118 constructs, 500 included studies and 20,000 coded passages
(all by default), with configurations, indicators, items and form values, in an SQLite
file. The promise is that each table, list and `status` takes less than two seconds.
NAMEs are those of the tables to be timed; by default all are. Each is timed twice, as
a command would find it: the codebook is read anew. `busy` is the processor's own time,
which other work on the machine does not change; the promise is held against it.

Exit status 1 if anything is slower than promised.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from founding import texts  # noqa: E402 - the tests' helpers are found first
from making import Maker  # noqa: E402

from litreview import (  # noqa: E402
    argument,
    blueprint,
    coding,
    configuration,
    db,
    exports,
    indicators,
    inventory,
    lookup,
    materials,
    ratings,
    rendering,
    review,
)
from litreview.declarative import Base  # noqa: E402
from litreview.models import (  # noqa: E402
    Decision,
    DecisionStream,
    Record,
    ScreeningRound,
)
from litreview.synthesis import (  # noqa: E402
    CmoConfiguration,
    CmoEvidence,
    CmoPart,
    CodeApplication,
    FormValue,
    Indicator,
    Instrument,
    InstrumentVersion,
    ItemEvidence,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import CmoRole, EvidenceType, Polarity, Role  # noqa: E402

SCREENING = ROOT / "screening"
PROMISED = 2.0  # seconds
ITEMS, CONFIGURATIONS, INDICATORS = 300, 60, 150
STREAMS = ("validates_instrument", "theorises_concept", "tests_association")

Rows = list[dict[str, object]]


def main() -> int:
    """Build the review, time what was asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--passages", type=int, default=20_000)
    parser.add_argument("--under", type=float, default=PROMISED)
    parser.add_argument("names", nargs="*")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = db.engine_for(f"sqlite:///{Path(folder) / 'review.sqlite'}")
        db.create(engine)
        build(engine, told.studies, told.passages)
        slowest = 0.0
        tell(f"{'seconds':<20} {'first':>7} {'again':>7} {'busy':>7}")
        for name, work in works().items():
            if not told.names or name in told.names:
                first, again = (timed(engine, work) for _ in range(2))
                busy = max(first.busy, again.busy)
                slowest = max(slowest, busy)
                late = "  SLOW" if busy > told.under else ""
                tell(
                    f"{name:<20} {first.wall:>7.2f} {again.wall:>7.2f}"
                    f" {busy:>7.2f}{late}"
                )
        engine.dispose()
    return int(slowest > told.under)


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Took(NamedTuple):
    """Seconds that passed, and seconds for which the processor was busy with it."""

    wall: float
    busy: float


def timed(engine: Engine, work: Callable[[Session], object]) -> Took:
    """Return how long a piece of work takes with a fresh Session.

    Nothing is kept from before: codebooks and materials are parsed anew.
    """
    lookup._parsed_codebook.cache_clear()
    wall, busy = time.perf_counter(), time.process_time()
    with db.snapshot(engine) as session:
        work(session)
    return Took(time.perf_counter() - wall, time.process_time() - busy)


def works() -> dict[str, Callable[[Session], object]]:
    """Return what is timed, by name: the tables in one format, lists and status."""
    asker = rendering.Asker("lead")
    skipped = {"records", "reports", "pairs", "groups", "decisions", "resolutions"}
    found: dict[str, Callable[[Session], object]] = {}
    for name, table in exports.TABLES.items():
        if name in {*skipped, "audit"}:
            continue
        found[name] = lambda session, name=name: exports.render_table(  # type: ignore[misc]
            session, name, ["csv"], asker=asker
        )
        for kind in table.pictures:
            found[f"{name}.{kind}"] = lambda session, name=name, kind=kind: (  # type: ignore[misc]
                exports.render_table(session, name, [kind], asker=asker)
            )
    return found | {
        "blueprint": lambda session: blueprint.blueprint(
            session, questions=blueprint.planned_questions(session)
        ),
        "milestones": lambda s: argument.milestones(s, today=date(2026, 7, 1)),
        "code list": lambda s: coding.codes(s, view=coding.View(handle="lead")),
        "code list (one)": lambda s: coding.codes(
            s, construct="comm.trust", view=coding.View(handle="lead")
        ),
        "cmo list": configuration.configurations,
        "indicator list": indicators.indicators,
        "instrument list": inventory.instruments,
        "item list": inventory.items,
        "rating show": ratings.items,
        "status": lambda session: review.status(session, strategies=9),
    }


# -- the review ----------------------------------------------------------------------


def build(engine: Engine, studies: int, passages: int) -> None:
    """Make the review."""
    random.seed(6)
    with db.transaction(engine) as session:
        make = Maker(session)
        people = make.team()
        make.protocol((SCREENING / "criteria.yaml").read_text("utf-8"))
        rounds = make.rounds()
        book = (SCREENING / "codebooks" / "coherent-offer.yaml").read_text("utf-8")
        version = make.codebook(book, "coherent-offer")
        lead = make.person("lead", Role.LEAD)
        materials.store(session, texts(), by=lead)
        parsed = lookup.parsed_codebook(version)
        names = [one.id for one in parsed.constructs if parsed.applicable(one.id)]
        _records(session, studies)
        _votes(
            session, studies, [person.id for person in people], list(rounds.values())
        )
        session.flush()
        _codes(session, names, (studies, passages), lead.id)
        _configurations(session, names, passages, lead.id)
        _indicators(session, names, lead.id)
        _items(session, names, passages, lead.id)
        _values(session, studies, lead.id)


def _put(session: Session, table: type[Base], rows: Rows) -> None:
    session.execute(insert(table), rows)


def _records(session: Session, studies: int) -> None:
    rows: Rows = [
        {
            "id": number,
            "source": "openalex",
            "source_id": f"W{number}",
            "found": "database",
            "title": f"Study {number}",
            "year": 2000 + number % 26,
            "title_key": f"study {number}",
            "cluster_id": number,
        }
        for number in range(1, studies + 1)
    ]
    _put(session, Record, rows)


def _votes(
    session: Session, studies: int, people: list[int], rounds: list[ScreeningRound]
) -> None:
    numbers = count(1)
    votes: Rows = []
    streams: Rows = []
    for screening in rounds:
        for record in range(1, studies + 1):
            for person in people:
                number = next(numbers)
                votes.append(
                    {
                        "id": number,
                        "uid": f"b{number}",
                        "record_id": record,
                        "round_id": screening.id,
                        "stage": screening.stage,
                        "screener_id": person,
                        "recorder_id": person,
                        "seq": 1,
                        "verdict": "include",
                        "origin": "simulation",
                        "protocol_id": 1,
                    }
                )
                if screening.stage == "full_text":
                    stream = STREAMS[record % len(STREAMS)]
                    streams.append({"decision_id": number, "stream": stream})
    _put(session, Decision, votes)
    _put(session, DecisionStream, streams)


def _codes(
    session: Session, names: list[str], sizes: tuple[int, int], person: int
) -> None:
    studies, passages = sizes
    roles, kinds = list(CmoRole), list(EvidenceType)
    rows: Rows = []
    for number in range(1, passages + 1):
        name = random.choice(names)  # noqa: S311 - a benchmark
        form = {"form": random.choice(["mentoring", "lesson_study"])}  # noqa: S311
        rows.append(
            {
                "id": number,
                "uid": f"c{number}",
                "construct": name,
                "record_id": random.randint(1, studies),  # noqa: S311
                "codebook_id": 1,
                "person_id": person,
                "quote": f"Words of passage {number}. " * 6,
                "locator": f"p. {number % 40}",
                "role": random.choice(roles),  # noqa: S311
                "polarity": random.choice(list(Polarity)),  # noqa: S311
                "evidence_type": random.choice(kinds),  # noqa: S311
                "attributes": form if name == "eef.form" else None,
            }
        )
    _put(session, CodeApplication, rows)


def _configurations(
    session: Session, names: list[str], passages: int, person: int
) -> None:
    parts: Rows = []
    evidence: Rows = []
    rows: Rows = []
    for number in range(1, CONFIGURATIONS + 1):
        rows.append(
            {
                "id": number,
                "number": number,
                "version": 1,
                "status": "candidate",
                "title": f"CMO {number}",
                "codebook_id": 1,
                "person_id": person,
            }
        )
        chosen = iter(random.sample(names, 6))
        parts += [
            {"cmo_id": number, "role": role, "construct": next(chosen), "position": at}
            for role in CmoRole
            for at in (1, 2)
        ]
        evidence += [
            {"cmo_id": number, "code_id": code, "relation": "supports"}
            for code in random.sample(range(1, passages + 1), 40)
        ]
    _put(session, CmoConfiguration, rows)
    _put(session, CmoPart, parts)
    _put(session, CmoEvidence, evidence)


def _indicators(session: Session, names: list[str], person: int) -> None:
    rows: Rows = [
        {
            "number": number,
            "version": 1,
            "construct": names[number % len(names)],
            "codebook_id": 1,
            "role": list(CmoRole)[number % 3],
            "dataset": "SWC",
            "variable": f"v{number}",
            "level": "school",
            "join_key": "URN",
            "quality": "partial",
            "status": "usable",
            "person_id": person,
        }
        for number in range(1, INDICATORS + 1)
    ]
    _put(session, Indicator, rows)


def _items(session: Session, names: list[str], passages: int, person: int) -> None:
    _put(
        session,
        Instrument,
        [
            {
                "id": number,
                "name": f"Instrument {number}",
                "note": "",
                "person_id": person,
            }
            for number in (1, 2)
        ],
    )
    _put(
        session,
        InstrumentVersion,
        [
            {"instrument_id": 2, "version": 1, "found": True, "record_id": 1}
            | {"permission": "unknown", "person_id": person}
        ],
    )
    numbers = range(1, ITEMS + 1)
    _put(
        session,
        SurveyItem,
        [
            {"id": n, "instrument_id": 1 + n % 2, "construct": names[n % len(names)]}
            | {"codebook_id": 1, "person_id": person}
            for n in numbers
        ],
    )
    _put(
        session,
        ItemVersion,
        [
            {"item_id": n, "version": 1, "text": f"My school does number {n}."}
            | {"level": "school", "scale": "agree5", "person_id": person}
            for n in numbers
        ],
    )
    _put(session, ItemEvidence, list(_evidence(numbers, passages, person)))


def _evidence(
    numbers: range, passages: int, person: int
) -> Iterator[dict[str, object]]:
    for number in numbers:
        for code in random.sample(range(1, passages + 1), 3):
            yield {"item_id": number, "code_id": code, "person_id": person}


def _values(session: Session, studies: int, person: int) -> None:
    form = next(one for one in materials.forms(session) if one.name == "study")
    rows: Rows = [
        {
            "record_id": record,
            "form_id": form.id,
            "field": field,
            "part": 1,
            "value": {"value": value},
            "page": "",
            "person_id": person,
        }
        for record in range(1, studies + 1)
        for field, value in (
            ("country", "England"),
            ("design", "survey"),
            ("phase", ["primary"]),
            ("programme", ["ecte"]),
        )
    ]
    _put(session, FormValue, rows)


if __name__ == "__main__":
    sys.exit(main())
