"""What can be exported: each table, picture and list by its name.

`TABLES` is the register; a table is asked for once per export, and everything of one
export is read in one snapshot. How a table becomes bytes is in `litreview.rendering`,
how bytes become files in `litreview.delivery`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from sqlalchemy.orm import Session

from litreview import (
    argument,
    audit,
    bibliography,
    diagram,
    duplicates,
    extracted,
    flow,
    history,
    lookup,
    matrices,
    migrations,
    pictures,
    prisma,
    proxies,
    realist,
    reports,
    searchreport,
    tables,
    votes,
    works,
)
from litreview.errors import NotFoundError, UsageError
from litreview.rendering import Asker, Table, json_bytes, render, to_csv, to_json

PRISMA_COLUMNS = ("box", "detail", "unit", "column", "count", "meaning")
PRISMA_FORMATS = ("json", "csv", "md", "svg")
BIBLIOGRAPHY_FORMATS = ("ris", "bibtex", "csl-json")
# Format -> the ending of its files, where that is not the format's own name.
ENDINGS = {"bibtex": "bib", "csl-json": "json"}
ALL = ("csv", "json", "md", "xlsx", "docx")
WIDE = ("csv", "json", "xlsx")  # too wide for a page
TABLES: Mapping[str, Table] = {
    "constructs": Table(
        "Constructs",
        ALL,
        lambda session, _asker: tables.constructs(session),
        (
            *("construct", "label", "definition", "cmo_role", "level"),
            *("studies", "quotes", "items", "gap", "contested_by"),
        ),
        "group",
    ),
    "cmo": Table(
        "Context-mechanism-outcome configurations",
        (*ALL, "svg", "dot"),
        lambda session, _asker: tables.cmo(session),
        (
            *("cmo_id", "status", "title", "context", "mechanism", "outcome"),
            *("support", "supports", "refutes", "refines"),
        ),
        pictures={"svg": pictures.chains_svg, "dot": pictures.chains_dot},
    ),
    "items": Table(
        "Survey items",
        ALL,
        lambda session, _asker: tables.items(session),
        (
            *("item_id", "construct", "label", "text", "status"),
            *("scale", "reverse", "evidence", "quotes", "studies"),
        ),
        "instrument",
    ),
    "claims": Table(
        "Claims, and what carries them",
        ALL,
        lambda session, _asker: argument.claims(session),
        (
            *("claim", "text", "source", "place", "studies", "empirical"),
            *("support", "countered_by"),
        ),
    ),
    "claim-evidence": Table(
        "Claims and the kinds of evidence behind them",
        ALL,
        lambda session, _asker: argument.claim_evidence(session),
    ),
    "levers": Table(
        "Policy levers", ALL, lambda session, _asker: argument.levers(session)
    ),
    "strategies": Table(
        "Strategies", ALL, lambda session, _asker: argument.strategies(session)
    ),
    "questions": Table(
        "Research questions and what serves them",
        ALL,
        lambda session, _asker: argument.questions(session),
        ("construct", "label", "studies", "quotes", "gap"),
        "question",
    ),
    "analysis": Table(
        "Analysis plan", ALL, lambda session, _asker: argument.analysis(session)
    ),
    "extraction": Table(
        "What was read from the included reports",
        ALL,
        lambda session, _asker: extracted.values(session),
        (
            *("report_id", "part", "label", "value", "unit"),
            *("comparator", "page", "by", "lacks"),
        ),
        "form",
    ),
    "included": Table(
        "Included studies", ALL, lambda session, _asker: extracted.included(session)
    ),
    "extraction-missing": Table(
        "What is still to be read",
        ALL,
        lambda session, _asker: extracted.missing(session),
    ),
    "indicators": Table(
        "Indicators", ALL, lambda session, _asker: proxies.indicators(session)
    ),
    "proxies": Table(
        "Configurations and what secondary data can stand for",
        ALL,
        lambda session, _asker: proxies.proxies(session),
        ("role", "construct", "label", "indicators", "items", "found"),
        "title",
    ),
    "feasibility": Table(
        "Datasets that can be tied to a school",
        ALL,
        lambda session, _asker: proxies.feasibility(session),
    ),
    "sampling": Table(
        "Sampling grid", ALL, lambda session, _asker: proxies.sampling(session)
    ),
    "matrix": Table(
        "Constructs and studies", WIDE, lambda session, _asker: matrices.matrix(session)
    ),
    "evidence-map": Table(
        "Evidence map",
        (*ALL, "svg"),
        lambda session, _asker: matrices.evidence_map(session),
        group="group",
        pictures={"svg": pictures.map_svg},
    ),
    "crosswalk": Table(
        "Crosswalk of frameworks",
        ALL,
        lambda session, _asker: matrices.crosswalk(session),
        group="framework",
    ),
    "balance": Table(
        "Balance of mechanisms",
        ALL,
        lambda session, _asker: matrices.balance(session),
    ),
    "crosstab": Table(
        "What goes together in a study",
        ALL,
        lambda session, _asker: matrices.crosstab(session),
        group="attribute",
    ),
    "measurability": Table(
        "What there is to measure with",
        ALL,
        lambda session, _asker: matrices.measurability(session),
        ("construct", "label", "theory", "instruments", "items", "proxies", "priority"),
        "group",
    ),
    "rameses": Table(
        "RAMESES reporting table",
        ALL,
        lambda session, _asker: realist.rameses(session),
        ("item", "topic", "team", "counted", "empty"),
        "section",
    ),
    "records": Table(
        "Records",
        ("csv", "json", "xlsx"),
        lambda session, _asker: reports.records(session),
    ),
    "reports": Table(
        "Reports, each with the merged view of its records",
        ("csv", "json"),
        lambda session, _asker: duplicates.reports(session),
    ),
    "pairs": Table(
        "Pairs of records, judged or proposed to be the same",
        ("csv", "json"),
        lambda session, _asker: duplicates.pairs(session),
    ),
    "groups": Table(
        "Records with their report and study",
        ("csv", "json"),
        lambda session, _asker: duplicates.groups(session),
    ),
    "decisions": Table(
        "Votes",
        ("csv", "json"),
        lambda session, asker: votes.decisions(
            session, handle=asker.handle, unblind=asker.unblind
        ),
    ),
    "resolutions": Table(
        "Settled conflicts",
        ("csv", "json"),
        lambda session, asker: votes.resolutions(
            session, handle=asker.handle, unblind=asker.unblind
        ),
    ),
    "audit": Table(
        "Everything that was recorded",
        ("csv", "json"),
        lambda session, _asker: history.audit(session),
    ),
}


def render_table(
    session: Session, name: str, formats: Sequence[str], *, asker: Asker
) -> dict[str, bytes]:
    """Return format -> content of one table of `TABLES`."""
    return render(TABLES[name], session, formats, asker=asker)


def render_box(session: Session, box: str, formats: Sequence[str]) -> dict[str, bytes]:
    """Return format -> the records behind a PRISMA box; balanced or not."""
    frame = flow.behind(session, box)
    made = {"csv": to_csv, "json": to_json}
    for kind in formats:
        if kind not in made:
            raise UsageError(
                f"the records behind a box have no {kind} form",
                fix="give --format csv or --format json",
            )
    return {kind: made[kind](frame) for kind in formats}


def render_prisma(
    session: Session, formats: Sequence[str] = PRISMA_FORMATS
) -> dict[str, bytes]:
    """Return format -> the PRISMA counts, or refuse a flow that does not add up."""
    found = flow.flow(session)
    prisma.refuse_unbalanced(found)
    title, labels = _told(session)
    rows = prisma.to_csv_rows(found)
    made: dict[str, Callable[[], bytes]] = {
        "json": lambda: json_bytes(prisma.to_json_object(found, ids=None)),
        "csv": lambda: to_csv(pd.DataFrame(rows, columns=list(PRISMA_COLUMNS))),
        "md": lambda: diagram.to_markdown(found, labels).encode(),
        "svg": lambda: diagram.to_svg(
            found, title=title, labels=labels, note=""
        ).encode(),
    }
    return {kind: made[kind]() for kind in formats}


def render_search_report(
    session: Session,
    formats: Sequence[str] = searchreport.FORMATS,
    *,
    today: searchreport.Today | None = None,
) -> dict[str, bytes]:
    """Return format -> the PRISMA-S appendix; `today` as `searchreport.report`."""
    return searchreport.render(searchreport.report(session, today=today), formats)


def file_name(name: str, kind: str) -> str:
    """Return the file in which an export of this format belongs."""
    own = searchreport.FILES if name == searchreport.NAME else {}
    return own.get(kind, f"{name}.{ENDINGS.get(kind, kind)}")


def render_bibliography(
    session: Session,
    formats: Sequence[str] = BIBLIOGRAPHY_FORMATS,
    *,
    wanted: str = "included",
    stream: str = "",
) -> dict[str, bytes]:
    """Return format -> the reference list of a set of reports (see `works`)."""
    listed = works.references(session, wanted, stream=stream)
    made: dict[str, Callable[[Sequence[bibliography.Reference]], str]] = {
        "ris": bibliography.to_ris,
        "bibtex": bibliography.to_bibtex,
        "csl-json": bibliography.to_csl_json,
    }
    return {kind: made[kind](listed).encode() for kind in formats}


def _told(session: Session) -> tuple[str, dict[str, str]]:
    """Return the review's title and the words for its exclusion reasons."""
    try:
        title = lookup.review(session).title
        reasons = lookup.criteria(session).exclusion
    except NotFoundError:  # nothing was synced yet; the counts are all zero
        return "PRISMA 2020 flow diagram", {}
    return title, {reason.key: reason.label for reason in reasons}


def render_all(
    session: Session, *, asker: Asker, today: searchreport.Today | None = None
) -> dict[str, bytes]:
    """Return file name -> content of everything, all of one moment."""
    files = {f"prisma.{k}": found for k, found in render_prisma(session).items()}
    for kind, content in render_bibliography(session).items():
        files[file_name("bibliography", kind)] = content
    for name, table in TABLES.items():
        for kind, content in render_table(
            session, name, table.formats, asker=asker
        ).items():
            files[f"{name}.{kind}"] = content
    for kind, content in render_search_report(session, today=today).items():
        files[file_name(searchreport.NAME, kind)] = content
    return files


def note_unblinding(session: Session, name: str, *, asker: Asker) -> None:
    """Record that a lead is about to see votes on unfinished records, or refuse."""
    person = votes.require_lead(session, asker.handle)
    audit.note(session, "unblinded", by=person, subject=f"export {name}")


def schema(session: Session) -> str:
    """Return the revision of the database's schema."""
    return str(migrations.revision_of(session.connection()))
