"""`litreview export survey`: a questionnaire for the tools that ask it."""

from __future__ import annotations

from pathlib import Path

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import STDOUT, options, print_content
from litreview.cli.output import say
from litreview.errors import UsageError

FORMATS = ("xlsform", "redcap", "qualtrics", "limesurvey", "docx", "codebook")


@click.command()
@click.argument("instrument", required=False, default="")
@click.option(
    "--status",
    type=click.Choice(["draft", "reviewed", "kept"]),
    default=None,
    help="Only items of this status; default: all but the retired ones.",
)
@options(*FORMATS)
@pass_app
def survey(
    app: App, instrument: str, status: str | None, kind: str | None, to: str | None
) -> None:
    """Write an instrument as a questionnaire for survey tools.

    XLSForm (ODK, KoboToolbox, SurveyCTO; checked by pyxform), a REDCap data
    dictionary, Qualtrics Advanced TXT, LimeSurvey TSV, a Word file, and a codebook
    that takes each variable back to its construct, passages and studies. INSTRUMENT
    may be left out where only one has items.

    A variable is called after its construct and item, with _r at the end if it is
    scored the other way round; LimeSurvey takes no _, so there it is left out.
    Respondents see no reverse flag: XLSForm has it in a column, REDCap in the Field
    Annotation, the Word file in a key to be taken out, all in the codebook.

    An item taken word for word from an instrument without a recorded permission, or
    one without an answer scale, stops the export.

    \b
    Example:
      litreview export survey
      litreview export survey "staff survey" --format xlsform --to staff.xlsx
      litreview export survey --status kept --format codebook
    """
    from litreview import delivery, exports, fielding

    wanted = fielding.Wanted(instrument, status or "")
    everything = kind is None and to is None
    kinds = FORMATS if everything else (kind or _by_ending(str(to)),)
    made, schema = app.read(
        lambda session: (
            fielding.render(session, kinds, wanted),
            exports.schema(session),
        )
    )
    if everything:
        files = dict(made.values())
        for path in delivery.write_files(app.workspace.exports, files, schema=schema):
            say(f"wrote {path}")
        return
    _name, content = made[kinds[0]]
    if to in (None, STDOUT):
        print_content(content)
    else:
        delivery.write_file(Path(str(to)), content)
        say(f"wrote {to}")


def _by_ending(to: str) -> str:
    """Return the format that a file's ending names; refuse where several have it."""
    from litreview.fielding import ENDINGS

    if to == STDOUT:
        return FORMATS[0]
    ending = Path(to).suffix.removeprefix(".").lower()
    found = [kind for kind, end in ENDINGS.items() if end == ending]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"several formats end in .{ending}: {', '.join(found)}",
            fix=f"say which with --format {found[0]}",
        )
    raise UsageError(
        "it is not said which format the questionnaire should have",
        fix=f"give --format {'|'.join(ENDINGS)}, or a file ending in .xlsx or .docx",
    )
