"""`litreview dedupe import`: another tool's groups of duplicates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show, show_json
from litreview.cli.verdicts import refused

if TYPE_CHECKING:
    from litreview.groups import Conflict, Taken


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@pass_app
def import_(app: App, file: Path, *, as_json: bool) -> None:
    """Take over another tool's groups of duplicates as your verdicts.

    The CSV file has the columns record_id, or source_id (and source where that is
    not clear), and group; records of one group are duplicates. The file's name and
    hash are kept as the reason. A group that would join records which a person holds
    apart is left out and told. Bringing a file in twice adds nothing.

    \b
    Example:
      litreview export groups --to groups.csv
      litreview dedupe import groups.csv
    """
    from litreview import groups
    from litreview.cli.groups_file import read_groups

    read = read_groups(file)
    taken = app.write(lambda session: groups.take(session, read, by=app.handle))
    if as_json:
        show_json(_as_json(taken))
        return
    show(f"{taken.groups} groups of several records")
    show(f"  stored         {taken.stored} duplicates in your name")
    show(f"  said before    {taken.already_there}")
    show(f"  left out       {len(taken.conflicts)} groups")
    for conflict in taken.conflicts:
        say(_words(conflict))
    if taken.change is not None:
        show(f"  moved          {len(taken.change.moved)} records to another report")
        for refusal in taken.change.refused:
            say(refused(refusal))


def _words(conflict: Conflict) -> str:
    records = ", ".join(map(str, conflict.record_ids))
    walls = "; ".join(
        f"{wall.a_id} and {wall.b_id} are {wall.verdict.replace('_', ' ')}"
        for wall in conflict.against
    )
    return (
        f"left out: group {conflict.group} (records {records}), since a person said "
        f"that {walls}"
    )


def _as_json(taken: Taken) -> dict[str, object]:
    return {
        "groups": taken.groups,
        "stored": taken.stored,
        "already_there": taken.already_there,
        "moved": len(taken.change.moved) if taken.change else 0,
        "conflicts": [
            {
                "group": one.group,
                "record_ids": list(one.record_ids),
                "against": [
                    {"a": wall.a_id, "b": wall.b_id, "verdict": wall.verdict}
                    for wall in one.against
                ],
            }
            for one in taken.conflicts
        ],
    }
