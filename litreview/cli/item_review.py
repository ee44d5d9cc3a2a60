"""item lint: what is unusual about the wording of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import counted, json_option, say, show, show_json

if TYPE_CHECKING:
    from litreview.scrutiny import Scrutinised


@click.command()
@click.argument("item_ids", metavar="[ID]...", nargs=-1, type=ID)
@click.option("--instrument", default="", help="Only the items of this instrument.")
@json_option
@pass_app
def lint(
    app: App, item_ids: tuple[int, ...], instrument: str, *, as_json: bool
) -> None:
    """Review the wording of items; nothing is forbidden.

    Each note says its rule, the words it is about, the reason and where the rule
    comes from: double-barrelled, negated, leading, absolute, vague, without a
    reference period, presupposing, too long, at odds with its answer scale, hard to
    read, of one person where the construct is of many. Acronyms are explained once
    for all items of an instrument. Reading grades of one sentence are rough, so words
    and syllables stand beside them.

    \b
    Example:
      litreview item lint
      litreview item lint 3 7 --json
    """
    from litreview import scrutiny

    found = app.read(
        lambda session: scrutiny.scrutinise(
            session, instrument=instrument, ids=item_ids
        )
    )
    if as_json:
        show_json([_json(one) for one in found])
        return
    for one in found:
        _tell(one)
    noted = sum(bool(one.notes or one.levels) for one in found)
    say(f"{counted(len(found), 'item')} read, {noted:,} with notes")


def _tell(one: Scrutinised) -> None:
    reading = one.reading
    grade = "" if reading.grade is None else f", grade {reading.grade:.1f}"
    per_word = "" if reading.per_word is None else f"{reading.per_word:.1f}"
    show(f"{one.item_id}  {one.text}")
    show(f"    {counted(reading.words, 'word')}, {per_word} syllables each{grade}")
    for line in (*one.levels, *map(str, one.notes)):
        show(f"    - {line}")


def _json(one: Scrutinised) -> dict[str, object]:
    reading = one.reading
    return {
        "item_id": one.item_id,
        "instrument": one.instrument,
        "construct": one.construct,
        "text": one.text,
        "version": one.version,
        "notes": [
            {
                "rule": note.rule,
                "found": note.found,
                "reason": note.reason,
                "source": note.source,
            }
            for note in one.notes
        ],
        "level_notes": list(one.levels),
        "reading": {
            "words": reading.words,
            "syllables": reading.syllables,
            "syllables_per_word": _rounded(reading.per_word),
            "flesch_kincaid_grade": _rounded(reading.grade),
            "flesch_reading_ease": _rounded(reading.ease),
            "ari": _rounded(reading.index),
            "hard_words": list(reading.hard),
            "acronyms": list(reading.acronyms),
            "note": reading.note,
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
