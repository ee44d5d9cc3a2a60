"""What else the team writes in YAML beside the protocol and the codebooks.

``screening/scales.yaml``, ``screening/forms/*.yaml`` and their like are brought in by
`sync`, whole and in versions, so that a value or an item can say under which text it
came about. Each kind has one pure parser in `PARSERS`; `newest` gives the text in
force, `parsed` what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import forms as form_files
from litreview import ledger, mentions, planning, programmes, scales, yamlfile
from litreview.codebook import Codebook
from litreview.forms import Form
from litreview.frameworks import Frameworks, parse_frameworks
from litreview.ledger import Ledger
from litreview.models import Person
from litreview.planning import Plan
from litreview.programmes import Programme
from litreview.scales import Scale
from litreview.synthesis import MaterialVersion
from litreview.vocabulary import MaterialKind
from litreview.workspace import sha256
from litreview.yamlfile import Node

FORMS = "forms/"  # the folder of the forms below ``screening/``
# Reads one text and refuses it at the first mistake.
PARSERS: Mapping[MaterialKind, Callable[[Node], object]] = {
    MaterialKind.SCALES: scales.parse_scales,
    MaterialKind.FORM: form_files.parse_form,
    MaterialKind.FRAMEWORKS: parse_frameworks,
    MaterialKind.LEDGER: ledger.parse_ledger,
    MaterialKind.PLAN: planning.parse_plan,
    MaterialKind.PROGRAMMES: programmes.parse_programmes,
}


def kind_and_name(path: str) -> tuple[MaterialKind, str]:
    """Return what a file is, by its path below ``screening/``.

    ``forms/appraisal.yaml`` is the form "appraisal", ``scales.yaml`` the scales.
    """
    stem = path.removesuffix(".yaml")
    if stem.startswith(FORMS):
        return MaterialKind.FORM, stem.removeprefix(FORMS)
    return MaterialKind(stem), stem


def check(texts: Mapping[str, str], books: Sequence[Codebook] | None = None) -> None:
    """Read all texts, by path below ``screening/``, so that the first mistake shows.

    With `books`, the codebooks they belong to, a construct or group that none of them
    has is a mistake too.
    """
    for path, text in texts.items():
        kind, _name = kind_and_name(path)
        shown = Path("screening") / path
        said = PARSERS[kind](yamlfile.parse(text, shown))
        if books is not None:
            mentions.refuse_unknown(said, shown, books)


def store(session: Session, texts: Mapping[str, str], *, by: Person) -> list[str]:
    """Keep each text that is new or changed; return what changed, in words."""
    changes = []
    for path, text in sorted(texts.items()):
        kind, name = kind_and_name(path)
        before = newest(session, kind, name)
        digest = sha256(text)
        if before is not None and before.sha256 == digest:
            continue
        session.add(
            MaterialVersion(
                kind=kind, name=name, sha256=digest, text=text, person_id=by.id
            )
        )
        session.flush()
        word = "is in force" if before is None else "is in force in a new version"
        changes.append(f"screening/{path} {word}")
    return changes


def newest(
    session: Session, kind: MaterialKind, name: str = ""
) -> MaterialVersion | None:
    """Return the text in force of a kind (and, for a form, of this name), or None."""
    query = select(MaterialVersion).where(
        MaterialVersion.kind == kind, MaterialVersion.name == (name or str(kind))
    )
    return session.scalar(query.order_by(MaterialVersion.id.desc()).limit(1))


def forms(session: Session) -> list[MaterialVersion]:
    """Return the forms in force, by name."""
    latest = (
        select(func.max(MaterialVersion.id))
        .where(MaterialVersion.kind == MaterialKind.FORM)
        .group_by(MaterialVersion.name)
    )
    query = select(MaterialVersion).where(MaterialVersion.id.in_(latest))
    return list(session.scalars(query.order_by(MaterialVersion.name)))


def parsed_form(version: MaterialVersion) -> Form:
    """Return what the text of a form says."""
    return _form(version.text, version.name)


@lru_cache(maxsize=32)
def _form(text: str, name: str) -> Form:
    path = f"screening/{FORMS}{name}.yaml"
    return form_files.parse_form(yamlfile.parse(text, path), name=name)


def answer_scales(session: Session) -> dict[str, Scale]:
    """Return the response scales in force by id; the usual ones where none are."""
    version = newest(session, MaterialKind.SCALES)
    return _scales(scales.STARTER if version is None else version.text)


def plan(session: Session) -> Plan:
    """Return the plan in force; an empty one where there is none."""
    version = newest(session, MaterialKind.PLAN)
    return _plan("" if version is None else version.text)


def claims(session: Session) -> Ledger:
    """Return the ledger in force; an empty one where there is none."""
    version = newest(session, MaterialKind.LEDGER)
    return _ledger("" if version is None else version.text)


def frameworks(session: Session) -> Frameworks:
    """Return the frameworks in force; an empty value where there are none."""
    version = newest(session, MaterialKind.FRAMEWORKS)
    return _frameworks("" if version is None else version.text)


def named_programmes(session: Session) -> dict[str, Programme]:
    """Return the programmes in force by id; none where nobody listed any."""
    version = newest(session, MaterialKind.PROGRAMMES)
    return {} if version is None else _programmes(version.text)


@lru_cache(maxsize=8)
def _plan(text: str) -> Plan:
    return planning.parse_plan(yamlfile.parse(text, "screening/plan.yaml"))


@lru_cache(maxsize=8)
def _ledger(text: str) -> Ledger:
    return ledger.parse_ledger(yamlfile.parse(text, "screening/ledger.yaml"))


@lru_cache(maxsize=8)
def _frameworks(text: str) -> Frameworks:
    return parse_frameworks(yamlfile.parse(text, "screening/frameworks.yaml"))


@lru_cache(maxsize=8)
def _programmes(text: str) -> dict[str, Programme]:
    node = yamlfile.parse(text, "screening/programmes.yaml")
    return programmes.parse_programmes(node)


@lru_cache(maxsize=8)
def _scales(text: str) -> dict[str, Scale]:
    return scales.parse_scales(yamlfile.parse(text, "screening/scales.yaml"))
