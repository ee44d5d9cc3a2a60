"""Indicators: versions, what usable needs, and the tables made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from coded import Coded, begin, column, rows_by
from making import BOOK, Maker
from sqlalchemy.orm import Session

from litreview import cli, indicators, proxies
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.indicators import Variable
from litreview.synthesis import CmoConfiguration, CmoPart

DATASETS = """\
datasets:
  - {id: GIAS, name: Schools, unit: school, key: URN, access: open, cadence: daily,
     holds: schools, linkable: true, checked: memory}
  - {id: TALIS, name: Survey, unit: teacher, key: none public, access: open,
     cadence: "2018", holds: answers, linkable: false, checked: memory}
"""
NEED, TRUST = "people.need", "people.trust"


@pytest.fixture
def coded(session: Session, make: Maker) -> Coded:
    """Return a review whose codebook knows two datasets."""
    made = begin(session, make)
    make.codebook(BOOK + DATASETS)
    return made


def add(coded: Coded, construct: str = NEED, **said: object) -> int:
    """Register an indicator; default: a variable of GIAS."""
    words = {"dataset": "GIAS", "variable": "FSM", **said}
    row = indicators.add(
        coded.session,
        by="lead",
        construct=construct,
        said=Variable(**words),  # type: ignore[arg-type]
    )
    return row.number


def test_the_codebook_fills_what_it_knows_of_a_dataset(coded: Coded) -> None:
    """Unit, key and access need not be typed; what is given stands."""
    add(coded)
    add(coded, TRUST, dataset="TALIS", variable="trust", level="principal")
    one, two = indicators.indicators(coded.session)
    assert (one["level"], one["join_key"], one["access"]) == ("school", "URN", "open")
    assert (one["role"], one["status"], one["lacks"]) == ("context", "candidate", [])
    assert (two["level"], two["join_key"]) == ("principal", "none")
    assert two["lacks"] == ["a join key that is not 'none'"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"dataset": "SWC"}, "lacks level and join key"),
        ({"dataset": "SWC", "level": "school"}, "lacks join key"),
        ({"dataset": "TALIS"}, "not 'none'"),
    ],
)
def test_usable_needs_dataset_level_and_join_key(
    coded: Coded, said: dict[str, object], told: str
) -> None:
    """What cannot be tied to a school cannot be called usable (F03)."""
    number = add(coded, NEED, **said)
    with pytest.raises(NotAllowedError, match=told):
        indicators.set_status(coded.session, by="lead", number=number, status="usable")
    assert indicators.newest(coded.session, number).status == "candidate"


def test_each_change_is_a_version_and_the_last_counts(coded: Coded) -> None:
    """Version 1 stays as it was; the list shows the newest."""
    number = add(coded)
    indicators.set_status(coded.session, by="lead", number=number, status="usable")
    indicators.revise(
        coded.session,
        by="lead",
        number=number,
        said=Variable(cut_off="30 %", cut_off_source="10.1000/182"),
        why="for sampling",
    )
    found = indicators.versions(coded.session, number)
    assert [row["status"] for row in found] == ["candidate", "usable", "usable"]
    assert [row["cut_off"] for row in found] == ["", "", "30 %"]
    (row,) = indicators.indicators(coded.session)
    assert (row["version"], row["why"]) == (3, "for sampling")


def test_a_usable_indicator_cannot_lose_its_key(coded: Coded) -> None:
    """The change is refused, and nothing is stored."""
    number = add(coded)
    indicators.set_status(coded.session, by="lead", number=number, status="usable")
    with pytest.raises(NotAllowedError, match="lacks join key"):
        indicators.revise(
            coded.session,
            by="lead",
            number=number,
            said=Variable(join_key=""),
            why="lost",
        )
    assert indicators.newest(coded.session, number).version == 2


def test_the_codebook_s_proxies_become_candidates_once(
    session: Session, make: Maker
) -> None:
    """Each applicable construct with a proxy has one; a second time adds none."""
    begin(session, make)
    proxy = "proxy: {dataset: GIAS, variable: FSM, quality: partial}"
    book = BOOK.replace(
        "definition: Many are poor.,", f"definition: Many are poor., {proxy},"
    )
    make.codebook(book + DATASETS)
    (row,) = indicators.seed(session, by="lead")
    assert (row.construct, row.dataset, row.quality) == (NEED, "GIAS", "partial")
    assert row.join_key == "URN"
    assert indicators.seed(session, by="lead") == []


def test_bad_input_is_told_in_words(coded: Coded) -> None:
    """A cut-off without a source, a word out of list, a twin, nothing new."""
    number = add(coded)
    for said, told in (
        ({"cut_off": "30 %"}, "no source"),
        ({"quality": "good"}, "'good' is no quality"),
        ({"role": "cause"}, "'cause' is no role"),
        ({}, "is indicator 1 already"),
        ({"variable": " "}, "variable is empty"),
        ({"code_id": 99}, "no code 99"),
    ):
        with pytest.raises(LitreviewError, match=told):
            add(coded, **said)
    with pytest.raises(LitreviewError, match="cannot be applied"):
        add(coded, "fit.plan")
    with pytest.raises(LitreviewError, match="would not change"):
        indicators.revise(
            coded.session, by="lead", number=number, said=Variable(), why="none"
        )
    with pytest.raises(LitreviewError, match="without a reason"):
        indicators.set_status(
            coded.session, by="lead", number=number, status="rejected"
        )
    with pytest.raises(NotFoundError, match="no indicator 7"):
        indicators.newest(coded.session, 7)
    assert len(indicators.indicators(coded.session)) == 1


def configure(coded: Coded, status: str = "candidate", **parts: str) -> None:
    """Store a configuration with a construct in some places."""
    row = CmoConfiguration(
        number=1,
        version=1,
        title="One",
        status=status,
        codebook_id=1,
        person_id=coded.lead.id,
    )
    coded.session.add(row)
    coded.session.flush()
    for place, (role, construct) in enumerate(parts.items()):
        coded.session.add(
            CmoPart(cmo_id=row.id, role=role, construct=construct, position=place)
        )
    coded.session.flush()


def test_each_place_of_a_configuration_shows_its_indicator_or_none(
    coded: Coded,
) -> None:
    """Context, mechanism and outcome each have a row, also without a construct."""
    configure(coded, context=NEED, mechanism=TRUST)
    number = add(coded)
    add(coded, TRUST, dataset="TALIS", variable="trust", role="outcome")
    rows = rows_by(proxies.proxies(coded.session), "role")
    assert column(rows, "found") == {
        "context": "candidate",
        "mechanism": "none found",
        "outcome": "none found",
    }
    assert rows["context"]["indicators"] == ("1 GIAS: FSM (candidate)",)
    assert rows["outcome"]["label"] == "(no construct yet)"
    indicators.set_status(coded.session, by="lead", number=number, status="usable")
    assert rows_by(proxies.proxies(coded.session), "role")["context"]["found"] == (
        "usable"
    )


def test_a_rejected_configuration_wants_no_indicator(coded: Coded) -> None:
    """Neither the table nor the sampling grid shows it."""
    configure(coded, status="rejected", context=NEED)
    assert proxies.proxies(coded.session).empty
    assert proxies.sampling(coded.session).empty


def test_a_dataset_without_a_school_key_is_not_linkable(coded: Coded) -> None:
    """What the codebook says of TALIS holds, whatever indicators name (F10)."""
    add(coded)
    add(coded, dataset="Own survey", variable="x", join_key="URN")
    add(coded, dataset="Blog", variable="y")
    rows = rows_by(proxies.feasibility(coded.session), "dataset")
    assert column(rows, "linkable") == {
        "GIAS": "linkable",
        "TALIS": "not linkable",
        "Own survey": "linkable",
        "Blog": "not linkable",
    }
    assert (rows["GIAS"]["indicators"], rows["GIAS"]["constructs"]) == (1, (NEED,))


def test_the_sampling_grid_has_a_row_per_context(coded: Coded) -> None:
    """With indicator, cut-off and source; what is missing is told (F11)."""
    configure(coded, context=NEED)
    assert list(proxies.sampling(coded.session)["gap"]) == ["no indicator"]
    number = add(coded)
    assert list(proxies.sampling(coded.session)["gap"]) == ["no cut-off"]
    said = Variable(cut_off="30 %", cut_off_source="10.1000/182")
    indicators.revise(coded.session, by="lead", number=number, said=said, why="grid")
    row = rows_by(proxies.sampling(coded.session), "construct")[NEED]
    assert (row["cut_off"], row["source"], row["gap"]) == ("30 %", "10.1000/182", "")
    assert row["configurations"] == (1,)


def test_indicators_work_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Add, revise, make usable, list and show, as a person types them."""
    space = ["-w", str(tmp_path), "--as", "lead"]
    assert cli.run(["--as", "lead", "init", str(tmp_path)]) == 0
    codebook = tmp_path / "screening" / "codebooks" / "codebook.yaml"
    codebook.write_text(BOOK + DATASETS)
    assert cli.run([*space, "sync"]) == 0
    words = ["add", NEED, "--dataset", "GIAS", "--variable", "FSM"]
    assert cli.run([*space, "indicator", *words]) == 0
    assert cli.run([*space, "indicator", "set-status", "1", "usable"]) == 0
    revised = ["revise", "1", "--years", "2015-2024", "--why", "checked"]
    assert cli.run([*space, "indicator", *revised]) == 0
    capsys.readouterr()
    assert cli.run([*space, "indicator", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["version"], row["status"], row["years"]) == (3, "usable", "2015-2024")
    assert cli.run([*space, "indicator", "show", "1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    assert cli.run([*space, "export", "indicators", "--format", "csv"]) == 0
    assert "GIAS,FSM,school,URN,2015-2024" in capsys.readouterr().out
    assert cli.run([*space, "indicator", "set-status", "9", "usable"]) == 1
