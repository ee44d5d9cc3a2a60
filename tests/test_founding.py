"""What the founding documents ask for, row by row: F01 to F44.

Each row of the list has its acceptance check here under its number. What is the
coding's own stands in test_founding_coding.py:

    row  there                                             here
    F06  coherence_only_through_its_facets                 -
    F18  fourteen_mechanisms_in_four_groups                balance by programme
    F20  a_contested_construct_names_who_disputes_it       both citations in exports
    F21  trust_level_codes                                 in the coverage
    F24  lethal_mutations_have_a_code                      in the item bank
    F26  two_poles_of_one_scale                            the flag in every export
    F27  drivers_have_codes                                their coverage
    F28  the_lead_has_four_duties                          distinct studies
    F44  the_research_mentor_has_a_code                    -

The review is the founding one in small (`founding`): five included documents with the
codes, configurations and items of ``screening/example/``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import harvesting
import pytest
import test_limesurvey
import test_paper
import test_qualtrics
import test_recall
import test_redcap
import test_xlsform
from coded import begin, rows_by
from founding import Founding, built, include, opened, texts
from making import Maker
from pyxform.xls2xform import convert
from rated import diamond, sheet
from sqlalchemy.orm import Session

from litreview import (
    argument,
    bank,
    bundle,
    cli,
    coding,
    configuration,
    covering,
    exports,
    extracted,
    extraction,
    fielding,
    flow,
    indicators,
    instrument,
    intake,
    inventory,
    lookup,
    matrices,
    overlap,
    proxies,
    rankfile,
    ratingfile,
    ratings,
    realist,
    rendering,
    searches,
    state,
    tables,
)
from litreview.bank import Place
from litreview.blueprint import blueprint, planned_questions
from litreview.cli import export as export_commands
from litreview.codebook import Level
from litreview.configuration import Draft
from litreview.demo.server import serve
from litreview.errors import LitreviewError, NotAllowedError, UsageError
from litreview.extraction import Entry
from litreview.fielding import Wanted
from litreview.indicators import Variable
from litreview.intake import Find
from litreview.phrasing import Question
from litreview.provenance import Source
from litreview.ratingsheet import Said
from litreview.synthesis import CodeApplication
from litreview.workspace import Workspace

SURVEY = "School PD coherence and conditions (draft)"
ASKER = rendering.Asker("lead")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workspace that each test copies."""
    return built(tmp_path_factory.mktemp("founding"))


@pytest.fixture
def review(root: Path, tmp_path: Path) -> Iterator[Founding]:
    """Return a review of a test's own."""
    with opened(root, tmp_path) as found:
        yield found


@dataclass
class Desk:
    """The review on the command line; what the Session holds is stored first."""

    review: Founding
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command as the lead; return exit status, stdout and stderr."""
        self.review.session.commit()
        status = cli.run(["-w", str(self.review.root), "--as", "lead", *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def good(self, *words: str) -> str:
        """Run a command that must work; return its stdout."""
        status, out, err = self.run(*words)
        assert status == 0, err
        return out

    def json(self, *words: str) -> Any:
        """Run a command with --json; return what it says."""
        return json.loads(self.good(*words, "--json"))


@pytest.fixture
def desk(review: Founding, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Return the review on the command line."""
    return Desk(review, capsys)


def exported(review: Founding, name: str, *kinds: str) -> dict[str, str]:
    """Return format -> an exported table, as text."""
    made = exports.render_table(review.session, name, kinds, asker=ASKER)
    return {kind: content.decode() for kind, content in made.items()}


def later(number: int) -> list[harvesting.Work]:
    """Return so many works that the review does not have yet."""
    return [harvesting.openalex_work(100 + n) for n in range(1, number + 1)]


def item(review: Founding, text: str, construct: str, **more: Any) -> bank.Written:
    """Write an item of our own, on a passage about its construct."""
    code = review.code(review.reports[0], construct)
    question = Question(text, **{"scale": "agree5", **more})
    place = Place(SURVEY, construct)
    return bank.add(
        review.session, by="ann", place=place, question=question, evidence=[code.id]
    )


def verbatim(review: Founding, construct: str, quote: str) -> bank.Written:
    """Take an item word for word from the Leuven scales."""
    code = review.code(review.documents["F004"], construct, quote=quote)
    source = Source("verbatim", "Leuven scales", page="4")
    question = Question(quote, scale="agree5", source=source)
    return bank.add(
        review.session,
        by="ann",
        place=Place("Leuven scales", construct),
        question=question,
        evidence=[code.id],
    )


# -- the protocol (F01 to F17) -------------------------------------------------------


def test_f01_questions_by_construct_show_gaps(review: Founding) -> None:
    """A question that nothing serves is a gap; a study counts once in each."""
    table = argument.questions(review.session)
    whole = rows_by(table[table["construct"] == ""], "question")
    assert {name: row["studies"] for name, row in whole.items()} == {
        "RQ1": 5,
        "RQ2": 5,
        "RQ3": 0,
        "RQ4": 3,
    }
    assert [name for name, row in whole.items() if row["gap"]] == ["RQ3"]
    included = len(state.included(review.session))
    assert all(row["studies"] <= included for row in whole.values())
    parts = table[(table["question"] == "RQ1") & (table["construct"] != "")]
    assert parts["studies"].sum() > included  # constructs share studies
    space = Workspace(review.root)
    asked = {
        question
        for name in searches.names(space)
        for question in searches.read(space, name).strategy.research_questions
    }
    assert asked == set(whole)


def test_f02_every_include_names_a_stream(desk: Desk) -> None:
    """None is refused, the flow does not depend on it, and each stream has its list."""
    review = desk.review
    records = [review.make.record(f"Another paper {stream}") for stream in "ab"]
    with pytest.raises(UsageError, match="needs the stream"):
        include(review.session, review.make, records[0], ())
    review.session.rollback()
    flows = []
    for stream in ("proxy_indicator", "validates_instrument"):
        record = review.make.record("One more paper")
        include(review.session, review.make, record, (stream,))
        flows.append(flow.flow(review.session).counts)
        review.session.rollback()
    assert flows[0] == flows[1]
    assert flows[0]["new_reports"] == 6
    words = ("export", "bibliography", "--format", "ris", "--stream")
    assert desk.good(*words, "theorises_concept").count("TY  -") == 5
    listed = desk.good(*words, "tests_association")
    assert listed.count("TY  -") == 1
    assert "Founding document F003" in listed
    assert desk.good(*words, "proxy_indicator") == ""
    status, _out, err = desk.run(*words, "proxy_indicators")
    assert status == 2
    assert "proxy_indicator" in err


def test_f03_indicators_fill_the_places_of_configurations(review: Founding) -> None:
    """C, M and O each show an indicator or none found; usable takes level and key."""
    before = proxies.proxies(review.session)
    for _number, rows in before.groupby("cmo_id"):
        assert list(rows["role"].unique()) == ["context", "mechanism", "outcome"]
    assert set(before["found"]) == {"none found"}
    indicators.seed(review.session, by="ann")
    rows = proxies.proxies(review.session)
    found = rows_by(rows[rows["cmo_id"] == 7], "construct")
    assert found["ctx.disadvantage"]["found"] == "candidate"
    assert "FSM6" in found["ctx.disadvantage"]["indicators"][0]
    bare = Variable(dataset="A return of our own", variable="FSM6 %", role="context")
    made = indicators.add(
        review.session, by="ann", construct="ctx.disadvantage", said=bare
    )
    use = {"by": "ann", "number": made.number, "status": "usable"}
    with pytest.raises(NotAllowedError, match="cannot be usable") as no:
        indicators.set_status(review.session, **use)  # type: ignore[arg-type]
    assert no.value.why == "it lacks level and join key"
    whole = Variable(level="school", join_key="URN")
    indicators.revise(
        review.session, by="ann", number=made.number, said=whole, why="seen"
    )
    indicators.set_status(review.session, **use)  # type: ignore[arg-type]
    rows = proxies.proxies(review.session)
    found = rows_by(rows[rows["cmo_id"] == 7], "construct")
    assert found["ctx.disadvantage"]["found"] == "usable"


def test_f04_configurations_are_versioned_and_rest_on_pages(review: Founding) -> None:
    """Versions stay, support is of distinct studies, consolidating needs a page."""
    session = review.session

    def now() -> Mapping[Any, Any]:
        return rows_by(tables.cmo(session), "cmo_id")[1]

    assert len(now()["supports"]) > 1
    assert now()["support"] == 1
    configuration.set_status(session, by="ann", number=1, status="refined")
    with pytest.raises(NotAllowedError, match="names a page"):
        configuration.set_status(session, by="ann", number=1, status="consolidated")
    paged = review.code(review.documents["F003"], "comm.trust", locator="p. 12")
    draft = Draft(supports=(paged.id,))
    configuration.revise(session, by="ann", number=1, draft=draft, why="more")
    assert now()["support"] == 2
    configuration.set_status(session, by="ann", number=1, status="consolidated")
    versions = configuration.show(session, number=1).versions
    assert [(one["version"], one["status"]) for one in versions] == [
        (1, "candidate"),
        (2, "refined"),
        (3, "refined"),
        (4, "consolidated"),
    ]
    made = exported(review, "cmo", "csv", "json", "dot")
    assert "comm.trust" in made["csv"]
    assert json.loads(made["json"])[0]["status"] == "consolidated"
    assert made["dot"].startswith("digraph")


def test_f05_a_realist_review_goes_on_searching(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later search has its reason and its own share; 19 items, empty ones flagged."""
    review = desk.review
    review.fill(review.reports[0], "appraisal", "rigour", "low")
    assert len(state.included(review.session)) == 5
    found = realist.rameses(review.session)
    assert len(found) == 19
    assert found["empty"].any()
    assert not found["empty"].all()
    before = flow.flow(review.session).counts["database_results"]
    text = harvesting.strategy().replace(
        "A search made for a test.", "Trust came up as a mechanism in what we read."
    )
    (review.root / "queries" / "later.yaml").write_text(text, "utf-8")
    with serve(later(4), []) as server:
        monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        desk.good("harvest", "later", "--source", "openalex", "--yes")
    (run,) = desk.json("query", "history", "later")
    assert (run["found"], run["person"]) == (4, "lead")
    assert "Trust came up as a mechanism" in desk.good(
        "export", "search-report", "--format", "md"
    )
    told = json.loads(desk.good("export", "prisma", "--format", "json"))
    assert told["database_results"] == before + 4
    assert told["ta_unscreened"] == 4


def test_f07_levels_of_constructs_and_items(desk: Desk) -> None:
    """The table narrows to a level; "I" for a school is noted, "my school" is not."""
    rows = json.loads(
        desk.good("export", "constructs", "--level", "trust", "--format", "json")
    )
    assert {row["level"] for row in rows} == {"trust"}
    book = lookup.parsed_codebook(lookup.codebooks(desk.review.session)[0])
    trust = [one.id for one in book.constructs if one.level == Level.TRUST]
    assert [row["construct"] for row in rows] == trust
    assert tuple(Level) == export_commands.LEVELS
    fine = item(
        desk.review, "My school has a plan.", "coh.end_state", referent="my school"
    )
    assert not any("referent" in note for note in fine.notes)
    odd = item(desk.review, "I have a plan.", "coh.end_state", referent="I")
    assert any("'I' speaks of the level teacher" in note for note in odd.notes)


def test_f08_the_blueprint_and_the_questionnaire(review: Founding) -> None:
    """Every place shows item or proxy, or is told empty; pyxform takes the form."""
    before = blueprint(review.session, questions=planned_questions(review.session))
    hole = (4, "outcome", "out.implementation")
    assert hole in before.empty
    filled = {
        (number, cell.slot, cell.facet or cell.construct)
        for cell in before.cells
        for number in cell.configurations
        if cell.items or cell.proxies
    }
    parts = proxies.proxies(review.session)
    places = {
        (int(row["cmo_id"]), row["role"], row["construct"])
        for row in parts.to_dict("records")
        if row["construct"]
    }
    assert filled | set(before.empty) == places
    item(review, "My school keeps to its plans.", "out.implementation")
    after = blueprint(review.session)
    assert set(before.empty) - set(after.empty) == {hole}
    assert after.items == before.items + 1
    assert after.minutes > before.minutes > 0
    _name, content = fielding.render(review.session, ["xlsform"], Wanted())["xlsform"]
    form = convert(io.BytesIO(content), validate=False, file_type=".xlsx")
    assert "My school keeps to its plans." in form.xform


def test_f09_the_analysis_plan_is_traced(review: Founding) -> None:
    """Outcome, predictors, covariates and groups name a source that is known."""
    found = argument.analysis(review.session)
    assert set(found["part"]) == {"outcome", "predictor", "covariate", "group"}
    assert found["traced"].all()
    variable = "part: group, label: Region, construct: ctx.size_region"
    review.write("plan.yaml", f"analysis:\n  - {{{variable}, source: hearsay}}\n")
    (row,) = argument.analysis(review.session).to_dict("records")
    assert not row["traced"]
    assert row["problem"] == "the source is not traced"


def test_f10_what_can_be_linked_to_a_school(review: Founding) -> None:
    """TALIS has no URN; what has one is linkable, also where only we name it."""
    for dataset, key in (("Parent survey", "URN"), ("A poll", "none")):
        said = Variable(dataset=dataset, variable="x", level="school", join_key=key)
        indicators.add(review.session, by="ann", construct="bar.time", said=said)
    found = rows_by(proxies.feasibility(review.session), "dataset")
    words = {name: row["linkable"] for name, row in found.items()}
    assert {name for name, word in words.items() if word == "not linkable"} == {
        *("TALIS", "WLTL", "ECF-NPQ", "ITT", "A poll")
    }
    assert {words[name] for name in ("GIAS", "KS", "SWC", "Parent survey")} == {
        "linkable"
    }
    assert found["GIAS"]["join_key"] == "URN"


def test_f11_contexts_become_a_sampling_grid(review: Founding) -> None:
    """A row for each context, with indicator, cut-off and its source."""
    before = rows_by(proxies.sampling(review.session), "construct")
    contexts = proxies.proxies(review.session).query("role == 'context'")
    assert set(before) == set(contexts["construct"]) - {""}
    said = Variable(dataset="NPD", variable="FSM6 %", cut_off="at least 40 %")
    with pytest.raises(LitreviewError, match="has no source"):
        indicators.add(
            review.session, by="ann", construct="ctx.disadvantage", said=said
        )
    said = Variable(
        dataset="NPD",
        variable="FSM6 %",
        cut_off="at least 40 %",
        cut_off_source="wp2_protocol",
    )
    indicators.add(review.session, by="ann", construct="ctx.disadvantage", said=said)
    row = rows_by(proxies.sampling(review.session), "construct")["ctx.disadvantage"]
    assert row["indicator"] == "NPD: FSM6 %"
    assert (row["cut_off"], row["source"]) == ("at least 40 %", "wp2_protocol")
    assert "ctx.disadvantage" in exported(review, "sampling", "csv")["csv"]


def test_f12_studies_by_measure_of_disadvantage(desk: Desk) -> None:
    """A measure finds its studies, so does the subgroup; other words are refused."""
    one, other = desk.review.reports[:2]
    desk.review.fill(one, "study", "disadvantage", "FSM6; PP")
    desk.review.fill(one, "study", "disadvantage_level", "subgroup")
    desk.review.fill(other, "study", "disadvantage", "IDACI")
    find = ("form", "reports", "study")

    def ids(*words: str) -> list[int]:
        return [row["record_id"] for row in desk.json(*find, *words)]

    assert ids("disadvantage", "FSM6") == [one.id]
    assert ids("disadvantage") == [one.id, other.id]
    assert ids("disadvantage_level", "subgroup") == [one.id]
    status, _out, err = desk.run(*find, "disadvantage", "poor")
    assert status == 1
    assert "FSM, FSM6, IDACI, PP, other" in err


def test_f13_programmes_have_dated_names(desk: Desk) -> None:
    """A search asks for ECTE's old names; a study shows the name of its year."""
    text = harvesting.strategy().replace("[trust]", "[{programme: ecte}]")
    (desk.review.root / "queries" / "offer.yaml").write_text(text, "utf-8")
    sent = desk.json("query", "show", "offer", "--source", "openalex")["params"]
    for name in ("Early Career Framework", "NQT induction"):
        assert name in sent["filter"]
    told = {}
    for year in (2012, 2021, 2026):
        record = desk.review.another(year=year)
        desk.review.fill(record, "study", "programme", "ecte")
        found = rows_by(extracted.values(desk.review.session), "report_id")
        told[year] = found[record.id]["name_then"]
    assert told == {
        2012: "NQT induction",
        2021: "Early Career Framework",
        2026: "Early Career Teacher Entitlement",
    }


def test_f14_milestones_reruns_and_the_last_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Overdue ones show; a rerun tells what is new; a search too late is warned of."""
    found = argument.milestones(desk.review.session, today=date(2026, 7, 1))
    states = {row["milestone"]: row["state"] for row in found.to_dict("records")}
    assert len(states) == 7
    assert states["search_review"] == "overdue"
    assert (states["summary"], states["papers"]) == ("running", "to come")
    told = argument.overdue(desk.review.session, today=date(2026, 7, 1))
    assert "the protocol's searches ended on 2026-06-30" in told
    assert not argument.overdue(desk.review.session, today=date(2026, 6, 30))
    (desk.review.root / "queries" / "later.yaml").write_text(harvesting.strategy())
    for number in (3, 5):
        with serve(later(number), []) as server:
            monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
            words = ("harvest", "later", "--source", "openalex", "--yes")
            status, _out, err = desk.run(*words)
            assert status == 0
            assert "searches ended on 2026-06-30" in err
    runs = desk.json("query", "history", "later")
    assert [run["found"] for run in runs] == [3, 5]
    assert len(runs[1]["added"]) == 2
    assert len(desk.json("record", "list")) == 5 + 5


def test_f15_cards_come_back_as_a_diamond_nine(review: Founding) -> None:
    """Nine cards with definition and count of studies; another shape is refused."""
    nine = [f"nc.{number}" for number in range(1, 10)]
    cards = ratings.cards(review.session, nine)
    assert [card["construct"] for card in cards] == nine
    assert all(card["definition"] for card in cards)
    assert sum(int(str(card["studies"])) for card in cards) > 0
    said = Said(rater="Table 1", panel="staff")
    rows = diamond(*nine)
    with pytest.raises(LitreviewError) as no:
        rankfile.take_ranks(review.session, sheet(rows[:8]), said=said, by="ann")
    assert "row 5 of the diamond takes 1, not 0" in no.value.why
    rankfile.take_ranks(review.session, sheet(rows), said=said, by="ann")
    ranks = {name: one.mean for name, one in ratings.ranks(review.session).items()}
    assert list(ranks.values()) == [1, 2.5, 2.5, 5, 5, 5, 7.5, 7.5, 9]
    table = rows_by(tables.constructs(review.session), "construct")
    assert [table[name]["rank"] for name in nine] == list(ranks.values())
    assert {table[name]["raters"] for name in nine} == {1}
    assert table["comm.trust"]["raters"] == 0


STRATEGIES = """\
strategies:
  - {id: lead, text: Name a lead who explains choices., cmo: [4], records: [3]}
  - {id: bare, text: Buy more courses., records: [3]}
  - {id: lost, text: Wait and see., cmo: [99], records: [77]}
"""


def test_f16_strategies_cite_configurations_and_studies(review: Founding) -> None:
    """What rests on no configuration, or on what is not there, is flagged."""
    review.write("ledger.yaml", STRATEGIES)
    found = rows_by(argument.strategies(review.session), "strategy")
    assert (found["lead"]["problem"], found["lead"]["studies"]) == ("", 1)
    assert found["bare"]["problem"] == "rests on no configuration"
    assert "there is no CMO 99" in found["lost"]["problem"]
    assert "not included: record 77" in found["lost"]["problem"]


def test_f16_the_bundle_is_the_whole_report(
    session: Session, make: Maker, tmp_path: Path
) -> None:
    """Figure, search report, studies, constructs, references, and one hash of all."""
    small = begin(session, make)
    small.write("forms/study.yaml", texts()["forms/study.yaml"])
    record = small.reports[1].id
    for by, said in (("ann", "England"), ("bob", "Wales")):
        entry = Entry(form="study", field="country", value=said)
        extraction.fill(session, by=by, record_id=record, entry=entry)
    studies = rows_by(extracted.included(session), "report_id")
    assert set(studies) == {one.id for one in small.reports}
    assert studies[record]["study.country"] == "England / Wales"
    files = exports.render_all(session, asker=ASKER)
    packed = bundle.pack(files, schema="test")
    (tmp_path / "review.zip").write_bytes(packed)
    inside = bundle.unpack(tmp_path / "review.zip")
    assert bundle.check(tmp_path / "review.zip", inside) == []
    for name in (
        *("prisma.svg", "search-report.docx", "included.csv", "constructs.csv"),
        *("bibliography.ris", "strategies.docx"),
    ):
        assert inside[name], name
    manifest = json.loads(inside["manifest.json"])
    assert set(manifest["files"]) == set(files)
    inside["prisma.svg"] += b" "
    assert bundle.check(tmp_path / "review.zip", inside)


def test_f17_recall_of_the_known_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each query's share of the benchmark is told, and the block that lost a work."""
    for path in (desk.review.root / "queries").glob("*.yaml"):
        path.unlink()
    text = test_recall.with_items(test_recall.DOIS[1], test_recall.DOIS[3])
    (desk.review.root / "queries" / "trust.yaml").write_text(text, "utf-8")
    with serve(test_recall.WORKS, []) as server:
        monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        told = desk.json("query", "check", "--recall")
    assert told["strategies"][0]["own"]["found"] == 1
    assert told["strategies"][0]["own"]["of"] == 2
    missed = [one for one in told["items"] if one["openalex"] == "missed"]
    assert [one["failed_blocks"] for one in missed] == [["idea"]]


def test_f17_the_founding_searches_name_their_known_works(review: Founding) -> None:
    """The seeds' references are the benchmark."""
    space = Workspace(review.root)
    known = [
        one
        for name in searches.names(space)
        for one in searches.read(space, name).strategy.known_items
    ]
    assert len(known) >= 5
    assert all(one.title or one.doi for one in known)


# -- the paper on trusts (F18 to F25) ------------------------------------------------


def test_f18_a_programme_needs_all_four_groups(review: Founding) -> None:
    """One mechanism of each makes it balanced; without one its group is named."""
    whole, part = review.another(), review.another()
    for name in ("eef.m01", "eef.m03", "eef.m08", "eef.m12"):
        review.code(whole, name)
    for name in ("eef.m01", "eef.m03", "eef.m08"):
        review.code(part, name)
    review.code(part, "eef.m12", polarity="absent")
    found = rows_by(matrices.balance(review.session), "programme")
    assert found[f"study {whole.id}"]["balanced"]
    assert not found[f"study {part.id}"]["balanced"]
    assert found[f"study {part.id}"]["missing"] == ("eef_embed",)


def test_f19_the_same_form_may_hold_other_mechanisms(review: Founding) -> None:
    """Form by mechanism, counted in the same study."""
    for name in ("eef.m08", "eef.m10"):
        record = review.another()
        review.code(record, "eef.form", attributes={"form": "lesson_study"})
        review.code(record, name)
    table = matrices.crosstab(review.session)
    rows = table[table["value"] == "lesson_study"]
    assert rows_by(rows, "construct")["eef.form"]["studies"] == 2
    mechanisms = rows[rows["construct"] != "eef.form"]
    assert dict(zip(mechanisms["construct"], mechanisms["studies"], strict=True)) == {
        "eef.m08": 1,
        "eef.m10": 1,
    }


def test_f20_claim_and_counter_claim_are_both_cited(review: Founding) -> None:
    """The construct table has the badge with both works; each claim names the other."""
    found = {
        row["construct"]: row
        for row in json.loads(exported(review, "constructs", "json")["json"])
    }
    badged = {name for name, row in found.items() if row["contested_by"]}
    assert {name for name in badged if name.startswith("con.")} == {
        f"con.{one}"
        for one in (
            "subject",
            "collaboration",
            "sustained",
            "active",
            "expert",
            "buy_in",
        )
    }
    assert "comm.trust" not in badged
    row = found["con.sustained"]
    assert any("Sims" in work for work in row["contested_by"])
    assert row["sources"]
    assert row["sources"] != row["contested_by"]
    rows = {
        row["claim"]: row
        for row in json.loads(exported(review, "claims", "json")["json"])
    }
    assert rows["consensus"]["countered_by"] == ["consensus_doubted"]
    assert rows["consensus_doubted"]["countered_by"] == ["consensus"]
    assert rows["consensus"]["source"] == "hill_2013"
    assert rows["consensus_doubted"]["source"] == "sims_fw_2020"


def test_f21_the_trust_level_is_in_the_coverage(review: Founding) -> None:
    """A facet's study shows in the map and the matrix, and rolls up to its parent."""
    rows = rows_by(matrices.evidence_map(review.session), "construct")
    before = rows["cst.capacity"]["measures"]
    record = review.another()
    review.code(record, "cst.expertise", "measures")
    rows = rows_by(matrices.evidence_map(review.session), "construct")
    assert rows["cst.capacity"]["measures"] == before + 1
    matrix = rows_by(matrices.matrix(review.session), "construct")
    assert matrix["cst.expertise"][f"study {record.id}"] == 1


def test_f22_a_claim_without_evidence_stays_and_says_so(review: Founding) -> None:
    """Empirical, theory only, no passage: each claim tells which."""
    found = rows_by(argument.claims(review.session), "claim")
    assert found["culture_comes_first"]["support"] == "theory only"
    assert found["decade"]["support"] == "empirical"
    record = review.another()
    bare = (
        "claims:\n"
        "  - {id: b, text: T, kind: theory, source: cst_2022, constructs: [nc.2]}\n"
    )
    review.write("ledger.yaml", bare)
    for code in review.session.query(CodeApplication).filter_by(construct="nc.2"):
        review.retract(code)
    (row,) = argument.claims(review.session).to_dict("records")
    assert (row["support"], row["studies"]) == ("no passage", 0)
    review.code(record, "nc.2", "tests")
    (row,) = argument.claims(review.session).to_dict("records")
    assert (row["support"], row["empirical"]) == ("empirical", 1)


def test_f23_figures_with_page_and_comparator_are_never_pooled(
    review: Founding,
) -> None:
    """What lacks one is incomplete; two figures stay two, as they were printed."""
    one, other = review.documents["F001"], review.documents["F003"]
    lacking = review.fill(one, "effects", "figure", "12,500", unit="GBP")
    assert lacking.lacks == ["page", "comparator"]
    missing = extracted.missing(review.session).query("form == 'effects'")
    assert ("page", "comparator") in list(missing["lacks"])
    whole = {"unit": "GBP", "comparator": "no programme", "page": "4"}
    assert review.fill(one, "effects", "figure", "12,500", **whole).lacks == []
    review.fill(other, "effects", "figure", "3.0", **(whole | {"unit": "times"}))
    rows = extracted.values(review.session).query("field == 'figure'")
    told = list(zip(rows["value"], rows["unit"], rows["page"], strict=True))
    assert told == [("12,500", "GBP", "4"), ("3.0", "times", "4")]


def test_f24_fidelity_is_asked_about(review: Founding) -> None:
    """An item on lethal mutations stands in the bank with its construct."""
    written = item(
        review,
        "My school changes a technique until it no longer works.",
        "eef.fidelity",
    )
    row = rows_by(tables.items(review.session), "item_id")[written.item.id]
    assert row["label"] == "Fidelity and adaptation"
    constructs = rows_by(tables.constructs(review.session), "construct")
    assert constructs["eef.fidelity"]["items"] >= 1


def test_f25_case_studies_and_who_speaks(desk: Desk) -> None:
    """Role and organisation are kept and filter; so does the design of the study."""
    report = desk.review.documents["F001"]
    passage = coding.Passage(
        *("comm.buy_in", "We were all for it.", "p. 9"),
        speaker="headteacher",
        organisation="A trust in the north",
    )
    done = coding.add(
        desk.review.session, by="lead", record_id=report.id, passage=passage
    )
    (row,) = desk.json("code", "list", "--organisation", "trust in the north")
    assert (row["code_id"], row["speaker"]) == (done.code.id, "headteacher")
    (row,) = desk.json(
        "code",
        "list",
        "--speaker",
        "headteacher",
        "--evidence-type",
        "illustrates",
        "--construct",
        "comm.buy_in",
    )
    assert row["organisation"] == "A trust in the north"
    desk.review.fill(report, "study", "design", "case study")
    (row,) = desk.json("form", "reports", "study", "design", "case study")
    assert row["record_id"] == report.id


# -- the blog (F26 to F30) -----------------------------------------------------------


def test_f26_the_reverse_flag_reaches_every_export(review: Founding) -> None:
    """All five formats and the codebook mark the same items."""
    readers = {
        "xlsform": test_xlsform.read,
        "redcap": test_redcap.read,
        "qualtrics": test_qualtrics.read,
        "limesurvey": test_limesurvey.read,
        "docx": test_paper.read,
    }
    made = fielding.render(review.session, [*readers, "codebook"], Wanted())
    asked = fielding.questionnaire(review.session, Wanted()).questions
    flags = {one.text: one.reverse for one in asked}
    poles = {one.construct: one.reverse for one in asked}
    assert (poles["strat.vision_led"], poles["strat.reactive"]) == (False, True)
    for kind, read in readers.items():
        told = {one.text: one.reverse for one in read(made[kind][1])}
        assert told == flags, kind
    lines = made["codebook"][1].decode().splitlines()
    assert sum("_r," in line.split('"')[0] for line in lines) == sum(flags.values())


def test_f27_coverage_by_driver(review: Founding) -> None:
    """External and internal drivers are counted apart."""
    before = rows_by(matrices.evidence_map(review.session), "construct")
    review.code(review.another(), "strat.driver_external")
    after = rows_by(matrices.evidence_map(review.session), "construct")
    gained = {
        side: after[f"strat.driver_{side}"]["studies"]
        - before[f"strat.driver_{side}"]["studies"]
        for side in ("external", "internal")
    }
    assert gained == {"external": 1, "internal": 0}


def test_f28_the_parent_counts_studies_once(review: Founding) -> None:
    """Four duties in one document are one study of the lead, not four."""
    rows = rows_by(tables.constructs(review.session), "construct")
    duties = ["select", "rationale", "coordinate", "embed"]
    assert [rows[f"lead.pd_{duty}"]["studies"] for duty in duties] == [1, 1, 1, 1]
    assert (rows["lead.pd_lead"]["studies"], rows["lead.pd_lead"]["quotes"]) == (1, 4)


def test_f29_the_first_chain_comes_from_one_passage(review: Founding) -> None:
    """Communities and enabling leadership, trust, support and risks: as DOT."""
    row = rows_by(tables.cmo(review.session), "cmo_id")[1]
    assert row["title"].startswith("CMO-01")
    assert row["context"] == ("comm.plc", "lead.enabling")
    assert row["mechanism"] == ("comm.trust",)
    assert row["outcome"] == ("comm.peer_support", "comm.risk_taking")
    codes = {one["code_id"]: one for one in coding.codes(review.session)}
    documents = {codes[code]["record_id"] for code in row["supports"]}
    assert documents == {review.documents["F002"].id}
    dot = exported(review, "cmo", "dot")["dot"]
    for link in (
        '"1/context/comm.plc" -> "1/mechanism/comm.trust"',
        '"1/mechanism/comm.trust" -> "1/outcome/comm.risk_taking"',
    ):
        assert link in dot


def test_f30_buy_in_is_one_idea_under_two_names(review: Founding) -> None:
    """A study of both counts once, and evidence is linked to the credible source."""
    review.write(
        "frameworks.yaml",
        "frameworks:\n"
        "  - {id: community, label: Community, groups: [community]}\n"
        "  - {id: eef, label: Mechanisms, groups: [eef_motivate]}\n"
        "  - {id: consensus, label: The consensus, groups: [consensus]}\n",
    )
    before = rows_by(matrices.crosswalk(review.session), "construct")
    record = review.another()
    for name in ("comm.buy_in", "con.buy_in", "comm.evidence_justification", "eef.m04"):
        review.code(record, name)
    after = rows_by(matrices.crosswalk(review.session), "construct")
    assert after["comm.buy_in"]["consensus"] == ("con.buy_in",)
    assert after["comm.evidence_justification"]["eef"] == ("eef.m04",)
    for name in ("comm.buy_in", "con.buy_in", "comm.evidence_justification", "eef.m04"):
        assert after[name]["together"] == before[name]["together"] + 1, name


# -- the summit report (F31 to F38) --------------------------------------------------


def test_f31_another_review_s_list_and_its_five_aspects(
    review: Founding, tmp_path: Path
) -> None:
    """Overlap by study and its corrected covered area; five codes and assignment."""
    path = tmp_path / "tdt.csv"
    path.write_text(
        "title,doi,year\nFounding document F001,10.5555/f001,2020\nOther,,2019\n"
    )
    found = covering.compare(review.session, covering.lists([path]), ours="ours")
    rows = rows_by(found.works, "doi")
    assert (rows["10.5555/f001"]["ours"], rows["10.5555/f001"]["tdt"]) == (True, True)
    assert (found.area.inclusions, found.area.works, found.area.reviews) == (7, 6, 2)
    assert found.area.cca == pytest.approx((7 - 6) / (6 * 2 - 6))
    assert overlap.covered([2, 2], reviews=2).cca == 1
    book = lookup.parsed_codebook(lookup.codebooks(review.session)[0])
    five = (
        "collaboration",
        "involvement",
        "trust",
        "shared_mission",
        "safety_behaviour",
    )
    for aspect in (*five, "stable_assignment"):
        assert book.applicable(f"tdt.{aspect}"), aspect


def test_f32_spending_is_an_indicator_with_a_formula(review: Founding) -> None:
    """E09 over total expenditure, flagged from one per cent, with its source."""
    said = Variable(
        dataset="CFR/AAR",
        variable="E09",
        role="context",
        formula="E09 / total expenditure",
        cut_off=">= 0.01",
        cut_off_source="tdt_summit_2020",
    )
    made = indicators.add(review.session, by="ann", construct="bar.funding", said=said)
    indicators.set_status(review.session, by="ann", number=made.number, status="usable")
    (row,) = proxies.indicators(review.session).to_dict("records")
    assert row["formula"] == "E09 / total expenditure"
    assert (row["cut_off"], row["cut_off_source"]) == (">= 0.01", "tdt_summit_2020")
    assert (row["status"], row["join_key"]) == ("usable", "URN / trust UID")


def test_f33_barriers_are_covered(review: Founding) -> None:
    """Workload, time, accountability and the flat-pack have codes that count."""
    barriers = ("bar.workload", "bar.time", "bar.accountability", "strat.flat_pack")
    before = rows_by(matrices.evidence_map(review.session), "construct")
    record = review.another()
    for name in barriers:
        review.code(record, name)
    after = rows_by(matrices.evidence_map(review.session), "construct")
    for name in barriers:
        assert after[name]["studies"] == before[name]["studies"] + 1


def test_f34_theory_without_an_instrument_is_a_priority(review: Founding) -> None:
    """It is listed until a found instrument has an item on it."""
    rows = rows_by(matrices.measurability(review.session), "construct")
    assert rows["coh.end_state"]["theory"] >= 1
    assert rows["coh.end_state"]["instruments"] == 0
    assert rows["coh.end_state"]["priority"]
    assert all(
        row["priority"] == (row["theory"] > 0 and row["instruments"] == 0)
        for row in rows.values()
    )
    verbatim(review, "coh.end_state", "Everything here fits together.")
    rows = rows_by(matrices.measurability(review.session), "construct")
    assert (
        rows["coh.end_state"]["instruments"],
        rows["coh.end_state"]["priority"],
    ) == (1, False)


def test_f35_uploaded_ratings_give_the_published_figures(review: Founding) -> None:
    """Six items by ten experts (PMC5557472, table 10), and Lawshe's ratio."""
    agreeing = [10, 9, 7, 10, 10, 10]
    for rater in range(10):
        rows: list[dict[str, object]] = [
            {"item_id": number, "rating": 4 if rater < agree else 1}
            for number, agree in enumerate(agreeing, start=1)
        ]
        said = Said(f"Expert {rater}", "expert", "relevance")
        ratingfile.take_ratings(
            review.session, sheet(rows, f"file {rater}"), said=said, by="ann"
        )
        rows = [{"item_id": 1, "rating": int(rater < 9)}]
        said = Said(f"Expert {rater}", "expert", "essential")
        ratingfile.take_ratings(
            review.session, sheet(rows, f"essential {rater}"), said=said, by="ann"
        )
    found = ratings.items(review.session)[:6]
    told = [one.judged["expert", "relevance"].content for one in found]
    assert [one.share for one in told] == [1, 0.9, 0.7, 1, 1, 1]
    kappas = [round(one.kappa or 0, 2) for one in told]
    assert kappas == [1, 0.9, 0.66, 1, 1, 1]
    scale = ratings.scales(found)[SURVEY, "expert"]
    assert round(scale.average or 0, 2) == 0.93
    assert round(scale.unanimous or 0, 2) == 0.67
    ratio = found[0].judged["expert", "essential"].ratio
    assert (ratio.value, ratio.meets) == (0.8, True)


def test_f36_policy_levers_have_their_studies(desk: Desk) -> None:
    """The five are a table with studies and strategies; their passages are listed."""
    strategies = STRATEGIES.replace(
        "records: [3]}", "records: [3], levers: [pd_lead]}", 1
    )
    text = (desk.review.root / "screening" / "ledger.yaml").read_text("utf-8")
    desk.review.write("ledger.yaml", text.replace("strategies: []\n", strategies))
    found = rows_by(argument.levers(desk.review.session), "lever")
    assert set(found) == {"pd_lead", "entitlement", "quality_mark", "networks", "time"}
    assert found["pd_lead"]["strategies"] == ("lead",)
    assert found["pd_lead"]["studies"] == 1
    listed = desk.json("code", "list", "--construct", "lead.pd_lead")
    assert len({row["study_id"] for row in listed}) == 1
    assert len(listed) == 4


WHOLE = Find(
    title="A summit on teaching",
    organisation="A charity",
    year="2020",
    url="https://example.org/summit",
    accessed=date(2026, 1, 5),
    found="website",
)


@pytest.mark.parametrize("part", ["title", "organisation", "year", "url"])
def test_f37_grey_literature_is_told_whole(review: Founding, part: str) -> None:
    """Without one of its parts a find is refused."""
    lacking = Find(**{**WHOLE.__dict__, part: ""})
    with pytest.raises(LitreviewError, match="is empty"):
        intake.add(review.session, lacking, by="lead")


def test_f37_grey_literature_counts_under_other_methods(desk: Desk) -> None:
    """The day of access is asked for; PRISMA shows the record beside the databases."""
    intake.add(desk.review.session, WHOLE, by="lead")
    counts = flow.flow(desk.review.session).counts
    assert counts["website_results"] == 1
    assert counts["other_ta_unscreened"] == 1
    assert (counts["database_results"], counts["ta_unscreened"]) == (5, 0)
    words = ("add", "T", "--organisation", "O", "--year", "2020")
    status, _out, err = desk.run(*words, "--url", WHOLE.url, "--found", "website")
    assert status == 2
    assert "--accessed" in err


def test_f38_three_versions_are_three_reports_of_one_study(review: Founding) -> None:
    """Working paper, report and article: the flow counts 3 and 1."""
    before = flow.flow(review.session).counts
    papers = [review.another(f"Working conditions, version {n}") for n in (1, 2, 3)]
    for paper in papers[1:]:
        review.make.pair(papers[0], paper, "same_study", review.lead)
    after = flow.flow(review.session).counts
    assert after["new_reports"] - before["new_reports"] == 3
    assert after["new_studies"] - before["new_studies"] == 1


# -- the case study (F39 to F44) -----------------------------------------------------


def test_f39_nine_claims_beside_other_frameworks(review: Founding) -> None:
    """Each shows its kin; a study of an idea and its kin counts once."""
    table = matrices.crosswalk(review.session)
    nine = table[table["framework"].str.startswith("Nine claims")]
    assert list(nine["construct"]) == [f"nc.{number}" for number in range(1, 10)]
    assert {"tdt", "eef", "consensus"} <= set(table.columns)
    before = rows_by(table, "construct")["nc.7"]
    assert "tdt.collaboration" in before["tdt"]
    record = review.another()
    for name in ("nc.7", "tdt.collaboration"):
        review.code(record, name)
    after = rows_by(matrices.crosswalk(review.session), "construct")["nc.7"]
    assert after["together"] == before["together"] + 1


def test_f40_claims_by_kind_of_evidence(review: Founding) -> None:
    """Each shows the kinds behind it; one kind alone is flagged."""
    review.write(
        "ledger.yaml",
        "claims:\n"
        "  - {id: a, text: A, kind: theory, source: m, evidence: [survey, talks]}\n"
        "  - {id: b, text: B, kind: theory, source: m, evidence: [survey]}\n"
        "  - {id: c, text: C, kind: theory, source: m}\n",
    )
    found = rows_by(argument.claim_evidence(review.session), "claim")
    told = {
        name: (row["survey"], row["talks"], row["kinds"], row["one_source"])
        for name, row in found.items()
    }
    assert told == {
        "a": (True, True, 2, False),
        "b": (True, False, 1, True),
        "c": (False, False, 0, False),
    }


def test_f41_a_rubric_reaches_the_survey_tools(review: Founding) -> None:
    """From emerging to leading, in order, in each format."""
    item(review, "I can lead an enquiry.", "res.enquiry_skill", scale="competence4")
    kinds = {"redcap": test_redcap.read, "limesurvey": test_limesurvey.read}
    made = fielding.render(review.session, list(kinds), Wanted())
    steps = ["Emerging", "Developing", "Established", "Leading"]
    for kind, read in kinds.items():
        (row,) = [one for one in read(made[kind][1]) if "lead an enquiry" in one.text]
        assert [answer for _value, answer in row.answers] == steps, kind


def test_f42_waves_and_the_instrument_that_a_report_names(desk: Desk) -> None:
    """The Leuven scales hang on their report; baseline and impact can be found."""
    report = desk.review.documents["F004"]
    (found,) = [
        row
        for row in inventory.instruments(desk.review.session)
        if "Leuven" in str(row["instrument"])
    ]
    assert (found["found"], found["record_id"]) == (True, report.id)
    desk.review.fill(report, "study", "wave", "both")
    desk.review.fill(desk.review.reports[0], "study", "wave", "baseline")
    (row,) = desk.json("form", "reports", "study", "wave", "both")
    assert row["record_id"] == report.id


def test_f43_items_wait_for_a_permission(review: Founding) -> None:
    """Unknown blocks the export of another's words; a recorded permission opens it."""
    verbatim(review, "out.efficacy", "Children show confidence in what they do.")
    with pytest.raises(NotAllowedError, match="word for word"):
        fielding.render(review.session, ["redcap"], Wanted("Leuven scales"))
    shown = tables.items(review.session)
    assert "Children show" not in " ".join(shown["text"])
    instrument.permit(
        review.session,
        by="ann",
        name="Leuven scales",
        permission="granted",
        evidence="letter of 3 May 2026",
    )
    made = fielding.render(review.session, ["redcap"], Wanted("Leuven scales"))
    assert b"Children show confidence" in made["redcap"][1]
