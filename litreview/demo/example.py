"""Load the worked example's synthesis: codes, configurations, survey items.

The texts stand in ``screening/example/`` of the workspace and name each other by
key. They go in through the same use cases that people's commands call, so the same
refusals apply: a passage of a report that is not included cannot be coded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from litreview import bank, coding, configuration, db, instrument, workspace
from litreview.phrasing import Question
from litreview.yamlfile import Node


def documents(folder: Path) -> list[Node]:
    """Return the founding documents of ``records.yaml``."""
    return workspace.read_yaml(folder / "records.yaml")["founding"].items()


def cited(folder: Path) -> list[dict[str, object]]:
    """Return the cited works and their other versions, as plain dictionaries.

    Versions of one study share the key ``study``.
    """
    root = workspace.read_yaml(folder / "records.yaml")
    works = {str(node["key"].text()): _plain(node) for node in root["cited"]}
    for group in root["versions"]:
        for report in group["reports"]:
            key = report["cited"].text() if "cited" in report else report["key"].text()
            known = works.setdefault(key, _plain(report))
            known["study"] = group["study"].text()
    return list(works.values())


def _plain(node: Node) -> dict[str, object]:
    found = node.plain()
    return found if isinstance(found, dict) else {}


def load_codes(
    engine: Engine, folder: Path, records: Mapping[str, int], *, by: str
) -> dict[str, int]:
    """Code the example's passages; return key -> code id. `records` maps documents."""
    entries = workspace.read_yaml(folder / "coding.yaml")["codes"].items()

    def work(session: Session) -> dict[str, int]:
        found = {}
        for entry in entries:
            passage = coding.Passage(
                construct=entry["construct"].text(),
                quote=entry["quote"].text(),
                locator=entry["at"].text(),
                role=entry["role"].text(),
                polarity=entry["polarity"].text(),
                evidence_type=entry["evidence_type"].text(),
                speaker=entry["speaker"].text() if "speaker" in entry else "",
            )
            done = coding.add(
                session,
                by=by,
                record_id=records[entry["document"].text()],
                passage=passage,
                uid=f"example:{entry['key'].text()}",
            )
            found[entry["key"].text()] = done.code.id
        return found

    return db.write(engine, work)


def load_configurations(
    engine: Engine, folder: Path, codes: Mapping[str, int], *, by: str
) -> int:
    """Build the example's configurations; return how many there are."""
    entries = workspace.read_yaml(folder / "cmo.yaml")["configurations"].items()

    def work(session: Session) -> int:
        for entry in entries:
            configuration.add(session, by=by, draft=_draft(entry, codes))
        return len(entries)

    return db.write(engine, work)


def _draft(entry: Node, codes: Mapping[str, int]) -> configuration.Draft:
    by_relation: dict[str, list[int]] = {"supports": [], "refutes": [], "refines": []}
    for passage in entry["evidence"]:
        relation = passage["relation"].choice(by_relation)
        by_relation[relation].append(codes[passage["code"].text()])
    return configuration.Draft(
        title=f"{entry['key'].text()}: {entry['statement'].text()}",
        context=_constructs(entry, "context"),
        mechanism=_constructs(entry, "mechanism"),
        outcome=_constructs(entry, "outcome"),
        supports=tuple(by_relation["supports"]),
        refutes=tuple(by_relation["refutes"]),
        refines=tuple(by_relation["refines"]),
    )


def _constructs(entry: Node, slot: str) -> tuple[str, ...]:
    return tuple(entry[slot].texts()) if slot in entry else ()


def load_found(
    engine: Engine, folder: Path, records: Mapping[str, int], *, by: str
) -> int:
    """Record the instruments that the documents name; return how many there are."""
    root = workspace.read_yaml(folder / "instruments.yaml")

    def work(session: Session) -> int:
        for entry in root.listed("found"):
            facts = instrument.Facts(
                record_id=records[entry["document"].text()],
                note=f"{entry.words('note')} ({entry.words('at')})",
            )
            instrument.add(session, by=by, name=entry.words("name"), facts=facts)
        return len(root.listed("found"))

    return db.write(engine, work)


def load_items(
    engine: Engine, folder: Path, codes: Mapping[str, int], *, by: str
) -> int:
    """Write the example's survey items; return how many there are."""
    instruments = workspace.read_yaml(folder / "instruments.yaml")["instruments"]

    def work(session: Session) -> int:
        number = 0
        for entry in instruments:
            for item in entry["items"]:
                bank.add(
                    session,
                    by=by,
                    place=bank.Place(entry["name"].text(), item["construct"].text()),
                    question=_question(item),
                    evidence=[codes[key] for key in item["evidence"].texts()],
                )
                number += 1
        return number

    return db.write(engine, work)


def _question(item: Node) -> Question:
    return Question(
        text=item["text"].text(),
        referent=item["referent"].text(),
        level=item["level"].text(),
        scale=item["scale"].text(),
        reverse=item["reverse"].boolean(),
    )
