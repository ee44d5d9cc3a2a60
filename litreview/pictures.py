"""Pictures of the synthesis: the configurations as chains, and the evidence map."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import bubbles, chains, grounds, lookup, matrices
from litreview.bubbles import Row
from litreview.chains import Chain, Link, Node
from litreview.errors import NotFoundError
from litreview.grounds import Grounds
from litreview.synthesis import CmoConfiguration, CmoEvidence, CmoPart
from litreview.vocabulary import CmoRole, CmoStatus, EvidenceType, Relation


def chain(session: Session) -> list[Chain]:
    """Return the configurations that were not rejected, as chains, by number."""
    latest = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    query = select(CmoConfiguration).where(
        CmoConfiguration.id.in_(latest), CmoConfiguration.status != CmoStatus.REJECTED
    )
    rows = list(session.scalars(query.order_by(CmoConfiguration.number)))
    base = grounds.read(session)
    passages = base.passages[["code_id", "construct", "study_id"]]
    told = {
        int(code): (str(construct), int(study))
        for code, construct, study in passages.itertuples(index=False)
    }
    parts, supporting = _parts(session), _supporting(session)
    return [
        _chain(
            row, parts[row.id], [told[c] for c in supporting[row.id] if c in told], base
        )
        for row in rows
    ]


def _chain(
    row: CmoConfiguration,
    parts: Sequence[CmoPart],
    passages: Sequence[tuple[str, int]],
    base: Grounds,
) -> Chain:
    """Return a configuration as a chain; `passages` are (construct, study)."""
    labels = {name: entry.label for name, entry in base.constructs.items()}
    studies: dict[str, set[int]] = {}
    for part in parts:
        inside = base.within(part.construct)
        studies[part.construct] = {study for name, study in passages if name in inside}
    places = {
        role: tuple(
            Node(
                one.construct,
                labels.get(one.construct, one.construct),
                one.aspect or "",
            )
            for one in parts
            if one.role == role
        )
        for role in CmoRole
    }
    links = tuple(
        Link(
            first,
            a.construct,
            b.construct,
            len(studies[a.construct] & studies[b.construct]),
        )
        for first, second in pairwise(CmoRole)
        for a in places[first]
        for b in places[second]
    )
    return Chain(
        row.number,
        row.title,
        row.status,
        places,
        links,
        len({study for _name, study in passages}),
    )


def _parts(session: Session) -> dict[int, list[CmoPart]]:
    found: dict[int, list[CmoPart]] = defaultdict(list)
    query = select(CmoPart).order_by(CmoPart.cmo_id, CmoPart.position)
    for part in session.scalars(query):
        found[part.cmo_id].append(part)
    return found


def _supporting(session: Session) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    query = select(CmoEvidence.cmo_id, CmoEvidence.code_id)
    query = query.where(CmoEvidence.relation == Relation.SUPPORTS)
    for cmo_id, code_id in session.execute(query):
        found[cmo_id].append(code_id)
    return found


def chains_svg(session: Session) -> bytes:
    """Return the configurations as a picture."""
    return chains.to_svg(_title(session), chain(session)).encode()


def chains_dot(session: Session) -> bytes:
    """Return the configurations as a Graphviz graph."""
    return chains.to_dot(_title(session), chain(session)).encode()


def map_svg(session: Session) -> bytes:
    """Return the evidence map as an SVG; constructs without a study are left out.

    Parents stand for all that is below them, so their facets have rows of their own.
    """
    kinds = [kind.value for kind in EvidenceType]
    table = matrices.evidence_map(session)
    rows = [
        Row(
            str(row["label"]),
            str(row["group"]),
            {kind: int(row[kind]) for kind in kinds},
        )
        for row in table[table["studies"] > 0].to_dict("records")
    ]
    groups = list(dict.fromkeys(row.group for row in rows))
    rows.sort(key=lambda row: groups.index(row.group))  # stable: theirs stays
    return bubbles.draw(f"Evidence map: {_title(session)}", kinds, rows).encode()


def _title(session: Session) -> str:
    try:
        return lookup.review(session).title
    except NotFoundError:  # nothing was synced yet
        return "a review"
