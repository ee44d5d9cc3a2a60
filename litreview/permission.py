"""Whether items may be used word for word.

An instrument's items belong to whoever wrote them. Until it is recorded that they
may be used, or that nobody need be asked, an item taken word for word stays in the
bank: it can be looked at and adapted, and no survey goes out with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from litreview.errors import NotAllowedError
from litreview.synthesis import (
    Instrument,
    InstrumentVersion,
    ItemSource,
    ItemVersion,
)
from litreview.vocabulary import ItemOrigin, ItemStatus, Permission

# With one of these, recorded with its evidence, the words may be used.
OPEN = (Permission.GRANTED, Permission.NOT_NEEDED)
MOST_NAMED = 5  # items that one refusal tells of


@dataclass(frozen=True)
class Withheld:
    """An item that may not go out, and the instrument whose words it has."""

    item_id: int
    text: str
    instrument: str
    permission: str


def newest_versions() -> Select[int]:
    """Return the query of the ids of each instrument's newest version."""
    return select(func.max(InstrumentVersion.id)).group_by(
        InstrumentVersion.instrument_id
    )


def unpermitted(
    session: Session, item_ids: Collection[int] | None = None
) -> list[Withheld]:
    """Return the items, by id, whose words may not be used; of all without ids.

    The newest wording counts, retired items do not. An instrument of which nothing
    is recorded has given no permission.
    """
    wordings = select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)
    known = select(InstrumentVersion).where(InstrumentVersion.id.in_(newest_versions()))
    recorded = {row.instrument_id: row.permission for row in session.scalars(known)}
    query = (
        select(ItemVersion.item_id, ItemVersion.text, Instrument)
        .join(ItemSource, ItemSource.version_id == ItemVersion.id)
        .join(Instrument, Instrument.id == ItemSource.instrument_id)
        .where(
            ItemVersion.id.in_(wordings),
            ItemVersion.status != ItemStatus.RETIRED,
            ItemSource.origin == ItemOrigin.VERBATIM,
        )
        .order_by(ItemVersion.item_id)
    )
    wanted = None if item_ids is None else set(item_ids)
    found = []
    for item_id, text, instrument in session.execute(query):
        said = recorded.get(instrument.id, Permission.UNKNOWN)
        if said not in OPEN and (wanted is None or item_id in wanted):
            found.append(Withheld(item_id, text, instrument.name, said))
    return found


def require(session: Session, item_ids: Collection[int]) -> None:
    """Refuse to let items out that are word for word another's without permission.

    Raises `NotAllowedError` naming the items and their instruments.
    """
    found = unpermitted(session, item_ids)
    if not found:
        return
    named = ", ".join(
        f"item {one.item_id} ({one.instrument}: {one.permission})"
        for one in found[:MOST_NAMED]
    )
    more = len(found) - MOST_NAMED
    raise NotAllowedError(
        "these items are word for word another's, and no permission is recorded",
        why=named + (f" and {more} more" if more > 0 else ""),
        fix="record it with `litreview instrument permit NAME granted --evidence "
        "TEXT`, or adapt the items with `litreview item revise`",
    )
