"""From the item bank to the survey formats, and what stops an export."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import openpyxl
import pytest
import test_limesurvey
import test_paper
import test_qualtrics
import test_redcap
import test_xlsform
from asked import SCREENING, Told, founding, item, passage, told
from making import Maker
from sqlalchemy.orm import Session

from litreview import fielding, materials
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.fielding import FORMATS, Wanted
from litreview.limesurvey import spelled
from litreview.models import CodebookVersion, Person
from litreview.survey import Questionnaire
from litreview.synthesis import (
    Instrument,
    InstrumentVersion,
    ItemSource,
    ItemVersion,
)
from litreview.vocabulary import ItemOrigin, ItemStatus, Permission


@dataclass
class Bank:
    """One included report with a passage, and an instrument on it."""

    session: Session
    person: Person
    book: CodebookVersion
    code: int
    instrument: Instrument

    def item(self, construct: str, text: str, **more: Any) -> int:
        """Write an item; return its id."""
        return item(
            self.session,
            more.pop("instrument", self.instrument),
            construct,
            text,
            (self.code,),
            codebook_id=self.book.id,
            **more,
        )

    def revise(self, item_id: int, version: int, **more: Any) -> int:
        """Write an item's next version; return the version's id."""
        told_ = {"text": "Our plan fits.", "level": "school", "scale": "agree5"}
        row = ItemVersion(
            item_id=item_id,
            version=version,
            person_id=self.person.id,
            **{**told_, **more},
        )
        self.session.add(row)
        self.session.flush()
        return row.id

    def another(self, name: str) -> Instrument:
        """Make another instrument."""
        row = Instrument(name=name, note="", person_id=self.person.id)
        self.session.add(row)
        self.session.flush()
        return row

    def taken(self, item_id: int, source: Instrument, origin: str) -> None:
        """Say that an item's newest words come from another instrument."""
        newest = max(
            self.session.query(ItemVersion).filter_by(item_id=item_id).all(),
            key=lambda row: row.version,
        )
        self.session.add(
            ItemSource(version_id=newest.id, origin=origin, instrument_id=source.id)
        )
        self.session.flush()

    def permit(self, source: Instrument, version: int, permission: str) -> None:
        """Record what is known of an instrument."""
        self.session.add(
            InstrumentVersion(
                instrument_id=source.id,
                version=version,
                found=True,
                permission=permission,
                permission_evidence="a letter of 3 May 2026",
                person_id=self.person.id,
            )
        )
        self.session.flush()

    def ask(self, instrument: str = "", status: str = "") -> Questionnaire:
        """Return the questionnaire."""
        return fielding.questionnaire(self.session, Wanted(instrument, status))


@pytest.fixture
def bank(session: Session, make: Maker) -> Bank:
    """Return an instrument without items yet."""
    people = make.review()
    book = make.codebook()
    record = make.record()
    make.include(record, *people)
    code = passage(
        session, record, "fit.end", codebook_id=book.id, person_id=people[0].id
    )
    instrument = Instrument(name="Staff survey", note="", person_id=people[0].id)
    session.add(instrument)
    session.flush()
    return Bank(session, people[0], book, code, instrument)


def test_blocks_follow_the_codebook(bank: Bank) -> None:
    """Groups and constructs stand in its order, items of one construct by age."""
    bank.item("people.distrust", "Colleagues keep things back.", reverse=True)
    bank.item("fit.end", "It fits.")
    bank.item("people.trust", "We trust one another.")
    bank.item("fit.plan_early", "We plan early.")
    bank.item("fit.end", "It still fits.")
    asked = bank.ask()
    assert [(b.id, b.title, [q.name for q in b.questions]) for b in asked.blocks] == [
        ("fit", "Fit", ["fit_plan_early_4", "fit_end_2", "fit_end_5"]),
        ("people", "People", ["people_trust_3", "people_distrust_1_r"]),
    ]
    assert (asked.id, asked.title, asked.language) == (
        "staff_survey",
        "Staff survey",
        "en",
    )
    assert asked.questions[4].reverse
    assert asked.questions[0].scale.answers[0] == "Strongly disagree"


def test_the_newest_words_are_asked_and_retired_items_are_not(bank: Bank) -> None:
    """A new version changes the form's version, so that tools tell them apart."""
    first, second = bank.item("fit.end", "One."), bank.item("fit.end", "Two.")
    before = bank.ask()
    bank.revise(first, 2, text="One, again.")
    bank.revise(second, 2, text="Two.", status=ItemStatus.RETIRED, why="the same")
    after = bank.ask()
    assert [one.text for one in before.questions] == ["One.", "Two."]
    assert [one.text for one in after.questions] == ["One, again."]
    assert (before.version, after.version) == ("2.1", "4.1")


def test_a_status_limits_the_items(bank: Bank) -> None:
    """With none of it left, what there is is said."""
    bank.item("fit.end", "One.", status=ItemStatus.KEPT)
    bank.item("fit.end", "Two.")
    kept = bank.ask(status="kept")
    assert [one.text for one in kept.questions] == ["One."]
    assert kept.version == "2.1-kept"
    with pytest.raises(NotFoundError, match="no item of the status reviewed") as caught:
        bank.ask(status="reviewed")
    assert caught.value.why == "its items are: 1 draft, 1 kept"


def test_which_instrument_must_be_clear(bank: Bank) -> None:
    """The only one with items is taken; of several one must be named."""
    with pytest.raises(NotFoundError, match="no item yet"):
        bank.ask()
    bank.item("fit.end", "One.")
    other = bank.another("Leader survey")
    assert bank.ask().title == "Staff survey"
    bank.item("fit.end", "Two.", instrument=other)
    with pytest.raises(UsageError, match="2 instruments") as caught:
        bank.ask()
    assert "'Leader survey'; 'Staff survey'" in caught.value.fix
    assert bank.ask("Leader survey").questions[0].text == "Two."
    with pytest.raises(NotFoundError, match="no instrument 'Staff surveys'") as unknown:
        bank.ask("Staff surveys")
    assert "'Staff survey'" in unknown.value.why


def test_our_own_instrument_is_meant_before_those_found(bank: Bank) -> None:
    """One that the literature tells of is asked only where it is named."""
    source = bank.another("TALIS 2024")
    bank.permit(source, 1, Permission.GRANTED)
    bank.item("fit.end", "Theirs.", instrument=source)
    assert bank.ask().title == "TALIS 2024"
    ours = bank.item("fit.end", "Ours.")
    assert bank.ask().title == "Staff survey"
    assert all("talis" not in name for name in fielding.everything(bank.session)[0])
    bank.revise(ours, 2, status=ItemStatus.RETIRED, why="the same")
    assert bank.ask().title == "TALIS 2024"


def test_an_instrument_without_items_is_told(bank: Bank) -> None:
    """It was named, but there is nothing to ask."""
    with pytest.raises(NotFoundError, match="has no item that is not retired"):
        bank.ask("Staff survey")


def test_instruments_with_like_names_get_different_ids(bank: Bank) -> None:
    """Their files must not overwrite each other."""
    bank.item("fit.end", "One.")
    bank.item("fit.end", "Two.", instrument=bank.another("Staff survey!"))
    ids = [bank.ask(name).id for name in ("Staff survey", "Staff survey!")]
    assert ids == ["staff_survey_1", "staff_survey_2"]


def test_an_item_without_a_scale_stops_the_export(bank: Bank) -> None:
    """It is named, and how to set one."""
    bank.item("fit.end", "One.")
    bare = bank.item("fit.end", "Two.", scale="")
    with pytest.raises(LitreviewError, match=f"item {bare} has no answer scale") as one:
        bank.ask()
    assert "litreview item revise" in one.value.fix


def test_an_unknown_scale_stops_the_export(bank: Bank) -> None:
    """The scale and the file where it belongs are named."""
    bank.item("fit.end", "One.", scale="agree6")
    with pytest.raises(NotFoundError, match="no answer scale 'agree6'") as caught:
        bank.ask()
    assert "agree5" in caught.value.why
    assert "screening/scales.yaml" in caught.value.fix


def test_a_rubric_of_the_teams_own_is_asked(bank: Bank) -> None:
    """F41: a continuum from emerging to leading reaches the survey tools."""
    text = (SCREENING / "scales.yaml").read_text("utf-8") + (
        "  - id: continuum\n    kind: rubric\n"
        "    answers: [Emerging, Developing, Leading]\n"
    )
    materials.store(bank.session, {"scales.yaml": text}, by=bank.person)
    bank.item("fit.end", "We use research.", scale="continuum")
    [question] = bank.ask().questions
    assert question.scale.answers == ("Emerging", "Developing", "Leading")
    made = fielding.render(bank.session, ("redcap",), Wanted())["redcap"][1]
    assert b'"1, Emerging | 2, Developing | 3, Leading"' in made


def test_both_poles_of_a_scale_carry_their_direction(bank: Bank) -> None:
    """F26: the reverse flag of a bipolar construct reaches every format."""
    bank.item("people.trust", "We trust one another.")
    bank.item("people.distrust", "We keep things back.", reverse=True)
    made = fielding.render(bank.session, FORMATS, Wanted())
    readers = {
        "xlsform": test_xlsform.read,
        "redcap": test_redcap.read,
        "qualtrics": test_qualtrics.read,
        "limesurvey": test_limesurvey.read,
        "docx": test_paper.read,
    }
    for kind, read in readers.items():
        assert [one.reverse for one in read(made[kind][1])] == [False, True], kind


def test_verbatim_items_wait_for_a_permission(bank: Bank) -> None:
    """F43: unknown, asked and refused block every format; granted opens them."""
    source = bank.another("TALIS 2024")
    bank.taken(bank.item("fit.end", "Word for word."), source, ItemOrigin.VERBATIM)
    refusals = (None, Permission.ASKED, Permission.REFUSED)
    for version, permission in enumerate(refusals):
        if permission:
            bank.permit(source, version, permission)
        for kind in FORMATS:
            with pytest.raises(NotAllowedError, match="word for word") as no:
                fielding.render(bank.session, (kind,), Wanted("Staff survey"))
            assert "TALIS 2024" in no.value.why
    bank.permit(source, 3, Permission.GRANTED)
    assert bank.ask("Staff survey").questions[0].text == "Word for word."
    bank.permit(source, 4, Permission.UNKNOWN)
    with pytest.raises(NotAllowedError):
        bank.ask("Staff survey")
    bank.permit(source, 5, Permission.NOT_NEEDED)
    assert bank.ask("Staff survey").questions


def test_adapted_items_and_new_words_need_no_permission(bank: Bank) -> None:
    """Only the newest words count, and only if they are another's."""
    source = bank.another("TALIS 2024")
    bank.taken(bank.item("fit.end", "Adapted."), source, ItemOrigin.ADAPTED)
    reworded = bank.item("fit.end", "Word for word.")
    bank.taken(reworded, source, ItemOrigin.VERBATIM)
    bank.revise(reworded, 2, text="Our own words.")
    assert len(bank.ask("Staff survey").questions) == 2


def test_everything_tells_what_is_left_out(bank: Bank) -> None:
    """One unfinished instrument keeps no other from being exported."""
    bank.item("fit.end", "One.")
    bank.item("fit.end", "Two.", scale="", instrument=bank.another("Unfinished"))
    files, left_out = fielding.everything(bank.session)
    assert set(files) == {
        "survey-staff-survey-xlsform.xlsx",
        "survey-staff-survey-redcap.csv",
        "survey-staff-survey-qualtrics.txt",
        "survey-staff-survey-limesurvey.txt",
        "survey-staff-survey.docx",
        "survey-staff-survey-codebook.csv",
    }
    [reason] = left_out
    assert reason.startswith("the survey 'Unfinished' is left out: item 2 has no")


def test_the_founding_questionnaire_goes_into_every_format(
    session: Session, make: Maker
) -> None:
    """All five formats and the codebook hold the same items, twice the same bytes."""
    founding(session, make)
    asked = fielding.questionnaire(session, Wanted())
    assert len(asked.questions) >= 20
    assert sum(one.reverse for one in asked.questions) == 4
    made = {k: v[1] for k, v in fielding.render(session, FORMATS, Wanted()).items()}
    expected = told(asked)
    assert test_xlsform.read(made["xlsform"]) == expected
    assert test_redcap.read(made["redcap"]) == expected
    assert test_qualtrics.read(made["qualtrics"]) == expected
    assert test_paper.read(made["docx"]) == expected
    assert test_limesurvey.read(made["limesurvey"]) == [
        Told(spelled(e.variable), e.text, e.answers, e.block, e.reverse)
        for e in expected
    ]
    again = {k: v[1] for k, v in fielding.render(session, FORMATS, Wanted()).items()}
    assert again == made
    assert openpyxl.load_workbook(io.BytesIO(made["xlsform"])).sheetnames == [
        *("survey", "choices", "settings")
    ]
