"""Context-mechanism-outcome configurations: what works, for whom, and why.

A configuration names constructs in three places and the coded passages that
support, refute or refine it. It may be partial while it is being built. Each
change appends a version and keeps the one before, a change of status included.
Its support is the number of distinct studies among the supporting passages that
count; a configuration without any cannot be consolidated.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, passages
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import Person
from litreview.synthesis import (
    CmoConfiguration,
    CmoEvidence,
    CmoPart,
    QuoteCheck,
)
from litreview.vocabulary import Aspect, CmoRole, CmoStatus, Relation
from litreview.wording import choice, phrase

# What may follow what. Rejected and consolidated ones can be opened again.
NEXT: dict[CmoStatus, tuple[CmoStatus, ...]] = {
    CmoStatus.CANDIDATE: (CmoStatus.REFINED, CmoStatus.REJECTED),
    CmoStatus.REFINED: (CmoStatus.CONSOLIDATED, CmoStatus.REJECTED),
    CmoStatus.CONSOLIDATED: (CmoStatus.REFINED, CmoStatus.REJECTED),
    CmoStatus.REJECTED: (CmoStatus.CANDIDATE,),
}
# A locator that names a page: "p. 4", "pp. 4-5", "page 4", "4".
PAGE = re.compile(r"(?i)\b(pp?\.?|pages?)\s*\d|^\s*\d+([-\u2013]\d+)?\s*$")


@dataclass(frozen=True)
class Draft:
    """What a person writes of a configuration.

    Constructs by place, code ids by relation. The mechanism's are given as such, or as
    its halves, resource and reasoning; together they replace it. In a revision None
    keeps what there is, an empty tuple empties a place, passages are added, and
    `drop` takes code ids out.
    """

    title: str | None = None
    context: tuple[str, ...] | None = None
    mechanism: tuple[str, ...] | None = None
    resource: tuple[str, ...] | None = None
    reasoning: tuple[str, ...] | None = None
    outcome: tuple[str, ...] | None = None
    supports: tuple[int, ...] = ()
    refutes: tuple[int, ...] = ()
    refines: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()


Part: TypeAlias = "tuple[str, str, str | None]"


@dataclass(frozen=True)
class Content:
    """The whole of one version: its title, its parts, relation by code.

    A part is role, construct and, of a mechanism, which half of it; else None.
    """

    title: str
    parts: tuple[Part, ...]
    evidence: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Written:
    """A stored version, with what its writer should know; `new` unless repeated."""

    row: CmoConfiguration
    notes: tuple[str, ...] = ()
    new: bool = True


@dataclass(frozen=True)
class Shown:
    """A configuration with its passages and versions, each as rows."""

    number: int
    title: str
    passages: list[dict[str, object]]
    versions: list[dict[str, object]]


def add(session: Session, *, by: str, draft: Draft) -> Written:
    """Store a new candidate configuration, partial or whole.

    Exactly the same one by the same person is stored once. Raises `LitreviewError`
    for no part at all or a retracted passage, and what `lookup.construct` raises.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    content = _content(session, draft, Content("", (), ()))
    for row in _newest(session):
        same = row.status == CmoStatus.CANDIDATE and row.person_id == person.id
        if same and row.version == 1 and _stored(session, row.id) == content:
            return Written(row, new=False)
    number = (session.scalar(select(func.max(CmoConfiguration.number))) or 0) + 1
    row = CmoConfiguration(
        number=number,
        version=1,
        status=CmoStatus.CANDIDATE,
        codebook_id=_codebook(session, content),
        person_id=person.id,
    )
    return Written(_append(session, row, content), _notes(session, content))


def revise(
    session: Session, *, by: str, number: int, draft: Draft, why: str = ""
) -> Written:
    """Store the next version of a configuration; the one before is kept.

    Retracted passages fall away. A consolidated configuration becomes a refined one
    again; a rejected one is refused.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    old = newest(session, number)
    if old.status == CmoStatus.REJECTED:
        raise NotAllowedError(
            f"configuration {number} was rejected",
            why=old.why,
            fix=f"open it again: `litreview cmo set-status {number} candidate --why W`",
        )
    before = _stored(session, old.id)
    gone = passages.retractions(session).keys()
    fallen = [code_id for code_id, _relation in before.evidence if code_id in gone]
    drop = (*draft.drop, *fallen)
    content = _content(session, replace(draft, drop=drop), before)
    if content == before:
        raise LitreviewError(
            f"configuration {number} would not change",
            fix="give a part, a passage or a title that differs",
        )
    reopened = old.status == CmoStatus.CONSOLIDATED
    row = _next(old, CmoStatus.REFINED if reopened else old.status, why, person)
    row.codebook_id = _codebook(session, content)
    notes = [f"code {code_id} was retracted and fell away" for code_id in fallen]
    if reopened:
        notes.append("it was consolidated and is refined again, since it has changed")
    _append(session, row, content)
    return Written(row, (*notes, *_notes(session, content)))


def set_status(
    session: Session, *, by: str, number: int, status: str, why: str = ""
) -> Written:
    """Store the next version of a configuration with another status.

    Raises `NotAllowedError` for a step that `NEXT` does not have, and for
    consolidating without a supporting passage that counts and has its page.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    old = newest(session, number)
    wanted = choice(CmoStatus, status, "status")
    content = _stored(session, old.id)
    _refuse_step(number, CmoStatus(old.status), wanted)
    if wanted == CmoStatus.CONSOLIDATED:
        _require_support(session, number, content)
    row = _next(old, wanted, why, person)
    return Written(_append(session, row, content), _notes(session, content))


def _next(
    old: CmoConfiguration, status: str, why: str, person: Person
) -> CmoConfiguration:
    return CmoConfiguration(
        number=old.number,
        version=old.version + 1,
        status=status,
        why=phrase(why, "reason", required=False),
        codebook_id=old.codebook_id,
        person_id=person.id,
    )


def _refuse_step(number: int, old: CmoStatus, wanted: CmoStatus) -> None:
    if wanted in NEXT[old]:
        return
    if wanted == old:
        raise NotAllowedError(
            f"configuration {number} is {old} already", fix="nothing is left to do"
        )
    between = next((s for s in NEXT[old] if wanted in NEXT[s]), NEXT[old][0])
    raise NotAllowedError(
        f"configuration {number} cannot go from {old} to {wanted}",
        why=f"after {old} comes {' or '.join(NEXT[old])}",
        fix=f"first run `litreview cmo set-status {number} {between}`",
    )


def _require_support(session: Session, number: int, content: Content) -> None:
    supporting = _of(content, Relation.SUPPORTS)
    standing = passages.counting(session).keys() & set(supporting)
    if any(_has_page(session, code_id) for code_id in standing):
        return
    if standing:
        why = "none of its supporting passages names a page"
    elif supporting:
        why = "none of its supporting passages counts: they are retracted, or their "
        why += "reports are no longer included"
    else:
        why = "no passage supports it"
    raise NotAllowedError(
        f"configuration {number} cannot be consolidated",
        why=why,
        fix=f"add one with its page: `litreview cmo revise {number} --evidence CODE`",
    )


def _has_page(session: Session, code_id: int) -> bool:
    """Tell whether a passage names its page, or it was found on one."""
    if PAGE.search(passages.code(session, code_id).locator):
        return True
    query = select(QuoteCheck).where(QuoteCheck.code_id == code_id)
    newest = session.scalar(query.order_by(QuoteCheck.id.desc()).limit(1))
    return newest is not None and newest.found and bool(newest.page)


# -- content ------------------------------------------------------------------------


def _content(session: Session, draft: Draft, old: Content) -> Content:
    """Return the content that a draft makes of the one before; check every name."""
    title = old.title
    if draft.title is not None:
        title = phrase(draft.title, "title", required=False)
    parts: list[Part] = []
    for role, given in _given(draft).items():
        if given is None:
            parts += [part for part in old.parts if part[0] == role]
        else:
            parts += [(role, name, aspect) for name, aspect in given.items()]
    if not parts:
        raise LitreviewError(
            "the configuration has no part",
            fix="give at least one --context, --mechanism or --outcome",
        )
    return Content(title, tuple(parts), _evidence(session, draft, old))


def _given(draft: Draft) -> dict[CmoRole, dict[str, str | None] | None]:
    """Return place -> its constructs with their half; None where nothing is said.

    Raises `LitreviewError` for a construct that is given as both halves.
    """
    halves = {
        None: draft.mechanism,
        Aspect.RESOURCE: draft.resource,
        Aspect.REASONING: draft.reasoning,
    }
    mechanism: dict[str, str | None] = {}
    for aspect, names in halves.items():
        for name in names or ():
            if mechanism.setdefault(name, aspect) != aspect:
                raise LitreviewError(
                    f"{name!r} is given twice for the mechanism",
                    why="it is either its resource, its reasoning, or neither",
                    fix="name it once",
                )
    said = any(names is not None for names in halves.values())
    return {
        CmoRole.CONTEXT: _plain(draft.context),
        CmoRole.MECHANISM: mechanism if said else None,
        CmoRole.OUTCOME: _plain(draft.outcome),
    }


def _plain(names: tuple[str, ...] | None) -> dict[str, str | None] | None:
    return None if names is None else dict.fromkeys(names)


def _evidence(
    session: Session, draft: Draft, old: Content
) -> tuple[tuple[int, str], ...]:
    given = {
        Relation.SUPPORTS: draft.supports,
        Relation.REFUTES: draft.refutes,
        Relation.REFINES: draft.refines,
    }
    added: dict[int, str] = {}
    for relation, code_ids in given.items():
        for code in passages.standing(session, code_ids):
            if added.setdefault(code.id, relation) != relation:
                raise LitreviewError(
                    f"code {code.id} cannot do two things for one configuration",
                    why=f"it {added[code.id]} and {relation} it",
                    fix="name each passage once",
                )
    known = dict(old.evidence)
    for code_id in draft.drop:
        if code_id not in known:
            raise NotFoundError(
                f"code {code_id} is not among the passages of this configuration",
                fix=f"it has {', '.join(map(str, known)) or 'none'}",
            )
    dropped = set(draft.drop)
    kept = {c: relation for c, relation in known.items() if c not in dropped}
    return tuple(sorted((kept | added).items()))


def _append(
    session: Session, row: CmoConfiguration, content: Content
) -> CmoConfiguration:
    """Store one version with its parts and passages."""
    row.title = content.title
    session.add(row)
    session.flush()
    for position, (role, construct, aspect) in enumerate(content.parts, start=1):
        session.add(
            CmoPart(
                cmo_id=row.id,
                role=role,
                construct=construct,
                position=position,
                aspect=aspect,
            )
        )
    for code_id, relation in content.evidence:
        session.add(CmoEvidence(cmo_id=row.id, code_id=code_id, relation=relation))
    session.flush()
    return row


def _codebook(session: Session, content: Content) -> int:
    """Return the id of the codebook in force that holds all the parts."""
    found = {
        name: lookup.construct(session, name)[0] for _role, name, _half in content.parts
    }
    books = {version.id: version.name for version in found.values()}
    if len(books) > 1:
        raise LitreviewError(
            "the parts come from more than one codebook",
            why=", ".join(f"{name} is in {book.name}" for name, book in found.items()),
            fix="build a configuration from the constructs of one codebook",
        )
    return next(iter(books))


def _of(content: Content, relation: Relation) -> list[int]:
    return [code_id for code_id, word in content.evidence if word == relation]


def _notes(session: Session, content: Content) -> tuple[str, ...]:
    """Return what is unusual but allowed."""
    roles = {role for role, _name, _half in content.parts}
    missing = [role.value for role in CmoRole if role not in roles]
    notes = [f"it has no {' and no '.join(missing)} yet"] if missing else []
    names = {name for _role, name, _half in content.parts}
    for code_id, _relation in content.evidence:
        code = passages.code(session, code_id)
        if code.construct not in names:
            notes.append(
                f"code {code_id} is about {code.construct}, which is no part of it"
            )
    return tuple(notes)


# -- reading ------------------------------------------------------------------------


def newest(session: Session, number: int) -> CmoConfiguration:
    """Return the newest version of a configuration, or refuse."""
    query = (
        select(CmoConfiguration)
        .where(CmoConfiguration.number == number)
        .order_by(CmoConfiguration.version.desc())
        .limit(1)
    )
    found = session.scalar(query)
    if found is not None:
        return found
    largest = session.scalar(select(func.max(CmoConfiguration.number)))
    raise NotFoundError(
        f"there is no configuration {number}",
        why=f"they run from 1 to {largest}" if largest else "there are none yet",
        fix="`litreview cmo list` shows them" if largest else "run `litreview cmo add`",
    )


def _newest(session: Session) -> list[CmoConfiguration]:
    last = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    query = select(CmoConfiguration).where(CmoConfiguration.id.in_(last))
    return list(session.scalars(query.order_by(CmoConfiguration.number)))


def _stored(session: Session, cmo_id: int) -> Content:
    return _contents(session, [cmo_id])[cmo_id]


def _contents(session: Session, cmo_ids: Collection[int]) -> dict[int, Content]:
    """Return the content of versions, by their row ids."""
    ids = sorted(cmo_ids)
    parts: dict[int, list[Part]] = defaultdict(list)
    query = select(CmoPart).where(CmoPart.cmo_id.in_(ids)).order_by(CmoPart.position)
    for part in session.scalars(query):
        parts[part.cmo_id].append((part.role, part.construct, part.aspect))
    evidence: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = select(CmoEvidence).where(CmoEvidence.cmo_id.in_(ids))
    for row in session.scalars(rows.order_by(CmoEvidence.code_id)):
        evidence[row.cmo_id].append((row.code_id, row.relation))
    titles = select(CmoConfiguration.id, CmoConfiguration.title)
    found = session.execute(titles.where(CmoConfiguration.id.in_(ids)))
    return {
        number: Content(title, tuple(parts[number]), tuple(evidence[number]))
        for number, title in found
    }


def configurations(session: Session) -> list[dict[str, object]]:
    """List the newest version of each configuration, by number.

    Keys: cmo_id (the number), version, status, title, context, mechanism and outcome
    (construct ids), resource and reasoning (those of the mechanism that are),
    supports, refutes and refines (code ids), idle (code ids among them that no longer
    count), studies (support: distinct studies), why, by, at.
    """
    return _rows(session, _newest(session))


def show(session: Session, *, number: int) -> Shown:
    """Return a configuration with its passages and all its versions.

    `passages` have code_id, relation, record_id, construct, quote, locator and
    counts; `versions` are rows as in `configurations`, oldest first.
    """
    last = newest(session, number)
    query = select(CmoConfiguration).where(CmoConfiguration.number == number)
    versions = session.scalars(query.order_by(CmoConfiguration.version)).all()
    counting = passages.counting(session)
    quoted: list[dict[str, object]] = []
    for code_id, relation in _stored(session, last.id).evidence:
        code = passages.code(session, code_id)
        quoted.append(
            {
                "code_id": code_id,
                "relation": relation,
                "record_id": code.record_id,
                "construct": code.construct,
                "quote": code.quote,
                "locator": code.locator,
                "counts": code_id in counting,
            }
        )
    return Shown(number, last.title, quoted, _rows(session, versions))


def _rows(
    session: Session, versions: Iterable[CmoConfiguration]
) -> list[dict[str, object]]:
    versions = list(versions)
    contents = _contents(session, [row.id for row in versions])
    counting = passages.counting(session)
    handles = {person.id: person.handle for person in session.scalars(select(Person))}
    return [
        {
            "cmo_id": row.number,
            "version": row.version,
            "status": row.status,
            "title": row.title,
            **_listed(contents[row.id], counting),
            "why": row.why,
            "by": handles.get(row.person_id, ""),
            "at": row.at,
        }
        for row in versions
    ]


def _listed(content: Content, counting: dict[int, int]) -> dict[str, object]:
    listed: dict[str, object] = {
        role.value: [name for place, name, _half in content.parts if place == role]
        for role in CmoRole
    }
    listed |= {
        aspect.value: [name for _place, name, half in content.parts if half == aspect]
        for aspect in Aspect
    }
    listed |= {relation.value: _of(content, relation) for relation in Relation}
    supporting = _of(content, Relation.SUPPORTS)
    studies = {counting[code_id] for code_id in supporting if code_id in counting}
    idle = [code_id for code_id, _word in content.evidence if code_id not in counting]
    return {**listed, "idle": idle, "studies": len(studies)}
