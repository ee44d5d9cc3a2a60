"""What experts and staff say of items and constructs, as it is stored.

A panel rates items (relevant, clear, essential) or ranks constructs. Of a rater's
ratings in a round the newest counts. An item's figures are those of its newest
wording that was rated, in the newest round that rated it; where the item was worded
anew since, that is marked. Both panels stand side by side: staff who answer a survey
see other things than those who write it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import inventory, kinship, lookup, passages, validity
from litreview.codebook import Codebook, Construct
from litreview.errors import LitreviewError, NotFoundError
from litreview.inventory import Banked
from litreview.synthesis import CodeApplication, Rating
from litreview.validity import Content, Ratio, ScaleContent
from litreview.vocabulary import ItemStatus, Panel, RatingMeasure
from litreview.yamlfile import suggestion

# What a rating may be, in the words of the form (relevance: Davis 1992).
ANSWERS: Mapping[RatingMeasure, Mapping[int, str]] = {
    RatingMeasure.RELEVANCE: {
        1: "not relevant",
        2: "somewhat relevant",
        3: "quite relevant",
        4: "highly relevant",
    },
    RatingMeasure.CLARITY: {
        1: "not clear",
        2: "needs much work",
        3: "needs a little work",
        4: "clear",
    },
    RatingMeasure.ESSENTIAL: {0: "not essential", 1: "essential"},
}
AGREES = 3  # of 4: relevant, or clear
FORM_COLUMNS = (
    *("panel", "measure", "item_id", "version", "text", "construct", "definition"),
    *("answers", "rating", "comment"),
)
CARD_COLUMNS = ("card", "construct", "label", "definition", "studies", "row")
# The rows of a diamond nine, from the most important down.
DIAMOND = (1, 2, 3, 2, 1)
NINE = sum(DIAMOND)

Subject: TypeAlias = "tuple[int, str, str]"  # item id, panel, measure


# -- what raters are given -----------------------------------------------------------


def form(
    session: Session, *, instrument: str, panel: Panel, measure: RatingMeasure
) -> list[dict[str, object]]:
    """Return the rows of a rating form (`FORM_COLUMNS`), one for each item by id.

    Retired items are left out. Raises `LitreviewError` where there are none.
    """
    entry = inventory.named(session, instrument)
    live = _live(session, entry.row.id)
    if not live:
        raise LitreviewError(
            f"the instrument {entry.row.name!r} has no items to rate",
            fix="write some with `litreview item add`",
        )
    known = constructs(session)
    answers = "; ".join(f"{value} {said}" for value, said in ANSWERS[measure].items())
    return [
        {
            "panel": panel.value,
            "measure": measure.value,
            "item_id": item.id,
            "version": wording.version,
            "text": wording.text,
            "construct": _label(known, item.construct),
            "definition": known[item.construct][0].definition
            if item.construct in known
            else "",
            "answers": answers,
            "rating": None,
            "comment": "",
        }
        for item, wording, _source in live
    ]


def _live(session: Session, instrument_id: int | None = None) -> list[Banked]:
    rows = inventory.banked(session, instrument_id=instrument_id)
    return [row for row in rows if row.wording.status != ItemStatus.RETIRED]


def constructs(session: Session) -> dict[str, tuple[Construct, Codebook]]:
    """Return id -> construct and its codebook, of all codebooks in force."""
    books = [lookup.parsed_codebook(one) for one in lookup.codebooks(session)]
    return {one.id: (one, book) for book in books for one in book.constructs}


def _label(known: Mapping[str, tuple[Construct, Codebook]], name: str) -> str:
    return known[name][0].label if name in known else name


def cards(session: Session, ids: Sequence[str]) -> list[dict[str, object]]:
    """Return the cards of these constructs (`CARD_COLUMNS`), in the order given.

    `studies` are the distinct included studies with a passage on the construct or on
    one below it. Raises `NotFoundError` for an unknown construct, `LitreviewError`
    for one named twice or a single card.
    """
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice or len(ids) < 2:
        raise LitreviewError(
            f"{', '.join(twice)} is named twice" if twice else "one card has no rank",
            fix="name two constructs or more, each once; nine for a diamond nine",
        )
    known = constructs(session)
    studies = _studies(session)
    rows: list[dict[str, object]] = []
    for number, name in enumerate(ids, start=1):
        entry, book = _construct(known, name)
        seen = {name, *kinship.below(book, name)}
        rows.append(
            {
                "card": number,
                "construct": entry.id,
                "label": entry.label,
                "definition": entry.definition,
                "studies": len(set().union(*(studies.get(one, ()) for one in seen))),
                "row": None,
            }
        )
    return rows


def _construct(
    known: Mapping[str, tuple[Construct, Codebook]], name: str
) -> tuple[Construct, Codebook]:
    if name in known:
        return known[name]
    raise NotFoundError(
        f"no codebook has a construct {name!r}",
        why=suggestion(name, list(known)),
        fix="`litreview export constructs --to -` lists all",
    )


def _studies(session: Session) -> dict[str, set[int]]:
    """Return construct id -> the studies of its passages that count."""
    study_of = passages.counting(session)
    found: dict[str, set[int]] = defaultdict(set)
    query = select(CodeApplication.id, CodeApplication.construct)
    for code_id, name in session.execute(query):
        if code_id in study_of:
            found[name].add(study_of[code_id])
    return found


# -- what they said of items ---------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    """What a panel said of an item on one measure.

    `outdated` says that the item is worded anew since; `left_out` are ratings of the
    same round for another wording.
    """

    round: str
    version: int
    values: Mapping[str, int]
    outdated: bool
    left_out: int = 0

    @property
    def agreeing(self) -> int:
        """Count the raters who call the item relevant, or clear."""
        return sum(value >= AGREES for value in self.values.values())

    @property
    def content(self) -> Content:
        """Return I-CVI and k*; of a measure from 1 to 4."""
        return validity.content(self.agreeing, len(self.values))

    @property
    def ratio(self) -> Ratio:
        """Return the CVR; of the measure `essential`."""
        return validity.ratio(sum(self.values.values()), len(self.values))


@dataclass(frozen=True)
class RatedItem:
    """An item as it is worded now, and what each panel said, by panel and measure."""

    item_id: int
    instrument: str
    construct: str
    text: str
    version: int
    judged: Mapping[tuple[str, str], Judged] = field(default_factory=dict)


def in_force(session: Session, *, round_: str = "") -> dict[Subject, list[Rating]]:
    """Return (item, panel, measure) -> each rater's newest rating of each round."""
    query = select(Rating).where(Rating.item_id.is_not(None)).order_by(Rating.id)
    if round_:
        query = query.where(Rating.round == round_)
    newest: dict[tuple[object, ...], Rating] = {}
    for row in session.scalars(query):
        newest[row.item_id, row.panel, row.measure, row.round, row.rater] = row
    found: dict[Subject, list[Rating]] = defaultdict(list)
    for row in newest.values():
        found[row.item_id or 0, row.panel, row.measure].append(row)
    return found


def items(
    session: Session, *, instrument: str = "", round_: str = ""
) -> list[RatedItem]:
    """Return the items that are not retired, by id, with what was said of them.

    Raises `NotFoundError` for an unknown instrument or round.
    """
    wanted = inventory.named(session, instrument).row.id if instrument else None
    names = {number: one.row.name for number, one in inventory.known(session).items()}
    order = _rounds(session, round_)
    said: dict[int, dict[tuple[str, str], list[Rating]]] = defaultdict(dict)
    for (number, panel, measure), rows in in_force(session, round_=round_).items():
        said[number][panel, measure] = rows
    found = []
    for item, wording, _source in _live(session, wanted):
        judged = {
            key: _judged(rows, order, wording.version)
            for key, rows in sorted(said[item.id].items())
        }
        name = names[item.instrument_id]
        found.append(
            RatedItem(
                item.id, name, item.construct, wording.text, wording.version, judged
            )
        )
    return found


def _rounds(session: Session, wanted: str) -> dict[str, int]:
    """Return the rounds in the order of their first rating."""
    query = select(Rating.round).order_by(Rating.id)
    order = {name: at for at, name in enumerate(dict.fromkeys(session.scalars(query)))}
    if wanted and wanted not in order:
        raise NotFoundError(
            f"there is no round {wanted!r} of ratings",
            why=suggestion(wanted, list(order)),
            fix=f"the rounds are: {', '.join(order) or 'none yet'}",
        )
    return order


def _judged(rows: Collection[Rating], order: Mapping[str, int], newest: int) -> Judged:
    def age(row: Rating) -> tuple[int, int]:
        return row.version or 0, order[row.round]

    best = max(map(age, rows))
    chosen = [row for row in rows if age(row) == best]
    others = [row for row in rows if order[row.round] == best[1]]
    return Judged(
        chosen[0].round,
        best[0],
        {row.rater: row.value for row in sorted(chosen, key=lambda row: row.rater)},
        outdated=best[0] < newest,
        left_out=len(others) - len(chosen),
    )


def below(item: RatedItem) -> list[str]:
    """Say where an item falls short of a rule, and of which."""
    found = []
    for (panel, measure), judged in item.judged.items():
        if measure == RatingMeasure.RELEVANCE:
            told = judged.content
            if told.meets is False and told.share is not None:
                wanted = validity.rule(told.n)
                found.append(f"{panel} I-CVI {told.share:.2f}, wanted {wanted}")
        elif measure == RatingMeasure.ESSENTIAL:
            ratio = judged.ratio
            if ratio.meets is False:
                found.append(
                    f"{panel} CVR {ratio.value:.2f}, wanted at least "
                    f"{ratio.critical:.2f} with {ratio.n} raters"
                )
    return found


def scales(found: Iterable[RatedItem]) -> dict[tuple[str, str], ScaleContent]:
    """Return (instrument, panel) -> S-CVI of its items; unrated ones are counted."""
    every = list(found)
    told = {}
    for name in dict.fromkeys(item.instrument for item in every):
        for panel in Panel:
            key = (panel.value, RatingMeasure.RELEVANCE.value)
            inside = [item.judged.get(key) for item in every if item.instrument == name]
            if any(inside):
                told[name, panel.value] = validity.scale_content(
                    one.content if one else validity.content(0, 0) for one in inside
                )
    return told


# -- how they rank constructs --------------------------------------------------------


@dataclass(frozen=True)
class Rank:
    """A construct's place: mean rank over `n` raters, 1 being the first.

    Constructs that share a row of a diamond, or a place, share the mean of their
    ranks. `spread` is the standard deviation, None for one rater; `cards` are the
    numbers of constructs that were ranked together.
    """

    mean: float
    spread: float | None
    n: int
    cards: tuple[int, ...]


def rankings(
    session: Session, *, panel: str = "", round_: str = ""
) -> dict[tuple[str, str], dict[str, int]]:
    """Return (panel, rater) -> construct -> rank, each rater's newest ranking.

    A ranking is one file: a later one replaces it whole. Ties have their first rank,
    as in 1, 2, 2, 4.
    """
    query = select(Rating).where(Rating.measure == RatingMeasure.RANK)
    if panel:
        query = query.where(Rating.panel == panel)
    if round_:
        query = query.where(Rating.round == round_)
    found: dict[tuple[str, str], dict[str, int]] = {}
    file_of: dict[tuple[str, str], tuple[str, str]] = {}
    for row in session.scalars(query.order_by(Rating.id)):
        key, file = (row.panel, row.rater), (row.round, row.sha256)
        if file_of.get(key) != file:
            found[key], file_of[key] = {}, file
        found[key][row.construct] = row.value
    return found


def ranks(session: Session, *, panel: str = "", round_: str = "") -> dict[str, Rank]:
    """Return construct id -> its rank over all raters, the first one first."""
    places: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, set[int]] = defaultdict(set)
    for ranking in rankings(session, panel=panel, round_=round_).values():
        shared = Counter(ranking.values())
        for name, rank in ranking.items():
            places[name].append(rank + (shared[rank] - 1) / 2)
            sizes[name].add(len(ranking))
    found = {
        name: Rank(
            fmean(some),
            stdev(some) if len(some) > 1 else None,
            len(some),
            tuple(sorted(sizes[name])),
        )
        for name, some in places.items()
    }
    return dict(sorted(found.items(), key=lambda entry: (entry[1].mean, entry[0])))
