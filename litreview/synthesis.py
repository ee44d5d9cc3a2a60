"""The tables of the synthesis: coded passages, configurations, indicators, items.

The second half of the model in `litreview.models`. Everything points back at
records and at coded passages, and is appended: a changed configuration, instrument
or item is a new version, a wrong code is retracted by a row of its own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from litreview.declarative import Base, Json, JsonValue, now, one_of
from litreview.vocabulary import (
    CmoRole,
    CmoStatus,
    CodingState,
    EvidenceType,
    IndicatorStatus,
    ItemOrigin,
    ItemStatus,
    MaterialKind,
    Panel,
    Permission,
    Polarity,
    RatingMeasure,
    Relation,
)

# -- passages -------------------------------------------------------------------


class CodeApplication(Base):
    """A verbatim passage of a report, coded with a construct.

    `speaker` is the role of whoever is quoted, `organisation` theirs; `attributes`
    are values of what the codebook lets a coder note beside this construct.
    """

    __tablename__ = "code_application"
    __table_args__ = (
        one_of("role", CmoRole),
        one_of("polarity", Polarity),
        one_of("evidence_type", EvidenceType),
        CheckConstraint("quote <> ''", name="quote"),
        CheckConstraint("locator <> ''", name="locator"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    construct: Mapped[str] = mapped_column(index=True)
    codebook_id: Mapped[int] = mapped_column(ForeignKey("codebook_version.id"))
    quote: Mapped[str]
    locator: Mapped[str]
    role: Mapped[str]
    polarity: Mapped[str]
    evidence_type: Mapped[str]
    speaker: Mapped[str] = mapped_column(default="")
    organisation: Mapped[str] = mapped_column(default="", server_default=sql("''"))
    attributes: Mapped[JsonValue | None] = mapped_column(Json)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CodeRetraction(Base):
    """A code taken back."""

    __tablename__ = "code_retraction"
    code_id: Mapped[int] = mapped_column(
        ForeignKey("code_application.id"), primary_key=True
    )
    why: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class QuoteCheck(Base):
    """What a look into a report's text said of a quotation; the newest row counts.

    `page` is the page of the file, counted from 1, empty where the text has none;
    `nearest` is the passage most like a quotation that was not found, `score` how
    like it is (0 to 1); `sha256` names the file that was read.
    """

    __tablename__ = "quote_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    code_id: Mapped[int] = mapped_column(ForeignKey("code_application.id"), index=True)
    found: Mapped[bool]
    page: Mapped[str] = mapped_column(default="")
    score: Mapped[float]
    nearest: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CodingEvent(Base):
    """A coder finished a report, or opened it again; the newest row counts.

    Only in a finished report does a construct without a passage mean "absent".
    """

    __tablename__ = "coding_event"
    __table_args__ = (one_of("state", CodingState),)
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    codebook_id: Mapped[int] = mapped_column(ForeignKey("codebook_version.id"))
    state: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)


class Adjudication(Base):
    """Two coders differed on whether a report has a construct; this settles it.

    `basis_key` names what was seen: the sorted ids of the coders' passages for this
    construct and of their newest coding events. It holds only while these stand.
    """

    __tablename__ = "adjudication"
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    construct: Mapped[str]
    present: Mapped[bool]
    basis_key: Mapped[str]
    why: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


# -- what the team writes in YAML -----------------------------------------------


class MaterialVersion(Base):
    """A form, scales or a ledger: the YAML as it was; the newest is in force."""

    __tablename__ = "material_version"
    __table_args__ = (one_of("kind", MaterialKind),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str]
    text: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class FormValue(Base):
    """What one person read in a report for one field of a form.

    The newest row of a report, form, field, `part` and person counts; `part` counts
    what a report has several of (effects, samples) from 1. `value` is an object:
    its keys depend on the field's kind. An empty one takes the value back.
    """

    __tablename__ = "form_value"
    __table_args__ = (CheckConstraint("part >= 1", name="part"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("material_version.id"))
    field: Mapped[str]
    part: Mapped[int] = mapped_column(default=1)
    value: Mapped[JsonValue] = mapped_column(Json, default=dict)
    page: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


# -- configurations and indicators ----------------------------------------------


class CmoConfiguration(Base):
    """One version of a context-mechanism-outcome configuration.

    `number` names the configuration through all its versions.
    """

    __tablename__ = "cmo_configuration"
    __table_args__ = (
        one_of("status", CmoStatus),
        UniqueConstraint("number", "version"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    version: Mapped[int]
    title: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default=CmoStatus.CANDIDATE)
    why: Mapped[str] = mapped_column(default="")
    codebook_id: Mapped[int] = mapped_column(ForeignKey("codebook_version.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CmoPart(Base):
    """One construct in its place in a configuration.

    A mechanism may say with `aspect` which half of it this is.
    """

    __tablename__ = "cmo_part"
    __table_args__ = (one_of("role", CmoRole),)
    cmo_id: Mapped[int] = mapped_column(
        ForeignKey("cmo_configuration.id"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    construct: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    aspect: Mapped[str | None]


class CmoEvidence(Base):
    """A coded passage that supports, refutes or refines a configuration."""

    __tablename__ = "cmo_evidence"
    __table_args__ = (one_of("relation", Relation),)
    cmo_id: Mapped[int] = mapped_column(
        ForeignKey("cmo_configuration.id"), primary_key=True
    )
    code_id: Mapped[int] = mapped_column(
        ForeignKey("code_application.id"), primary_key=True
    )
    relation: Mapped[str] = mapped_column(default=Relation.SUPPORTS)


class Indicator(Base):
    """One version of a variable of secondary data that stands for a construct.

    `number` names the indicator through its versions; `level` is the unit that the
    dataset has a row for, `join_key` what ties that row to a school. `cut_off` makes
    it usable for sampling, with the work that justifies it.
    """

    __tablename__ = "indicator"
    __table_args__ = (
        one_of("role", CmoRole),
        one_of("status", IndicatorStatus),
        UniqueConstraint("number", "version"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    version: Mapped[int]
    construct: Mapped[str] = mapped_column(index=True)
    codebook_id: Mapped[int] = mapped_column(ForeignKey("codebook_version.id"))
    role: Mapped[str]
    dataset: Mapped[str]
    variable: Mapped[str]
    level: Mapped[str] = mapped_column(default="")
    join_key: Mapped[str] = mapped_column(default="")
    years: Mapped[str] = mapped_column(default="")
    access: Mapped[str] = mapped_column(default="")
    quality: Mapped[str] = mapped_column(default="")
    formula: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    code_id: Mapped[int | None] = mapped_column(ForeignKey("code_application.id"))
    cut_off: Mapped[str] = mapped_column(default="")
    cut_off_source: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default=IndicatorStatus.CANDIDATE)
    why: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


# -- instruments and items ------------------------------------------------------


class Instrument(Base):
    """A questionnaire: a list of items that belong together."""

    __tablename__ = "instrument"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class InstrumentVersion(Base):
    """What is known of an instrument; the newest version counts, none means our own.

    `found` says that it comes from the literature; `record_id` is the report that
    tells of it. `permission` says whether its items may be used word for word,
    `permission_evidence` how we know (a licence, a letter and its date).
    """

    __tablename__ = "instrument_version"
    __table_args__ = (
        one_of("permission", Permission),
        UniqueConstraint("instrument_id", "version"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    version: Mapped[int]
    found: Mapped[bool]
    record_id: Mapped[int | None] = mapped_column(ForeignKey("record.id"))
    scale: Mapped[str] = mapped_column(default="")
    reliability: Mapped[str] = mapped_column(default="")
    validity: Mapped[str] = mapped_column(default="")
    sample: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    year: Mapped[str] = mapped_column(default="")
    licence: Mapped[str] = mapped_column(default="")
    permission: Mapped[str] = mapped_column(default=Permission.UNKNOWN)
    permission_evidence: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class SurveyItem(Base):
    """A question's identity: its instrument and its construct."""

    __tablename__ = "survey_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), index=True)
    construct: Mapped[str] = mapped_column(index=True)
    codebook_id: Mapped[int] = mapped_column(ForeignKey("codebook_version.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class ItemVersion(Base):
    """An item's wording and properties; the newest version counts.

    `period` is the time it asks about ("in the last 12 months"), `respondent` the
    role of those who answer.
    """

    __tablename__ = "item_version"
    __table_args__ = (
        one_of("status", ItemStatus),
        UniqueConstraint("item_id", "version"),
        CheckConstraint("text <> ''", name="text"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("survey_item.id"))
    version: Mapped[int]
    text: Mapped[str]
    status: Mapped[str] = mapped_column(default=ItemStatus.DRAFT)
    referent: Mapped[str] = mapped_column(default="")
    level: Mapped[str] = mapped_column(default="")
    scale: Mapped[str] = mapped_column(default="")
    reverse: Mapped[bool] = mapped_column(default=False)
    period: Mapped[str] = mapped_column(default="", server_default=sql("''"))
    respondent: Mapped[str] = mapped_column(default="", server_default=sql("''"))
    why: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class ItemEvidence(Base):
    """A coded passage that an item rests on."""

    __tablename__ = "item_evidence"
    item_id: Mapped[int] = mapped_column(ForeignKey("survey_item.id"), primary_key=True)
    code_id: Mapped[int] = mapped_column(
        ForeignKey("code_application.id"), primary_key=True, index=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class ItemSource(Base):
    """The published item that a version adapts or takes word for word.

    A version without a row is new. `number` and `page` say where it stands there.
    """

    __tablename__ = "item_source"
    __table_args__ = (one_of("origin", ItemOrigin),)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("item_version.id"), primary_key=True
    )
    origin: Mapped[str]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    number: Mapped[str] = mapped_column(default="")
    page: Mapped[str] = mapped_column(default="")
    adaptation: Mapped[str] = mapped_column(default="")


class Rating(Base):
    """What one rater said of one item, or where they ranked one construct.

    The newest row of a round, rater, measure and subject counts. `version` is the
    item's wording that was rated; `sha256` names the file it came in.
    """

    __tablename__ = "rating"
    __table_args__ = (
        one_of("panel", Panel),
        one_of("measure", RatingMeasure),
        CheckConstraint("(item_id IS NULL) <> (construct = '')", name="subject"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    panel: Mapped[str]
    round: Mapped[str]
    rater: Mapped[str]
    measure: Mapped[str]
    item_id: Mapped[int | None] = mapped_column(
        ForeignKey("survey_item.id"), index=True
    )
    version: Mapped[int | None]
    construct: Mapped[str] = mapped_column(default="")
    value: Mapped[int]
    comment: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


# All but `instrument`, whose row is only a name.
APPEND_ONLY = (
    CodeApplication,
    CodeRetraction,
    QuoteCheck,
    CodingEvent,
    Adjudication,
    MaterialVersion,
    FormValue,
    CmoConfiguration,
    CmoPart,
    CmoEvidence,
    Indicator,
    InstrumentVersion,
    SurveyItem,
    ItemVersion,
    ItemEvidence,
    ItemSource,
    Rating,
)
