"""Indicators: variables of secondary data that may stand for a construct.

An indicator belongs to a construct and a place in a configuration, and names a
dataset, a variable, the unit that the dataset has a row for and the key that ties
that row to a school. Without unit and key it cannot be called usable. Each change is
a new version; what the codebook knows of a dataset fills what is not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, passages
from litreview.codebook import Codebook, Dataset, ProxyQuality
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import Person
from litreview.synthesis import Indicator
from litreview.vocabulary import CmoRole, IndicatorStatus
from litreview.wording import choice, phrase

# What a usable indicator must say, and how a person knows it.
NEEDED: Mapping[str, str] = {
    "dataset": "dataset",
    "variable": "variable",
    "level": "level",
    "join_key": "join key",
}
NO_KEY = "none"


@dataclass(frozen=True)
class Variable:
    """What a person says of an indicator; None keeps what there is.

    `role` is its place in a configuration (default: the construct's own), `level`
    the unit of the dataset's rows, `cut_off` a value that divides schools for
    sampling, which needs `cut_off_source`. `code_id` is a passage that speaks of it.
    """

    dataset: str | None = None
    variable: str | None = None
    role: str | None = None
    level: str | None = None
    join_key: str | None = None
    years: str | None = None
    access: str | None = None
    quality: str | None = None
    formula: str | None = None
    source: str | None = None
    code_id: int | None = None
    cut_off: str | None = None
    cut_off_source: str | None = None


def add(session: Session, *, by: str, construct: str, said: Variable) -> Indicator:
    """Register a candidate indicator for a construct and return it.

    The same construct, dataset, variable and formula are registered once: a second
    time is refused, naming the first. Raises what `lookup.construct` raises.
    """
    person = passages.coder(session, by)
    version, book = lookup.construct(session, construct)
    entry = book.choose(construct)
    passages.take_turns(session)
    row = Indicator(
        number=(session.scalar(select(func.max(Indicator.number))) or 0) + 1,
        version=1,
        construct=entry.id,
        codebook_id=version.id,
        role=entry.cmo_role,
        dataset="",
        variable="",
        **dict.fromkeys(("level", "join_key", "years", "access", "quality"), ""),
        **dict.fromkeys(("formula", "source", "cut_off", "cut_off_source"), ""),
        status=IndicatorStatus.CANDIDATE,
        why="",
        person_id=person.id,
    )
    _say(session, row, said)
    _fill(row, book)
    _refuse_twin(session, row)
    session.add(row)
    session.flush()
    return row


def seed(session: Session, *, by: str) -> list[Indicator]:
    """Register what the codebooks in force name as proxies, and return the new ones.

    A construct that has an indicator on that variable already is passed over.
    """
    known = {
        (row["construct"], row["dataset"], row["variable"])
        for row in indicators(session)
    }
    made = []
    for version in lookup.codebooks(session):
        book = lookup.parsed_codebook(version)
        for entry in book.constructs:
            proxy = entry.proxy
            if proxy is None or not book.applicable(entry.id):
                continue
            if (entry.id, proxy.dataset, proxy.variable) not in known:
                said = Variable(
                    dataset=proxy.dataset,
                    variable=proxy.variable,
                    quality=proxy.quality,
                    source=f"codebook {book.name}",
                )
                made.append(add(session, by=by, construct=entry.id, said=said))
    return made


def revise(
    session: Session, *, by: str, number: int, said: Variable, why: str
) -> Indicator:
    """Store the next version of an indicator; the one before is kept.

    A usable one that loses what it needs is refused. Raises `LitreviewError` where
    nothing would change.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    old = newest(session, number)
    row = _next(old, person, why)
    _say(session, row, said)
    if _content(row) == _content(old):
        raise LitreviewError(
            f"indicator {number} would not change", fix="give a value that differs"
        )
    if row.status == IndicatorStatus.USABLE:
        _require_usable(row)
    session.add(row)
    session.flush()
    return row


def set_status(
    session: Session, *, by: str, number: int, status: str, why: str = ""
) -> Indicator:
    """Store the next version of an indicator with another status.

    Raises `NotAllowedError` for "usable" without dataset, variable, level and join
    key, and for "rejected" without a reason.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    old = newest(session, number)
    row = _next(old, person, why)
    row.status = choice(IndicatorStatus, status, "status")
    if row.status == old.status:
        raise LitreviewError(
            f"indicator {number} is {old.status} already", fix="nothing is left to do"
        )
    if row.status == IndicatorStatus.USABLE:
        _require_usable(row)
    if row.status == IndicatorStatus.REJECTED and not row.why:
        raise LitreviewError(
            f"indicator {number} cannot be rejected without a reason",
            fix="give --why W",
        )
    session.add(row)
    session.flush()
    return row


def newest(session: Session, number: int) -> Indicator:
    """Return the newest version of an indicator, or refuse an unknown number."""
    query = select(Indicator).where(Indicator.number == number)
    found = session.scalar(query.order_by(Indicator.version.desc()).limit(1))
    if found is not None:
        return found
    largest = session.scalar(select(func.max(Indicator.number)))
    raise NotFoundError(
        f"there is no indicator {number}",
        why=f"numbers run from 1 to {largest}" if largest else "there are none yet",
        fix="`litreview indicator list` shows them"
        if largest
        else "register one with `litreview indicator add`",
    )


def versions(session: Session, number: int) -> list[dict[str, object]]:
    """Return all versions of an indicator, the oldest first, as `indicators` does."""
    newest(session, number)
    query = select(Indicator, Person.handle).join(
        Person, Person.id == Indicator.person_id
    )
    rows = session.execute(
        query.where(Indicator.number == number).order_by(Indicator.version)
    )
    return [_listed(row, handle) for row, handle in rows]


def indicators(session: Session, *, construct: str = "") -> list[dict[str, object]]:
    """List indicators by number, each in its newest version, rejected ones too.

    Keys: number, version, construct, role, dataset, variable, level, join_key, years,
    access, quality, formula, source, code_id, cut_off, cut_off_source, status, why,
    by, at, lacks (what keeps it from being usable).
    """
    latest = select(func.max(Indicator.id)).group_by(Indicator.number)
    query = (
        select(Indicator, Person.handle)
        .join(Person, Person.id == Indicator.person_id)
        .where(Indicator.id.in_(latest))
        .order_by(Indicator.number)
    )
    if construct:
        query = query.where(Indicator.construct == construct)
    return [_listed(row, handle) for row, handle in session.execute(query)]


def _listed(row: Indicator, handle: str) -> dict[str, object]:
    names = [field.name for field in fields(Variable)]
    return {
        "number": row.number,
        "version": row.version,
        "construct": row.construct,
        **{name: getattr(row, name) for name in names},
        "status": row.status,
        "why": row.why,
        "by": handle,
        "at": row.at,
        "lacks": lacks(row),
    }


def lacks(row: Indicator) -> list[str]:
    """Return what an indicator would need to be usable."""
    missing = [told for name, told in NEEDED.items() if not getattr(row, name)]
    if row.join_key.lower().startswith(NO_KEY):
        missing.append("a join key that is not 'none'")
    return missing


def _require_usable(row: Indicator) -> None:
    missing = lacks(row)
    if missing:
        raise NotAllowedError(
            f"indicator {row.number} cannot be usable",
            why=f"it lacks {' and '.join(missing)}",
            fix=f"run `litreview indicator revise {row.number}` with it, or leave the "
            "indicator a candidate",
        )


# -- versions ------------------------------------------------------------------------


def _next(old: Indicator, person: Person, why: str) -> Indicator:
    kept = {
        column.key: getattr(old, column.key)
        for column in Indicator.__table__.columns
        if column.key not in {"id", "at"}
    }
    changed = {
        "version": old.version + 1,
        "why": phrase(why, "reason", required=False),
        "person_id": person.id,
    }
    return Indicator(**kept | changed)


def _say(session: Session, row: Indicator, said: Variable) -> None:
    """Write what a person says into a version, every word of it checked."""
    for field in fields(Variable):
        value = getattr(said, field.name)
        if value is None or field.name == "code_id":
            continue
        setattr(row, field.name, phrase(value, field.name, required=False))
    if said.role is not None:
        row.role = choice(CmoRole, said.role, "role")
    if said.quality:
        row.quality = choice(ProxyQuality, said.quality, "quality")
    if said.code_id is not None:
        row.code_id = passages.standing(session, [said.code_id])[0].id
    for name in ("dataset", "variable"):
        phrase(getattr(row, name), name)
    if row.cut_off and not row.cut_off_source:
        raise LitreviewError(
            f"the cut-off {row.cut_off!r} has no source",
            why="a line drawn between schools without a reference is an opinion",
            fix="give --cut-off-source, a work that justifies it",
        )


def _fill(row: Indicator, book: Codebook) -> None:
    """Fill what was not given with what the codebook knows of the dataset."""
    known = next((one for one in book.datasets if one.id == row.dataset), None)
    if known is None:
        return
    row.level = row.level or known.unit
    row.access = row.access or known.access
    row.join_key = row.join_key or _key(known)


def _key(dataset: Dataset) -> str:
    return dataset.key if dataset.linkable else NO_KEY


def _refuse_twin(session: Session, row: Indicator) -> None:
    for known in indicators(session, construct=row.construct):
        same = all(
            known[name] == getattr(row, name)
            for name in ("dataset", "variable", "formula", "role")
        )
        if same:
            raise LitreviewError(
                f"{row.dataset}: {row.variable} is indicator {known['number']} already",
                fix=f"change it with `litreview indicator revise {known['number']}`",
            )


def _content(row: Indicator) -> tuple[object, ...]:
    return tuple(getattr(row, field.name) for field in fields(Variable))
