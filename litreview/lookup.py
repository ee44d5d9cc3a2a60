"""Find the rows that a person names: by handle, record id, or what is in force.

Every miss is a `NotFoundError` that says what there is instead, so no use case
words its own.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import yamlfile
from litreview.codebook import Codebook, parse_codebook
from litreview.errors import NotAllowedError, NotFoundError
from litreview.models import (
    CodebookVersion,
    Person,
    ProtocolVersion,
    Record,
    ScreeningRound,
)
from litreview.protocol import Criteria, Review, parse_criteria, parse_review
from litreview.vocabulary import Role


def person(session: Session, handle: str) -> Person:
    """Return the person with this handle, or refuse."""
    found = session.scalar(select(Person).where(Person.handle == handle))
    if found is not None:
        return found
    handles = sorted(session.scalars(select(Person.handle)))
    near = get_close_matches(handle, handles, n=1)
    raise NotFoundError(
        f"nobody here is called {handle!r}",
        why=f"Did you mean {near[0]!r}?"
        if near
        else f"the team is: {', '.join(handles) or 'nobody yet'}",
        fix="give --as HANDLE (or LITREVIEW_USER), or add the person to "
        "screening/review.yaml and run `litreview sync`",
    )


def actor(session: Session, handle: str, *, roles: tuple[Role, ...] = ()) -> Person:
    """Return an active person; with `roles`, one who has any of them.

    Raises what `require` raises.
    """
    found = person(session, handle)
    require(found, *roles)
    return found


def require(found: Person, *roles: Role) -> None:
    """Refuse somebody who has left; with `roles`, one who has none of them.

    A lead may do everything. Raises `NotAllowedError`.
    """
    if not found.active:
        raise NotAllowedError(
            f"{found.handle} has left the review",
            fix="a lead can set `active: true` in screening/review.yaml and sync",
        )
    if roles and found.role not in (*roles, Role.LEAD):
        wanted = " or ".join(dict.fromkeys((*roles, Role.LEAD)))
        raise NotAllowedError(
            f"{found.handle} may not do this",
            why=f"{found.handle} is {_a(found.role)}; this takes {_a(wanted)}",
            fix="ask a lead, or change the role in screening/review.yaml and sync",
        )


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


def record(session: Session, record_id: int) -> Record:
    """Return the record with this id, or refuse."""
    found = session.get(Record, record_id)
    if found is not None:
        return found
    largest = session.scalar(select(func.max(Record.id)))
    raise NotFoundError(
        f"there is no record {record_id}",
        why=f"ids run from 1 to {largest}" if largest else "there are no records yet",
        fix="`litreview record list` shows the ids"
        if largest
        else "run `litreview harvest` or `litreview import FILE`",
    )


def rounds(
    session: Session, name: str, *, stage: str | None = None
) -> list[ScreeningRound]:
    """Return the rounds of this name, of one stage or of both, or refuse."""
    query = select(ScreeningRound).order_by(ScreeningRound.id)
    known = [
        part for part in session.scalars(query) if stage in (None, str(part.stage))
    ]
    found = [part for part in known if part.name == name]
    if found:
        return found
    names = sorted({part.name for part in known})
    raise NotFoundError(
        f"there is no round {name!r}" + (f" at {stage}" if stage else ""),
        why=f"the rounds are: {', '.join(names) or 'none yet'}",
        fix="name one of them",
    )


def members(session: Session, record_id: int) -> list[Record]:
    """Return the records of this record's cluster, by id."""
    cluster = record(session, record_id).cluster_id
    query = select(Record).where(Record.cluster_id == cluster).order_by(Record.id)
    return list(session.scalars(query))


def protocol(session: Session) -> ProtocolVersion:
    """Return the protocol in force, or refuse."""
    found = session.scalar(
        select(ProtocolVersion).order_by(ProtocolVersion.id.desc()).limit(1)
    )
    if found is None:
        raise NotFoundError(
            "the database knows no protocol yet", fix="run `litreview sync`"
        )
    return found


def criteria(session: Session) -> Criteria:
    """Return the criteria in force."""
    return parsed_criteria(protocol(session))


def parsed_criteria(version: ProtocolVersion) -> Criteria:
    """Return a stored version of the protocol as criteria."""
    return _parsed_criteria(version.criteria_text)


def review(session: Session) -> Review:
    """Return the review's settings in force."""
    return _parsed_review(protocol(session).review_text)


def codebooks(session: Session) -> list[CodebookVersion]:
    """Return the version in force of each codebook, by name."""
    newest = select(func.max(CodebookVersion.id)).group_by(CodebookVersion.name)
    query = select(CodebookVersion).where(CodebookVersion.id.in_(newest))
    return list(session.scalars(query.order_by(CodebookVersion.name)))


def construct(session: Session, construct_id: str) -> tuple[CodebookVersion, Codebook]:
    """Return the codebook in force that holds this construct, ready to apply.

    Raises `NotFoundError` with the nearest id where no codebook does, and what
    `Codebook.choose` raises for one that cannot be applied itself.
    """
    known: list[str] = []
    for version in codebooks(session):
        book = parsed_codebook(version)
        groups = [group.id for group in book.groups]
        if book.find(construct_id) is not None or construct_id in groups:
            book.choose(construct_id)  # refuses a group and a parent with facets
            return version, book
        known += [*groups, *(entry.id for entry in book.constructs)]
    near = get_close_matches(construct_id, known, n=3)
    raise NotFoundError(
        f"no codebook has a construct {construct_id!r}",
        why=f"Did you mean {' or '.join(map(repr, near))}?" if near else "",
        fix="`litreview export constructs --to -` lists all; codebooks are in "
        "screening/codebooks/, `litreview sync` loads them",
    )


def parsed_codebook(version: CodebookVersion) -> Codebook:
    """Return a stored codebook version as constructs and groups."""
    return _parsed_codebook(version.text, version.name)


@lru_cache(maxsize=32)
def _parsed_codebook(text: str, name: str) -> Codebook:
    path = f"screening/codebooks/{name}.yaml"
    return parse_codebook(yamlfile.parse(text, path), name=name)


@lru_cache(maxsize=32)
def _parsed_criteria(text: str) -> Criteria:
    return parse_criteria(yamlfile.parse(text, "screening/criteria.yaml"))


@lru_cache(maxsize=32)
def _parsed_review(text: str) -> Review:
    return parse_review(yamlfile.parse(text, "screening/review.yaml"))
