"""fulltext find, import: where texts may be had, and those that people collected."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show, show_json

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from litreview.fulltext import Filed, Text
    from litreview.sought import Found

# What a full text may be; the first bytes that a PDF has to have near its start.
ENDINGS = (".pdf", ".epub", ".html", ".htm", ".docx", ".txt")
PDF_MARK, PDF_WITHIN = b"%PDF-", 1024
SHOWN = 3  # links of one report in the list for people
COLUMNS = ("record_id", "doi", "path", "url")


@click.command("find")
@click.option(
    "--request-list",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what has no open link for the library, as .csv or .md.",
)
@json_option
@pass_app
def find(app: App, *, target: Path | None, as_json: bool) -> None:
    """List the open-access links of the reports whose text is still to be had.

    The links are those that the stored payloads of OpenAlex and Crossref hold, with
    licence and version. Nothing is downloaded and no service is asked. A link of
    Crossref without a Creative Commons licence may be for subscribers.

    \b
    Example:
      litreview fulltext find --request-list exports/library.csv
    """
    from dataclasses import asdict

    from litreview import delivery, rendering, sought
    from litreview.errors import UsageError

    if target is not None and target.suffix.lower() not in {".csv", ".md"}:
        raise UsageError(
            f"{target} is neither CSV nor Markdown", fix="call it .csv or .md"
        )

    def work(session: Session) -> tuple[list[Found], pd.DataFrame]:
        found = sought.find(session)
        closed = [one.record_id for one in found if not one.is_open]
        return found, sought.requests(session, closed)

    found, requests = app.read(work)
    if target is not None:
        csv_wanted = target.suffix.lower() == ".csv"
        content = (
            rendering.to_csv(requests)
            if csv_wanted
            else sought.markdown(requests).encode()
        )
        delivery.write_file(target, content)
        say(f"{len(requests):,} reports have no open link: {target}")
    if as_json:
        show_json([{**asdict(one), "is_open": one.is_open} for one in found])
        return
    for one in found:
        _tell(one)
    known = sum(one.is_open for one in found)
    say(
        f"{len(found):,} texts are still to be had; {known:,} have an open link, as "
        "their payloads say. Nothing was downloaded, no link was tried"
    )


def _tell(one: Found) -> None:
    show(f"{one.record_id}  {one.year or 'n.d.'}  {one.title}")
    for link in one.links[:SHOWN]:
        terms = ", ".join(
            filter(
                None,
                (
                    "open" if link.is_open else "perhaps for subscribers",
                    link.kind,
                    link.version,
                    link.licence or "no licence told",
                    link.host,
                ),
            )
        )
        show(f"    {link.url}  ({terms})")


@click.command("import")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--dry-run", is_flag=True, help="Show what would be recorded; store nothing."
)
@json_option
@pass_app
def import_(app: App, paths: tuple[Path, ...], *, dry_run: bool, as_json: bool) -> None:
    """Record collected full texts as retrieved: folders, files, or a CSV list.

    A file is matched by the DOI in its name (10.1234_abc.pdf) or the record
    (12.pdf, r12.pdf). A CSV list names each by record_id or doi, and says path or
    url. Files stay where they are: their place in the workspace and their SHA-256
    are stored. What matches nothing, or two reports, is listed and left out.

    \b
    Example:
      litreview fulltext import papers --dry-run
      litreview fulltext import papers links.csv
    """
    from dataclasses import asdict

    from litreview import fulltext as service
    from litreview.errors import IncompleteError

    texts, refused = _collected(app.workspace.root, paths)

    def work(session: Session) -> Filed:
        by = service.may_handle(session, app.handle)
        with session.begin_nested() as place:
            done = service.import_texts(session, texts, by=by)
            if dry_run:
                place.rollback()
        return done

    done = app.write(work)
    done.left_out = {**refused, **done.left_out}
    if as_json:
        show_json({**asdict(done), "dry_run": dry_run})
    else:
        _tell_filed(done, dry_run=dry_run)
    if done.left_out:
        raise IncompleteError(
            f"{len(done.left_out):,} files were left out",
            fix="rename them after a DOI or a record id, or name them in a CSV list "
            "with the columns record_id,path",
        )


def _tell_filed(done: Filed, *, dry_run: bool) -> None:
    for shown, record_id in done.stored.items():
        show(f"{record_id}  {shown}")
    for shown, why in done.left_out.items():
        say(f"left out: {shown}: {why}")
    word = "would be recorded" if dry_run else "recorded"
    say(f"{len(done.stored):,} {word}, {len(done.already_there):,} were there already")


def _collected(
    root: Path, paths: tuple[Path, ...]
) -> tuple[list[Text], dict[str, str]]:
    """Return the texts that these paths hold, and shown -> why not of the others."""
    from litreview.errors import InputFileError

    texts: list[Text] = []
    refused: dict[str, str] = {}
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.is_file() and not file.name.startswith("."):
                    _add_file(root, file, texts, refused)
        elif not path.is_file():
            raise InputFileError(path, None, "there is no such file or folder")
        elif path.suffix.lower() == ".csv":
            texts += _listed(root, path)
        else:
            _add_file(root, path, texts, refused)
    # Named twice, as a file and in its folder, it is still one.
    return list(dict.fromkeys(texts)), refused


def _add_file(
    root: Path, file: Path, texts: list[Text], refused: dict[str, str]
) -> None:
    from litreview.filenames import read_name
    from litreview.fulltext import Text

    if file.suffix.lower() not in ENDINGS:
        refused[str(file)] = f"{file.suffix or 'it'} is no kind of full text"
    elif file.suffix.lower() == ".pdf" and not _is_pdf(file):
        refused[str(file)] = "it is called .pdf and is none; a login page, perhaps"
    else:
        texts.append(Text(str(file), located(root, file), read_name(file.stem)))


def _is_pdf(file: Path) -> bool:
    with file.open("rb") as stream:
        return PDF_MARK in stream.read(PDF_WITHIN)


def located(root: Path, file: Path) -> str:
    """Return a file's place in the workspace with its hash, as it is stored."""
    place = Path(os.path.relpath(file.resolve(), root.resolve())).as_posix()
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{place}#sha256={digest}"


def _listed(root: Path, path: Path) -> Iterator[Text]:
    """Yield the texts of a CSV list; refuse the first line that says nothing clear."""
    from litreview.errors import InputFileError
    from litreview.workspace import read_text

    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    unread = set(reader.fieldnames) - set(COLUMNS)
    if unread or not set(reader.fieldnames) & {"record_id", "doi"}:
        raise InputFileError(
            path,
            1,
            "the columns are " + (", ".join(reader.fieldnames) or "missing"),
            fix=f"use record_id or doi, and path or url: {', '.join(COLUMNS)}",
        )
    try:
        for row in reader:
            cell = {name: (row.get(name) or "").strip() for name in COLUMNS}
            yield _line(root, path, reader.line_num, cell)
    except csv.Error as error:
        raise InputFileError(
            path, reader.line_num, f"this is not a CSV file: {error}"
        ) from error


def _line(root: Path, path: Path, line: int, cell: Mapping[str, str]) -> Text:
    from litreview.errors import InputFileError
    from litreview.filenames import Named, doi_key
    from litreview.fulltext import Text
    from litreview.links import address
    from litreview.text import normalise_doi

    number, url = cell["record_id"], cell["url"]
    if bool(number) == bool(cell["doi"]) or bool(cell["path"]) == bool(url):
        raise InputFileError(
            path, line, "a line gives one of record_id and doi, and one of path and url"
        )
    if number and not number.isdecimal():
        raise InputFileError(path, line, f"{number!r} is no record id")
    named = (
        Named(int(number))
        if number
        else Named(doi_key=doi_key(normalise_doi(cell["doi"])))
    )
    if not number and not named.doi_key:
        raise InputFileError(path, line, f"{cell['doi']!r} is no DOI")
    if url:
        if not address(url):
            raise InputFileError(path, line, f"{url!r} is no address of the web")
        return Text(url, url, named)
    file = (path.parent / cell["path"]).resolve()
    if not file.is_file():
        raise InputFileError(path, line, f"there is no file {cell['path']}")
    if file.suffix.lower() == ".pdf" and not _is_pdf(file):
        raise InputFileError(path, line, f"{cell['path']} is called .pdf and is none")
    return Text(cell["path"], located(root, file), named)
