"""An instrument of the review as a questionnaire, ready for a survey tool.

`questionnaire` reads the items of one instrument: all but the retired ones, or those
of one status. Blocks are the codebook's groups in its order. Nothing is handed out
with an answer scale that nobody wrote down, or with another's words that nobody may
use: a verbatim item needs a recorded permission. `render` writes the formats.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, materials, permission, variables
from litreview.errors import (
    LitreviewError,
    NotFoundError,
    UsageError,
)
from litreview.limesurvey import to_limesurvey
from litreview.models import CodebookVersion
from litreview.paper import to_paper
from litreview.qualtrics import to_qualtrics
from litreview.redcap import to_redcap
from litreview.rendering import to_csv
from litreview.scales import Scale
from litreview.survey import (
    Block,
    Question,
    Questionnaire,
    slug,
    variable,
)
from litreview.synthesis import (
    Instrument,
    InstrumentVersion,
    ItemVersion,
    MaterialVersion,
    SurveyItem,
)
from litreview.vocabulary import ItemStatus, MaterialKind
from litreview.xlsform import to_xlsform
from litreview.yamlfile import suggestion

WRITERS: Mapping[str, Callable[[Questionnaire], bytes]] = {
    "xlsform": to_xlsform,
    "redcap": to_redcap,
    "qualtrics": to_qualtrics,
    "limesurvey": to_limesurvey,
    "docx": to_paper,
}
CODEBOOK = "codebook"
FORMATS = (*WRITERS, CODEBOOK)
ENDINGS = {
    "xlsform": "xlsx",
    "redcap": "csv",
    "qualtrics": "txt",
    "limesurvey": "txt",
    "docx": "docx",
    CODEBOOK: "csv",
}
LANGUAGE = "en"
OTHER_BLOCK = "other"
OTHER_TITLE = "Other questions"
MOST_NAMED = 5  # items or instruments named in one message


@dataclass(frozen=True)
class Wanted:
    """Which questionnaire: an instrument ("" for the only one), and a status."""

    instrument: str = ""
    status: str = ""


@dataclass(frozen=True)
class _Item:
    """An item with its newest wording."""

    row: SurveyItem
    wording: ItemVersion


def render(
    session: Session, formats: Sequence[str], wanted: Wanted
) -> dict[str, tuple[str, bytes]]:
    """Return format -> the file's name and its content."""
    asked = questionnaire(session, wanted)
    return {kind: _file(session, asked, kind) for kind in formats}


def everything(session: Session) -> tuple[dict[str, bytes], list[str]]:
    """Return file name -> content for our instruments, and what had to be left out.

    A questionnaire that is not ready yet is left out with its reason, since the
    rest of a review can be exported all the same.
    """
    files: dict[str, bytes] = {}
    left_out = []
    for name in _askable(session):
        try:
            files |= dict(render(session, FORMATS, Wanted(name)).values())
        except LitreviewError as error:
            left_out.append(f"the survey {name!r} is left out: {error}")
    return files, left_out


def _file(session: Session, asked: Questionnaire, kind: str) -> tuple[str, bytes]:
    content = (
        WRITERS[kind](asked)
        if kind in WRITERS
        else to_csv(variables.table(session, asked))
    )
    name = asked.id.replace("_", "-")
    end = "" if kind == ENDINGS[kind] else f"-{kind}"
    return f"survey-{name}{end}.{ENDINGS[kind]}", content


def questionnaire(session: Session, wanted: Wanted) -> Questionnaire:
    """Return an instrument's items as a questionnaire.

    Raises `NotFoundError` for an unknown instrument, `UsageError` where there are
    several and none is named, `NotAllowedError` for words that may not be used, and
    `LitreviewError` for an item whose answers nobody knows.
    """
    instrument = _instrument(session, wanted.instrument)
    items = _items(session, instrument, wanted.status)
    permission.require(session, [item.row.id for item in items])
    scales = _scales_of(session, items)
    return Questionnaire(
        id=_id(session, instrument),
        title=instrument.name,
        version=_version(session, instrument)
        + (f"-{wanted.status}" if wanted.status else ""),
        language=LANGUAGE,
        blocks=_blocks(session, items, scales),
    )


def _instrument(session: Session, name: str) -> Instrument:
    known = {row.name: row for row in session.scalars(select(Instrument))}
    if name:
        if name in known:
            return known[name]
        raise NotFoundError(
            f"there is no instrument {name!r}",
            why=suggestion(name, sorted(known)),
            fix="`litreview item list` shows the instruments",
        )
    names = _askable(session)
    if len(names) == 1:
        return known[names[0]]
    if not names:
        raise NotFoundError(
            "there is no item yet, so there is nothing to ask",
            fix="write one with `litreview item add`",
        )
    raise UsageError(
        f"there are {len(names)} instruments with items",
        fix=f"name one: {'; '.join(map(repr, names[:MOST_NAMED]))}",
    )


def _askable(session: Session) -> list[str]:
    """Return the instruments that could be asked, by name: with items, and our own.

    Those found in the literature are meant where there are no others.
    """
    newest = select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)
    query = (
        select(Instrument.id, Instrument.name)
        .join(SurveyItem, SurveyItem.instrument_id == Instrument.id)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .where(ItemVersion.id.in_(newest), ItemVersion.status != ItemStatus.RETIRED)
        .distinct()
    )
    with_items = session.execute(query).all()
    versions = select(InstrumentVersion).order_by(InstrumentVersion.version)
    found = {row.instrument_id: row.found for row in session.scalars(versions)}
    own = [name for key, name in with_items if not found.get(key)]
    return sorted(own or [name for _key, name in with_items])


def _items(session: Session, instrument: Instrument, status: str) -> list[_Item]:
    """Return the items in force by id, or refuse where none is left."""
    newest = select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)
    query = (
        select(SurveyItem, ItemVersion)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .where(
            SurveyItem.instrument_id == instrument.id,
            ItemVersion.id.in_(newest),
            ItemVersion.status != ItemStatus.RETIRED,
        )
        .order_by(SurveyItem.id)
    )
    found = [_Item(row, wording) for row, wording in session.execute(query)]
    if status:
        there = Counter(item.wording.status for item in found)
        found = [item for item in found if item.wording.status == status]
    if not found:
        told = f"of the status {status}" if status else "that is not retired"
        kinds = (
            ", ".join(f"{n} {word}" for word, n in sorted(there.items()))
            if status
            else ""
        )
        raise NotFoundError(
            f"the instrument {instrument.name!r} has no item {told}",
            why=f"its items are: {kinds}" if kinds else "",
            fix="`litreview item list` shows the items; `litreview item revise ID "
            "TEXT --why W --status kept` changes a status",
        )
    return found


# -- whether it may be asked ---------------------------------------------------------


def _scales_of(session: Session, items: Sequence[_Item]) -> dict[str, Scale]:
    """Return the scales that the items name, or refuse an item that names none."""
    known = materials.answer_scales(session)
    bare = [item.row.id for item in items if not item.wording.scale]
    if bare:
        raise LitreviewError(
            f"{_listed(bare)} {'has' if len(bare) == 1 else 'have'} no answer scale",
            why="a survey tool needs the answers to every question",
            fix='set it: `litreview item revise ID "TEXT" --scale agree5 --why W`; '
            f"the scales are: {', '.join(known)}",
        )
    unknown: dict[str, list[int]] = defaultdict(list)
    for item in items:
        if item.wording.scale not in known:
            unknown[item.wording.scale].append(item.row.id)
    for scale, ids in unknown.items():
        raise NotFoundError(
            f"there is no answer scale {scale!r}, which {_listed(ids)} "
            f"{'names' if len(ids) == 1 else 'name'}",
            why=suggestion(scale, list(known)),
            fix="add it to screening/scales.yaml and run `litreview sync`; there are: "
            + ", ".join(known),
        )
    return known


def _listed(ids: Sequence[int]) -> str:
    """Return ``item 3`` or ``items 3, 4 and 2 more``."""
    shown = ", ".join(map(str, ids[:MOST_NAMED]))
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return f"item{'s' if len(ids) > 1 else ''} {shown}{more}"


# -- what is asked -------------------------------------------------------------------


def _blocks(
    session: Session, items: Iterable[_Item], scales: Mapping[str, Scale]
) -> tuple[Block, ...]:
    """Return a block for each group of constructs, both in the codebooks' order."""
    places = _places(session)
    last = len(places)
    sorted_items = sorted(
        items,
        key=lambda item: (places.get(item.row.construct, (last,))[0], item.row.id),
    )
    titles: dict[str, str] = {}
    asked: dict[str, list[Question]] = defaultdict(list)
    for item in sorted_items:
        _number, group, title = places.get(
            item.row.construct, (last, OTHER_BLOCK, OTHER_TITLE)
        )
        titles[group] = title
        asked[group].append(_question(item, scales))
    return tuple(
        Block(group, titles[group], tuple(questions))
        for group, questions in asked.items()
    )


def _places(session: Session) -> dict[str, tuple[int, str, str]]:
    """Return construct -> its place, and the id and label of its group.

    A group whose name stands in two codebooks is one block.
    """
    order = []
    for version in (*lookup.codebooks(session), *_earlier(session)):
        book = lookup.parsed_codebook(version)
        for group in book.groups:
            inside = [entry.id for entry in book.constructs if entry.group == group.id]
            order += [(key, slug(group.id), group.label) for key in inside]
    places: dict[str, tuple[int, str, str]] = {}
    for number, (key, group_id, label) in enumerate(order):
        places.setdefault(key, (number, group_id, label))
    return places


def _earlier(session: Session) -> list[CodebookVersion]:
    """Return the versions under which items were written, the newest first."""
    query = (
        select(CodebookVersion)
        .where(CodebookVersion.id.in_(select(SurveyItem.codebook_id)))
        .order_by(CodebookVersion.id.desc())
    )
    return list(session.scalars(query))


def _question(item: _Item, scales: Mapping[str, Scale]) -> Question:
    wording = item.wording
    return Question(
        name=variable(item.row.construct, item.row.id, reverse=wording.reverse),
        text=wording.text,
        scale=scales[wording.scale],
        item_id=item.row.id,
        construct=item.row.construct,
        reverse=wording.reverse,
    )


def _id(session: Session, instrument: Instrument) -> str:
    """Return the instrument's name as an id, with its number where two are alike."""
    same = [
        name
        for name in session.scalars(select(Instrument.name))
        if slug(name) == slug(instrument.name)
    ]
    own = slug(instrument.name)
    return own if len(same) == 1 else f"{own}_{instrument.id}"


def _version(session: Session, instrument: Instrument) -> str:
    """Return a number that grows with each change of what is asked.

    How many versions of its items there are, a full stop, and how many of the scales
    and codebooks, which give the answers and the headings.
    """
    wordings = (
        select(func.count())
        .select_from(ItemVersion)
        .join(SurveyItem, SurveyItem.id == ItemVersion.item_id)
        .where(SurveyItem.instrument_id == instrument.id)
    )
    scales = (
        select(func.count())
        .select_from(MaterialVersion)
        .where(MaterialVersion.kind == MaterialKind.SCALES)
    )
    books = select(func.count()).select_from(CodebookVersion)
    frames = (session.scalar(scales) or 0) + (session.scalar(books) or 0)
    return f"{session.scalar(wordings)}.{frames}"
