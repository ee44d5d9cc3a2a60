"""A small team at work, and the review with a record of every kind they make."""

from __future__ import annotations

from dataclasses import dataclass

from making import Maker
from sqlalchemy.orm import Session

from litreview.models import FulltextEvent, Person, Record, RecordRemoval
from litreview.screening import Ballot, decide, withdraw
from litreview.settling import Ruling, resolve
from litreview.vocabulary import Found, PairVerdict, Retrieval, Stage

TA, FT = Stage.TITLE_ABSTRACT, Stage.FULL_TEXT
STREAM = ("theorises_concept",)


@dataclass
class Team:
    """Two screeners, an arbiter and what they do."""

    session: Session
    make: Maker
    ann: Person
    bob: Person
    cleo: Person

    def vote(self, who: Person, record: Record, stage: str, verdict: str) -> None:
        """Cast one vote; a verdict may carry its reason, as in `exclude X-POP`."""
        word, _, reason = verdict.partition(" ")
        streams = STREAM if stage == FT and word == "include" else ()
        ballot = Ballot(record.id, stage, word, reason=reason, streams=streams)
        decide(self.session, ballot, screener=who)

    def both(self, record: Record, stage: str, one: str, other: str = "") -> None:
        """Let both screeners vote."""
        self.vote(self.ann, record, stage, one)
        self.vote(self.bob, record, stage, other or one)

    def arbitrate(self, record: Record, stage: str, verdict: str) -> None:
        """Let the arbiter settle a conflict."""
        word, _, reason = verdict.partition(" ")
        ruling = Ruling(record.id, stage, word, reason=reason)
        resolve(self.session, ruling, by=self.cleo)

    def withdraw(self, who: Person, record: Record, stage: str) -> None:
        """Let somebody take their vote back."""
        withdraw(self.session, record.id, stage=stage, screener=who)

    def remove(self, record: Record, basis: str, *, removed: bool = True) -> None:
        """Remove a record before screening, or bring it back."""
        self.session.add(
            RecordRemoval(
                record_id=record.id,
                removed=removed,
                basis=basis,
                text="said so",
                person_id=self.cleo.id,
            )
        )
        self.session.flush()

    def text(self, record: Record, status: str) -> None:
        """Record what became of a full text."""
        event = FulltextEvent(
            record_id=record.id, status=status, person_id=self.cleo.id
        )
        self.session.add(event)
        self.session.flush()

    def merge(self, *records: Record) -> None:
        """Judge records to be one report."""
        first = min(records, key=lambda record: record.id)
        for record in records:
            record.cluster_id = first.id
            if record is not first:
                self.make.pair(first, record, PairVerdict.DUPLICATE, self.cleo)
        self.session.flush()


def start(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    ann, bob = make.review("ann", "bob")
    return Team(session, make, ann, bob, make.person("cleo"))


def every_kind(team: Team) -> dict[str, Record]:
    """Make a review with a record of every kind, work still open."""
    web, register = Found.WEBSITE, Found.REGISTER
    made = {
        name: team.make.record(name, source=source, found=found)
        for name, source, found in (
            ("kept", "openalex", Found.DATABASE),
            ("its duplicate", "crossref", Found.DATABASE),
            ("its web page", "a ministry", web),
            ("by rule", "openalex", Found.DATABASE),
            ("by reason", "openalex", Found.DATABASE),
            ("ta out", "crossref", Found.DATABASE),
            ("ta conflict", "openalex", Found.DATABASE),
            ("ta unseen", "openalex", Found.DATABASE),
            ("ta begun", "crossref", Found.DATABASE),
            ("not retrieved", "openalex", Found.DATABASE),
            ("ft out population", "openalex", Found.DATABASE),
            ("ft out concept", "crossref", Found.DATABASE),
            ("same study", "openalex", Found.DATABASE),
            ("web kept", "a ministry", web),
            ("web ta out", "a ministry", web),
            ("organisation removed", "a trust", Found.ORGANISATION),
            ("citation not sought", "citations", Found.CITATION),
            ("web duplicate", "a ministry", web),
            ("register sought", "ISRCTN", register),
            ("register conflict", "ISRCTN", register),
            ("not sought", "openalex", Found.DATABASE),
            ("removed from mixed", "openalex", Found.DATABASE),
            ("left of mixed", "a ministry", web),
        )
    }
    team.merge(made["kept"], made["its duplicate"], made["its web page"])
    team.merge(made["web kept"], made["web duplicate"])
    team.merge(made["removed from mixed"], made["left of mixed"])
    same_study = PairVerdict.SAME_STUDY
    team.make.pair(made["kept"], made["same study"], same_study, team.cleo)
    team.remove(made["by rule"], "rule")
    for name in ("by reason", "organisation removed", "removed from mixed"):
        team.remove(made[name], "reason")
    team.remove(made["not sought"], "rule")
    team.remove(made["not sought"], "rule", removed=False)
    screen_titles(team, made)
    screen_texts(team, made)
    return made


def screen_titles(team: Team, made: dict[str, Record]) -> None:
    """Screen most titles."""
    for name in ("ta out", "web ta out"):
        team.both(made[name], TA, "exclude")
    team.both(made["ta conflict"], TA, "include", "exclude")
    team.vote(team.ann, made["ta begun"], TA, "exclude")
    for name in (
        *("kept", "not retrieved", "ft out population", "ft out concept"),
        *("same study", "web kept", "citation not sought", "register sought"),
        *("register conflict", "not sought"),
    ):
        team.both(made[name], TA, "include", "maybe")


def screen_texts(team: Team, made: dict[str, Record]) -> None:
    """Look for most full texts and judge some."""
    team.text(made["not retrieved"], Retrieval.SOUGHT)
    team.text(made["not retrieved"], Retrieval.NOT_RETRIEVED)
    team.text(made["register sought"], Retrieval.SOUGHT)
    # Obtained in another copy than the one that stands for the report.
    team.text(made["its duplicate"], Retrieval.RETRIEVED)
    for name in ("kept", "same study", "web kept"):
        team.both(made[name], FT, "include")
    team.both(made["ft out population"], FT, "exclude X-POP")
    team.both(made["ft out concept"], FT, "exclude X-CONCEPT")
    team.both(made["register conflict"], FT, "exclude X-POP", "exclude X-CONCEPT")


def finish(team: Team, made: dict[str, Record]) -> None:
    """Do all the work that `every_kind` leaves open."""
    team.arbitrate(made["ta conflict"], TA, "exclude")
    team.both(made["ta unseen"], TA, "exclude")
    team.vote(team.bob, made["ta begun"], TA, "exclude")
    team.both(made["left of mixed"], TA, "exclude")
    team.text(made["not sought"], Retrieval.NOT_RETRIEVED)
    team.text(made["citation not sought"], Retrieval.RETRIEVED)
    team.both(made["citation not sought"], FT, "exclude X-TYPE")
    team.both(made["register sought"], FT, "include")
    team.arbitrate(made["register conflict"], FT, "exclude X-POP")
