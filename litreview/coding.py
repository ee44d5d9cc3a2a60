"""Code passages of included reports with the constructs of the codebook in force.

A code is a verbatim quotation, the place where it stands, and one construct. It
points at a record; that record's cluster is the report, and the report's study is
counted once. Codes are appended and never changed: a wrong one is retracted with
its reason, and from then on counts nowhere. What rested on it is told at once, and
its trace fails by name until the item or configuration is mended.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from litreview import coders, lookup, passages, quotations, state
from litreview.codebook import Construct
from litreview.errors import LitreviewError, NotAllowedError
from litreview.models import CodebookVersion, Person, Record
from litreview.passages import Resting
from litreview.synthesis import CodeApplication, CodeRetraction, QuoteCheck
from litreview.vocabulary import CmoRole, EvidenceType, Polarity, Stage
from litreview.wording import choice, phrase, verbatim
from litreview.yamlfile import suggestion


@dataclass(frozen=True)
class Passage:
    """A quotation with what it is said to show.

    `locator` is a page, section or timestamp. Without a `role` it is the construct's
    own. The evidence type that claims least is the default. `speaker` is the role of
    whoever is quoted, `organisation` theirs; `attributes` are names and values that
    the construct allows.
    """

    construct: str
    quote: str
    locator: str
    role: str | None = None
    polarity: str = Polarity.PRESENT
    evidence_type: str = EvidenceType.ILLUSTRATES
    speaker: str = ""
    organisation: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Coded:
    """A stored code; `new` is false where the very same one was there already."""

    code: CodeApplication
    construct: Construct
    new: bool


@dataclass(frozen=True)
class Retracted:
    """A code taken back, and what rested on it."""

    code: CodeApplication
    resting: Resting


def add(
    session: Session, *, by: str, record_id: int, passage: Passage, uid: str = ""
) -> Coded:
    """Code a passage of an included report and return the code.

    The same `uid`, or the same passage by the same person, is stored once. Raises
    `NotAllowedError` for a report that is not included after full text, and what
    `lookup.construct` raises for a group or a construct with facets.
    """
    person = passages.coder(session, by)
    version, book = lookup.construct(session, passage.construct)
    construct = book.choose(passage.construct)
    row = _row(passage, construct, uid or str(uuid.uuid4()))
    row.record_id = _included(session, record_id).id
    row.codebook_id, row.person_id = version.id, person.id
    found = _already(session, row)
    if found is None:
        session.add(row)
        session.flush()
    return Coded(found or row, construct, new=found is None)


def _row(passage: Passage, construct: Construct, uid: str) -> CodeApplication:
    """Return the code of a passage, every word of it checked."""
    return CodeApplication(
        uid=uid,
        construct=construct.id,
        quote=verbatim(passage.quote, "quote"),
        locator=phrase(passage.locator, "locator"),
        role=choice(CmoRole, passage.role or construct.cmo_role, "role"),
        polarity=choice(Polarity, passage.polarity, "polarity"),
        evidence_type=choice(EvidenceType, passage.evidence_type, "evidence type"),
        speaker=phrase(passage.speaker, "speaker", required=False),
        organisation=phrase(passage.organisation, "organisation", required=False),
        attributes=dict(attributes_of(construct, passage.attributes)) or None,
    )


def attributes_of(
    construct: Construct, noted: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return what is noted beside a construct, or refuse what it does not allow.

    A name stands once; where the codebook lists no values for it, any is allowed.
    """
    known = dict(construct.attributes)
    found: dict[str, str] = {}
    for name, value in noted:
        allowed = known.get(name)
        if allowed is None:
            raise LitreviewError(
                f"{construct.id} has no attribute {name!r}",
                why=suggestion(name, known),
                fix=f"it has: {', '.join(known)}" if known else "it has none; leave it",
            )
        word = phrase(value, name)
        if allowed and word not in allowed:
            raise LitreviewError(
                f"{word!r} is no {name} of {construct.id}",
                why=suggestion(word, allowed),
                fix=f"use one of {', '.join(allowed)}",
            )
        if name in found:
            raise LitreviewError(
                f"{name} is given twice", fix="code the passage twice, or choose one"
            )
        found[name] = word
    return list(found.items())


def _included(session: Session, record_id: int) -> Record:
    """Return the record if its report is included after full text, or refuse."""
    record = lookup.record(session, record_id)
    cluster = record.cluster_id or record.id
    outcome = state.outcome(session, Stage.FULL_TEXT, cluster)
    if outcome is not None and outcome.included:
        return record
    # Nothing here may tell a screener how others voted on an open record.
    excluded = state.standing_of(outcome) == "excluded"
    raise NotAllowedError(
        f"record {record_id} cannot be coded",
        why="its report was excluded on full text"
        if excluded
        else "its report is not included after full text, or not yet",
        fix="code a report that is included: `litreview record list` shows the state "
        "of each"
        if excluded
        else "finish its screening at both stages first; "
        f"`litreview record show {record_id}` shows where it stands",
    )


def _already(session: Session, row: CodeApplication) -> CodeApplication | None:
    """Return the stored code that `row` would repeat; refuse a uid used otherwise."""
    query = select(CodeApplication).where(CodeApplication.uid == row.uid)
    same_uid = session.scalar(query)
    if same_uid is not None:
        if _content(same_uid) != _content(row):
            raise LitreviewError(
                f"the uid {row.uid!r} belongs to another passage",
                why=f"code {same_uid.id} has it",
                fix="give each passage a uid of its own",
            )
        return same_uid
    gone = passages.retractions(session)
    twins = select(CodeApplication).where(
        CodeApplication.record_id == row.record_id,
        CodeApplication.construct == row.construct,
        CodeApplication.person_id == row.person_id,
    )
    same = (c for c in session.scalars(twins) if _content(c) == _content(row))
    return next((code for code in same if code.id not in gone), None)


def _content(code: CodeApplication) -> tuple[object, ...]:
    return (
        code.record_id,
        code.construct,
        code.person_id,
        code.quote,
        code.locator,
        code.role,
        code.polarity,
        code.evidence_type,
        code.speaker,
        code.organisation,
        code.attributes or None,
    )


def retract(session: Session, *, by: str, code_id: int, why: str) -> Retracted:
    """Take a code back and return what rested on it.

    Raises `LitreviewError` for a code that is retracted already, and
    `NotAllowedError` for another coder's that this person may not see.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    code = passages.code(session, code_id)
    home = lookup.record(session, code.record_id)
    if code.person_id != person.id and not coders.shows(
        session, person, home.cluster_id or home.id
    ):
        coders.refuse(code_id)
    before = session.get(CodeRetraction, code_id)
    if before is not None:
        raise LitreviewError(
            f"code {code_id} is retracted already",
            why=before.why,
            fix="nothing is left to do; a new `litreview code add` codes it again",
        )
    reason = phrase(why, "reason")
    session.add(CodeRetraction(code_id=code.id, why=reason, person_id=person.id))
    session.flush()
    return Retracted(code, passages.resting_on(session, code.id))


# -- what is coded --------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """Which passages are listed, and for whom; empty words and None fit all.

    `handle` is who asks and sees no more than they may (`coders`). `speaker` and
    `organisation` are parts of the words stored, in upper or lower case.
    """

    handle: str = ""
    evidence_type: str | None = None
    speaker: str = ""
    organisation: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    def fits(self, code: CodeApplication) -> bool:
        """Tell whether a passage's speaker and attributes are those wanted."""
        noted = code.attributes if isinstance(code.attributes, dict) else {}
        return (
            self.speaker.casefold() in code.speaker.casefold()
            and self.organisation.casefold() in code.organisation.casefold()
            and all(noted.get(name) == value for name, value in self.attributes)
        )


def codes(
    session: Session,
    *,
    record_id: int | None = None,
    construct: str = "",
    retracted: bool = False,
    view: View | None = None,
) -> list[dict[str, object]]:
    """List codes by id, retracted ones only on demand.

    `record_id` means its whole report; `construct` may be a group or a parent and
    then covers all below it. Keys: code_id, record_id, cluster_id, study_id, title,
    construct, label, role, polarity, evidence_type, quote, locator, speaker,
    organisation, attributes, coder, codebook, at, verified (yes, no, not yet, no
    text), page (of the file), counts (bool), retracted (the reason, or None).
    """
    view = view or View()
    query = (
        select(CodeApplication, Record.cluster_id, Record.title, Person.handle)
        .join(Record, Record.id == CodeApplication.record_id)
        .join(Person, Person.id == CodeApplication.person_id)
        .order_by(CodeApplication.id)
    )
    query = _narrowed(session, query, record_id, construct)
    if view.evidence_type:
        kind = choice(EvidenceType, view.evidence_type, "evidence type")
        query = query.where(CodeApplication.evidence_type == kind)
    shown = coders.sight(session, view.handle)
    gone = {row.code_id: row.why for row in passages.retractions(session).values()}
    counting = passages.counting(session)
    study_of = state.studies(session)
    looks, texts = quotations.newest(session), quotations.places(session)
    books = _books(session)
    rows: list[dict[str, object]] = []
    for code, cluster, title, coder in session.execute(query):
        if (code.id in gone and not retracted) or not view.fits(code):
            continue
        if shown(code.person_id, cluster):
            rows.append(
                {
                    **_code_row(code, *books[code.codebook_id]),
                    "cluster_id": cluster,
                    "study_id": study_of.get(cluster),
                    "title": title,
                    "coder": coder,
                    **_verified(looks.get(code.id), at_hand=cluster in texts),
                    "counts": code.id in counting,
                    "retracted": gone.get(code.id),
                }
            )
    return rows


def _verified(look: QuoteCheck | None, *, at_hand: bool) -> dict[str, object]:
    if look is None:
        return {"verified": "not yet" if at_hand else "no text", "page": ""}
    return {"verified": "yes" if look.found else "no", "page": look.page}


def _books(session: Session) -> dict[int, tuple[str, dict[str, str]]]:
    """Return codebook version -> its name, and construct id -> label."""
    return {
        version.id: (
            version.name,
            {c.id: c.label for c in lookup.parsed_codebook(version).constructs},
        )
        for version in session.scalars(select(CodebookVersion))
    }


def _code_row(
    code: CodeApplication, codebook: str, labels: dict[str, str]
) -> dict[str, object]:
    return {
        "code_id": code.id,
        "record_id": code.record_id,
        "construct": code.construct,
        "label": labels.get(code.construct, ""),
        "role": code.role,
        "polarity": code.polarity,
        "evidence_type": code.evidence_type,
        "quote": code.quote,
        "locator": code.locator,
        "speaker": code.speaker,
        "organisation": code.organisation,
        "attributes": code.attributes or {},
        "codebook": codebook,
        "at": code.at,
    }


Rows = Select[CodeApplication, int, str, str]


def _narrowed(
    session: Session, query: Rows, record_id: int | None, construct: str
) -> Rows:
    if record_id is not None:
        cluster = lookup.record(session, record_id).cluster_id
        query = query.where(Record.cluster_id == cluster)
    if construct:
        wanted = sorted(passages.covered(session, construct))
        query = query.where(CodeApplication.construct.in_(wanted))
    return query
