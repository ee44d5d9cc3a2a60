"""`litreview export bundle` and `litreview verify`: a review as one file to check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import everything
from litreview.cli.output import json_option, say, show, show_json
from litreview.errors import InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command()
@click.option(
    "--to",
    required=True,
    metavar="FILE.zip",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it.",
)
@pass_app
def bundle(app: App, to: Path) -> None:
    """Write everything as one ZIP file with the hash of each part.

    PRISMA figure and counts, search report, tables, bibliography, questionnaires. The
    same data give the same bytes; `litreview verify` checks it.

    \b
    Example:
      litreview export bundle --to review.zip
    """
    from litreview import bundle as archive
    from litreview import delivery

    files, schema = everything(app)
    content = archive.pack(files, schema=schema)
    delivery.write_file(to, content)
    say(f"wrote {len(files)} files to {to}")


@click.command()
@click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--live", is_flag=True, help="Also compare it with what this review exports now."
)
@json_option
@pass_app
def verify(app: App, path: Path, *, live: bool, as_json: bool) -> None:
    """Check that a bundle is as it was written.

    Every file's hash is compared with the manifest. With --live each file is compared
    with what the review at hand exports now. Exit status 5 if anything differs.

    \b
    Example:
      litreview verify review.zip
      litreview verify review.zip --live
    """
    from litreview import bundle as archive

    files: Mapping[str, bytes] = archive.unpack(path)
    told = archive.check(path, files)
    if live:
        told += archive.differences(files, everything(app)[0])
    if as_json:
        show_json({"bundle": str(path), "differences": told})
    if told:
        more = f" and {len(told) - 1} more" if len(told) > 1 and not as_json else ""
        for line in told if not as_json else ():
            show(line)
        raise InvariantError(
            f"{path} is not as it was written: {told[0]}{more}",
            fix="ask for it again where it came from"
            if not live
            else "export a new bundle if the review has moved on",
        )
    if not as_json:
        show(f"{len(files) - 1} files, all as they were written")
