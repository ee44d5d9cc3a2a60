"""What the team writes in other YAML is kept in versions, the newest in force."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import materials, scales
from litreview.errors import InputFileError
from litreview.models import Person
from litreview.synthesis import MaterialVersion
from litreview.vocabulary import MaterialKind

THREE = "scales:\n  - {id: agree3, kind: agreement, answers: [No, Neither, Yes]}\n"


@pytest.fixture
def lead(make: Maker) -> Person:
    """Return who syncs."""
    make.review()
    return make.person("lead")


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("scales.yaml", MaterialKind.SCALES, "scales"),
        ("forms/appraisal.yaml", MaterialKind.FORM, "appraisal"),
        ("ledger.yaml", MaterialKind.LEDGER, "ledger"),
    ],
)
def test_a_path_says_what_a_file_is(path: str, kind: MaterialKind, name: str) -> None:
    """Forms lie in their folder and have names; the others are named by kind."""
    assert materials.kind_and_name(path) == (kind, name)


def test_an_unknown_file_is_no_material() -> None:
    """What has no kind is an error of the caller, not a kind of its own."""
    with pytest.raises(ValueError, match="songs"):
        materials.kind_and_name("songs.yaml")


def test_the_first_mistake_stops_the_sync() -> None:
    """`check` reads every text that has a parser, and names file and line."""
    materials.check({"scales.yaml": THREE})
    with pytest.raises(InputFileError, match="at least 2 answers") as caught:
        materials.check({"scales.yaml": "scales:\n  - {id: a, kind: choice}\n"})
    assert str(caught.value.path) == "screening/scales.yaml"


def test_a_text_is_stored_when_it_changes(session: Session, lead: Person) -> None:
    """New, the same, changed: two versions, the newest in force, both kept."""
    texts = {"scales.yaml": THREE}
    assert materials.store(session, texts, by=lead) == [
        "screening/scales.yaml is in force"
    ]
    assert materials.store(session, texts, by=lead) == []
    more = {"scales.yaml": THREE.replace("agree3", "agree_3")}
    assert materials.store(session, more, by=lead) == [
        "screening/scales.yaml is in force in a new version"
    ]
    newest = materials.newest(session, MaterialKind.SCALES)
    assert newest is not None
    assert "agree_3" in newest.text
    assert session.scalar(select(func.count()).select_from(MaterialVersion)) == 2


def test_going_back_to_an_old_text_is_a_version_again(
    session: Session, lead: Person
) -> None:
    """The newest row is in force, also where its text stood there before."""
    for text in (THREE, scales.STARTER, THREE):
        materials.store(session, {"scales.yaml": text}, by=lead)
    assert list(materials.answer_scales(session)) == ["agree3"]


def test_forms_are_kept_apart_by_name(session: Session, lead: Person) -> None:
    """Each form has its own newest version; another name has none."""
    rows = [
        MaterialVersion(
            kind=MaterialKind.FORM, name=name, sha256=text, text=text, person_id=lead.id
        )
        for name, text in (("b", "one"), ("a", "two"), ("b", "three"))
    ]
    for row in rows:
        session.add(row)
        session.flush()
    assert [form.text for form in materials.forms(session)] == ["two", "three"]
    found = materials.newest(session, MaterialKind.FORM, "b")
    assert found is not None
    assert found.text == "three"
    assert materials.newest(session, MaterialKind.FORM, "c") is None


def test_without_a_file_the_usual_scales_are_in_force(
    session: Session, lead: Person
) -> None:
    """The starter ones, until the team writes its own."""
    assert "agree5" in materials.answer_scales(session)
    materials.store(session, {"scales.yaml": THREE}, by=lead)
    assert list(materials.answer_scales(session)) == ["agree3"]
