"""What the review has made of its reports: constructs, configurations, items.

Each table names what it rests on by id, and counts only passages that count (see
`passages`): not retracted, of a report that is included. A study counts once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import (
    inventory,
    lookup,
    passages,
    permission,
    ratings,
    state,
    streams,
)
from litreview.codebook import Codebook, Construct
from litreview.frame import Columns, frame
from litreview.models import Person
from litreview.ratings import Rank
from litreview.synthesis import (
    CmoConfiguration,
    CmoEvidence,
    CmoPart,
    CodeApplication,
)
from litreview.vocabulary import CmoRole, ItemStatus, Relation, Stage

CONSTRUCT_COLUMNS: Columns = {
    "construct": "text",
    "label": "text",
    "group": "text",
    "parent": "text",
    "definition": "text",
    "cmo_role": "text",
    "level": "text",
    "pole_of": "text",
    "sources": "list",
    "contested_by": "list",
    "claim": "text",
    "counter_claim": "text",
    "studies": "int",
    "quotes": "int",
    "items": "int",
    "gap": "text",
    "streams": "text",
    "instruments": "list",
    "proxies": "list",
    "rank": "number",
    "raters": "int",
    "codebook": "text",
}
CMO_COLUMNS: Columns = {
    "cmo_id": "int",
    "version": "int",
    "status": "text",
    "title": "text",
    "context": "list",
    "mechanism": "list",
    "outcome": "list",
    "supports": "list",
    "refutes": "list",
    "refines": "list",
    "support": "int",
    "why": "text",
    "by": "text",
    "at": "moment",
}
ITEM_COLUMNS: Columns = {
    "item_id": "int",
    "instrument": "text",
    "construct": "text",
    "label": "text",
    "text": "text",
    "status": "text",
    "version": "int",
    "referent": "text",
    "level": "text",
    "scale": "text",
    "reverse": "flag",
    "period": "text",
    "respondent": "text",
    "origin": "text",
    "source_instrument": "text",
    "source_number": "text",
    "source_page": "text",
    "adaptation": "text",
    "licence": "text",
    "permission": "text",
    "permission_evidence": "text",
    "reliability": "text",
    "validity": "text",
    "sample": "text",
    "country": "text",
    "evidence": "list",
    "quotes": "int",
    "studies": "int",
    "why": "text",
    "by": "text",
    "at": "moment",
}
# What fills the gap column: no included study is coded with it, or no item asks it.
GAP = "gap"
NOT_IN_FORCE = "(in no codebook in force)"
WITHHELD = "(withheld: no permission recorded for {!r})"


# -- constructs ----------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """What was made of constructs, by construct id.

    The codes, how many items, the found instruments that have some of these items,
    and the variables of secondary data that stand for it.
    """

    codes: Mapping[str, list[int]]
    items: Mapping[str, int]
    instruments: Mapping[str, set[str]]
    proxies: Mapping[str, list[str]]
    study_of: Mapping[int, int]
    streams_of: Mapping[int, frozenset[str]]


def constructs(session: Session) -> pd.DataFrame:
    """Return a row per construct of the codebooks in force (`CONSTRUCT_COLUMNS`).

    In the order of the codebooks, also where nothing was coded. A construct counts
    what is below it: `studies` are the distinct included studies, `quotes` the
    passages, `items` those not retired; `gap` says that there is no study or no
    item. `streams` counts the studies that serve each, as `stream 3; other 1`.
    `instruments` are the found ones that have items on it, `proxies` the codebook's
    and the usable indicators, as `dataset: variable (quality)`; `rank` is the mean
    place that `raters` people gave it (`ratings.ranks`). `sources` and `contested_by`
    are citations; who disputes a construct is never left out.
    Below them stand ids that were used and are in no codebook any more.
    """
    use, ranked = _use(session), ratings.ranks(session)
    rows: list[tuple[object, ...]] = []
    known: set[str] = set()
    for version in lookup.codebooks(session):
        book = lookup.parsed_codebook(version)
        below = _below(book)
        known |= below.keys()
        labels = {group.id: group.label for group in book.groups}
        cited = {one.id: one.cite for one in book.references}
        rows += [
            (
                *_described(entry, labels, cited),
                *_counted(below[entry.id], use),
                *_ranked(ranked.get(entry.id)),
                version.name,
            )
            for entry in book.constructs
        ]
    rows += [
        (
            *(old, NOT_IN_FORCE, "", "", "", "", "", "", (), (), "", ""),
            *(*_counted({old}, use), *_ranked(ranked.get(old)), ""),
        )
        for old in sorted((use.codes.keys() | use.items.keys()) - known)
    ]
    return frame(CONSTRUCT_COLUMNS, rows)


def _described(
    entry: Construct, labels: Mapping[str, str], cited: Mapping[str, str]
) -> tuple[object, ...]:
    return (
        *(entry.id, entry.label, labels.get(entry.group, entry.group), entry.parent),
        *(entry.definition, entry.cmo_role.value, entry.level.value, entry.pole_of),
        tuple(cited.get(name, name) for name in entry.sources),
        tuple(cited.get(name, name) for name in entry.contested_by),
        *(entry.claim, entry.counter_claim),
    )


def _ranked(rank: Rank | None) -> tuple[object, ...]:
    return (None, 0) if rank is None else (rank.mean, rank.n)


def _counted(ids: Iterable[str], use: Use) -> tuple[object, ...]:
    """Return what `Use` says of these constructs together.

    Studies, quotes, items, gap, streams, instruments and proxies.
    """
    wanted = list(ids)
    codes = [code for name in wanted for code in use.codes.get(name, ())]
    studies = {use.study_of[code] for code in codes}
    items = sum(use.items.get(name, 0) for name in wanted)
    served = Counter(
        stream for study in studies for stream in use.streams_of.get(study, ())
    )
    told = "; ".join(f"{stream} {served[stream]}" for stream in sorted(served))
    gap = "" if studies and items else GAP
    names = {one for name in wanted for one in use.instruments.get(name, ())}
    proxies = {one for name in wanted for one in use.proxies.get(name, ())}
    found = tuple(sorted(names)), tuple(sorted(proxies))
    return len(studies), len(codes), items, gap, told, *found


def _below(book: Codebook) -> dict[str, set[str]]:
    """Return construct id -> itself and all constructs below it."""
    parent = {entry.id: entry.parent for entry in book.constructs}
    found = {name: {name} for name in parent}
    for name, nearest in parent.items():
        above, seen = nearest, {name}
        while above in parent and above not in seen:  # a circle must end somewhere
            found[above].add(name)
            seen.add(above)
            above = parent[above]
    return found


def _use(session: Session) -> Use:
    study_of = passages.counting(session)
    codes: dict[str, list[int]] = defaultdict(list)
    for number, name in session.execute(
        select(CodeApplication.id, CodeApplication.construct)
    ):
        if number in study_of:
            codes[name].append(number)
    banked = inventory.banked(session)
    standing = [one for one in banked if one.wording.status != ItemStatus.RETIRED]
    items = Counter(one.item.construct for one in standing)
    known = inventory.known(session)
    instruments: dict[str, set[str]] = defaultdict(set)
    for one in standing:
        home = known[one.item.instrument_id]
        if home.found:
            instruments[one.item.construct].add(home.row.name)
    proxies, streams_of = inventory.proxies(session), _streams_of(session)
    return Use(codes, items, instruments, proxies, study_of, streams_of)


def _streams_of(session: Session) -> dict[int, frozenset[str]]:
    """Return study id -> the streams that its included reports serve."""
    outcomes = state.outcomes(session, Stage.FULL_TEXT).values()
    study = state.studies(session)
    found: dict[int, set[str]] = defaultdict(set)
    for cluster, words in streams.served(session, outcomes).items():
        found[study[cluster]].update(words)
    return {number: frozenset(words) for number, words in found.items()}


# -- configurations ------------------------------------------------------------------


def cmo(session: Session) -> pd.DataFrame:
    """Return the newest version of each configuration, by number (`CMO_COLUMNS`).

    `context`, `mechanism` and `outcome` are construct ids; `supports`, `refutes` and
    `refines` code ids; `support` counts the distinct included studies among the
    supporting passages.
    """
    newest = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    handles = _handles(session)
    study_of = passages.counting(session)
    parts, evidence = _parts(session), _cmo_evidence(session)
    rows = []
    for row in session.scalars(
        select(CmoConfiguration).where(CmoConfiguration.id.in_(newest))
    ):
        supporting = evidence[row.id, Relation.SUPPORTS]
        rows.append(
            (
                row.number,
                row.version,
                row.status,
                row.title,
                *(tuple(parts[row.id, role]) for role in CmoRole),
                *(tuple(evidence[row.id, relation]) for relation in Relation),
                len({study_of[code] for code in supporting if code in study_of}),
                row.why,
                handles.get(row.person_id, ""),
                row.at,
            )
        )
    return frame(CMO_COLUMNS, rows, by=["cmo_id"])


def _parts(session: Session) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    query = select(CmoPart).order_by(CmoPart.cmo_id, CmoPart.position)
    for part in session.scalars(query):
        found[part.cmo_id, part.role].append(part.construct)
    return found


def _cmo_evidence(session: Session) -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    query = select(CmoEvidence).order_by(CmoEvidence.cmo_id, CmoEvidence.code_id)
    for row in session.scalars(query):
        found[row.cmo_id, row.relation].append(row.code_id)
    return found


# -- items ---------------------------------------------------------------------------


def items(session: Session) -> pd.DataFrame:
    """Return the newest wording of each item, by id (`ITEM_COLUMNS`).

    `evidence` are all code ids that it rests on, `quotes` how many of them count,
    `studies` the distinct included studies they come from. Where the words are
    another's and no permission is recorded, the text says so in their place.
    """
    labels = _labels(session)
    withheld = {one.item_id: one for one in permission.unpermitted(session)}
    rows = []
    for row in inventory.items(session):
        number, name = row["item_id"], str(row["construct"])
        told = {**row, "label": labels.get(name, NOT_IN_FORCE)}
        evidence, idle = row["evidence"], row["idle"]
        assert isinstance(evidence, list)  # noqa: S101 - as its docstring says
        assert isinstance(idle, list)  # noqa: S101
        told |= {"evidence": tuple(evidence), "quotes": len(evidence) - len(idle)}
        if number in withheld:
            told["text"] = WITHHELD.format(withheld[number].instrument)
        rows.append(tuple(told[column] for column in ITEM_COLUMNS))
    return frame(ITEM_COLUMNS, rows, by=["item_id"])


def _labels(session: Session) -> dict[str, str]:
    return {
        entry.id: entry.label
        for version in lookup.codebooks(session)
        for entry in lookup.parsed_codebook(version).constructs
    }


def _handles(session: Session) -> dict[int, str]:
    return dict(session.execute(select(Person.id, Person.handle)).all())
