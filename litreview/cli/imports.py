"""`litreview import` and `litreview add`: records from files, and found by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import STAGES
from litreview.cli.output import counted, json_option, say, show, show_json
from litreview.cli.several import Several
from litreview.vocabulary import Found

if TYPE_CHECKING:
    from litreview.cli.decisions import Plan
    from litreview.intake import File

# Those of litreview.sources.files, which would make the help slow; a test compares.
FORMATS = (
    *("csv", "xlsx", "endnote-xml", "ris", "bibtex", "nbib", "wos", "csl-json"),
    *("scopus", "covidence", "rayyan", "asreview"),
)


# -- files ---------------------------------------------------------------------------


class FileWords(TypedDict):
    """The options of `import` that say how files are read."""

    form: str | None
    label: str
    columns: tuple[str, ...]
    sheet: str
    register: bool


class ImportWords(FileWords):
    """The options of `import`."""

    decisions: bool
    stage: str | None
    screeners: tuple[str, ...]
    reasons: tuple[str, ...]
    as_json: bool


@click.command("import", cls=Several)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Default: told by the file's content, then by its name.",
)
@click.option(
    "--source",
    "label",
    default="",
    metavar="LABEL",
    help="What the database is called; default: told by the file, or its name.",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COL=FIELD",
    help="A column that holds a field under another name.",
)
@click.option(
    "--sheet",
    default="",
    metavar="NAME",
    help="The sheet of a workbook; default: the first.",
)
@click.option("--register", is_flag=True, help="The source is a register.")
@click.option(
    "--decisions",
    is_flag=True,
    help="Take over the decisions in the file, as votes of those it names (lead only).",
)
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    help="The stage of all these decisions; default: told by the file.",
)
@click.option(
    "--screener",
    "screeners",
    multiple=True,
    metavar="[NAME=]HANDLE",
    help="Who somebody in the file is; without NAME=, who decided where none is named.",
)
@click.option(
    "--reason-map",
    "reasons",
    multiple=True,
    metavar="TEXT=KEY",
    help="The key of a reason that the file words otherwise; no KEY: keep it as a "
    "note.",
)
@json_option
@pass_app
def import_command(
    app: App, files: tuple[Path, ...], **words: Unpack[ImportWords]
) -> None:
    """Bring in records from files.

    Formats: RIS (ERIC, EBSCO, ProQuest ...), BibTeX, NBIB, EndNote XML, Web of
    Science, Scopus CSV, CSL-JSON, exports of Rayyan, ASReview and Covidence, and any
    CSV or XLSX. Columns known without --map: record_id, title, authors ("Family,
    Given; ..."), year, container_title, volume, issue, pages, doi, abstract,
    entrytype. All files are read and checked before the first is stored; the same
    file again adds nothing, and an accession number is one record in all files.

    \b
    Example:
      litreview import queries/imports/eric-2026-03-14.ris
      litreview import list.csv --map "Article Title=title" "Publication Year=year"
      litreview import rayyan.csv --decisions --screener "Ama B.=ama"
    """
    from litreview.cli import decisions

    read = [_read(path, words) for path in files]
    wishes = decisions.Wishes(words["stage"], words["screeners"], words["reasons"])
    if not words["decisions"]:
        decisions.refuse_idle(wishes)
    plans = [
        decisions.plan(app, file, wishes) if words["decisions"] else None
        for file in read
    ]
    rows = [_import_one(app, *pair) for pair in zip(read, plans, strict=True)]
    for file, row in zip(read, rows, strict=True):
        _tell(file, decided=words["decisions"])
        if not words["as_json"]:
            _show_one(row)
    if words["as_json"]:
        show_json(rows)
    decisions.refuse_waiting(rows)


def _read(path: Path, words: FileWords) -> File:
    """Read and check one file as the options say."""
    from litreview import intake
    from litreview.sources.files import Wanted

    wanted = Wanted(words["form"] or "", _mapping(words["columns"]), words["sheet"])
    return intake.read_file(
        path, wanted, label=words["label"], register=words["register"]
    )


def _import_one(app: App, file: File, plan: Plan | None) -> dict[str, object]:
    from dataclasses import asdict

    from litreview import intake
    from litreview.cli import decisions

    done = app.write(lambda s: intake.import_file(s, file, by=app.handle))
    # The votes are a transaction of their own: they need the records' ids, and the
    # file can be brought in again if one of them is refused.
    votes = asdict(decisions.take(app, file, plan)) if plan else None
    known = file.found.distinct - done.stored.new
    return {
        "file": file.name,
        "format": file.readable.form,
        "encoding": file.encoding,
        "source": file.label,
        "sources": file.sources,
        "run_id": done.run_ids[0],
        "run_ids": list(done.run_ids),
        "entries": file.found.entries,
        "rows": file.found.entries,
        "new": done.stored.new,
        "changed": done.stored.changed,
        "already_there": known,
        "again": done.again,
        "warnings": [*file.readable.notes, *file.found.warnings()],
        "decisions": file.found.opinions.total(),
        "votes": votes,
    }


def _tell(file: File, *, decided: bool) -> None:
    """Say on stderr what is odd about a file, and what was left in it."""
    from litreview.cli.decisions import shown

    for note in (*file.readable.notes, *file.found.warnings()):
        say(f"{file.name}: {note}")
    number = file.found.opinions.total()
    if number and not decided:
        people = ", ".join(shown(name for name, _ in file.found.opinions))
        verb = "was" if number == 1 else "were"
        say(
            f"{file.name}: holds {counted(number, 'decision')} ({people}) that {verb} "
            "not taken over; --decisions does that"
        )


def _show_one(row: dict[str, object]) -> None:
    """Show in one line what an import did, and in another what the votes did."""
    sources = row["sources"]
    names = (
        ", ".join(repr(name) for name in sources) if isinstance(sources, dict) else ""
    )
    if row["again"]:
        show(f"{row['file']}: this very file is in already; nothing was added")
    else:
        changed = f", {row['changed']:,} of them changed" if row["changed"] else ""
        entries = counted(int(str(row["entries"])), "entry", "entries")
        show(
            f"{row['file']}: {row['format']}, {entries}, "
            f"{row['rows']:,} read; {row['new']:,} new, {row['already_there']:,} "
            f"already there{changed}, as {names}"
        )
    votes = row["votes"]
    if isinstance(votes, dict):
        for handle in votes["new_people"]:
            show(f"{handle} joins as screener")
        was = "was" if votes["already_there"] == 1 else "were"
        show(
            f"{counted(votes['stored'], 'vote')} stored, "
            f"{votes['already_there']:,} {was} there already"
        )


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    """Read COL=FIELD; the last equals sign parts them, as names may hold one."""
    from litreview.errors import UsageError

    mapping = {}
    for text in columns:
        column, equals, field = text.rpartition("=")
        if not equals or not column or not field:
            raise UsageError(
                f"--map {text!r} names no field", fix="write it as COLUMN=field"
            )
        mapping[column] = field
    return mapping


# -- by hand -------------------------------------------------------------------------


class FindWords(TypedDict):
    """The options of `add` that are stored as they are."""

    organisation: str
    year: str
    url: str
    found: str
    doi: str
    abstract: str


@click.command()
@click.argument("title")
@click.option("--organisation", required=True, help="Who published it.")
@click.option(
    "--year", required=True, help="The year of publication; n.d. if none is told."
)
@click.option("--url", required=True, help="The address at which it was found.")
@click.option(
    "--accessed",
    required=True,
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which it was found there.",
)
@click.option(
    "--found",
    required=True,
    type=click.Choice(
        [Found.WEBSITE.value, Found.ORGANISATION.value, Found.CITATION.value]
    ),
    help="How it was found.",
)
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar='"FAMILY, GIVEN"',
    help="An author; may be given more than once.",
)
@click.option("--doi", default="", help="Its DOI, if it has one.")
@click.option("--abstract", default="", help="Its abstract or summary.")
@json_option
@pass_app
def add(
    app: App,
    title: str,
    *,
    accessed: datetime,
    authors: tuple[str, ...],
    as_json: bool,
    **words: Unpack[FindWords],
) -> None:
    """Add a record found by hand, with where it was found.

    It counts among PRISMA's other methods. The same record again is stored once.

    \b
    Example:
      litreview add "Early career framework" --organisation DfE --year 2019 \\
        --url https://www.gov.uk/ecf --accessed 2026-03-14 --found website
    """
    from litreview import intake

    find = intake.Find(
        title, accessed=accessed.date(), authors="; ".join(authors), **words
    )
    done = app.write(lambda session: intake.add(session, find, by=app.handle))
    record = done.record
    if as_json:
        told = {"new": done.new, "changed": done.changed}
        show_json({"record_id": record.id, "source_id": record.source_id, **told})
    elif done.new:
        show(f"record {record.id}: {record.title}")
    elif done.changed:
        show(f"record {record.id} was there; it has a new version now")
    else:
        show(f"record {record.id} says this already; nothing was added")
