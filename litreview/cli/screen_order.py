"""The order of a sitting, and how it is learnt again while the screener reads.

The words of all records are counted once, before the first card. After each vote a
worker thread trains anew, and the next card after it is done comes from the new
order; nobody waits for it. Training happens outside Python's lock, so that keys are
not held up either.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from litreview.vocabulary import Order

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.models import Person
    from litreview.ordering import Material

order_option = click.option(
    "--order",
    type=click.Choice([str(order) for order in Order]),
    help="The order of records; default: the protocol's first.",
)


def arranged(
    session: Session, person: Person, *, stage: str, order: str | None
) -> tuple[list[int], Material | None]:
    """Return a person's queue in an order, and what relevance learns from, if asked.

    Raises `NotAllowedError` for an order that the protocol does not allow, and
    `LitreviewError` where scikit-learn is missing.
    """
    from litreview import ordering, relevance, rounds

    chosen = ordering.chosen(session, order)
    if chosen == Order.RELEVANCE:
        relevance.refuse_missing()
    queue = rounds.queue(session, person, stage=stage)
    if chosen == Order.RANDOM:
        return queue, None
    moving = ordering.movable(session, person, stage=stage, queue=queue)
    staying = set(queue) - set(moving)
    first = [number for number in queue if number in staying]
    if chosen == Order.NEWEST:
        return first + ordering.newest(session, moving), None
    found = ordering.material(session, person, stage=stage, waiting=moving)
    return first + moving, found


class Learning:
    """The order by relevance during one sitting.

    `ready` tells whether there was enough to learn from: a record of each kind.
    """

    def __init__(self, material: Material) -> None:
        from litreview import relevance

        # In the order by lot, which settles ties; a dictionary for its keys.
        self._moving = dict.fromkeys(material.waiting)
        self._labels = dict(material.labels)
        self._corpus = relevance.corpus(material.texts)
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._coming: Future[list[int]] | None = None
        self._stale = True
        begun = self._begin()
        self.ready = begun is not None
        if begun is not None:
            begun.result()  # the first card is to be of this order already

    def heard(self, record_id: int, *, relevant: bool) -> None:
        """Learn from a vote, in the background."""
        self._moving.pop(record_id, None)
        self._labels[record_id] = relevant
        self._stale = True
        self._begin()

    def taken_back(self, record_id: int) -> None:
        """Forget a vote; its record stays where it is put."""
        self._labels.pop(record_id, None)
        self._stale = True
        self._begin()

    def put_off(self, record_id: int) -> None:
        """Leave this record where it is put."""
        self._moving.pop(record_id, None)

    def order(self, queue: list[int]) -> list[int]:
        """Return the queue in the newest order there is, without waiting for one.

        What may not move keeps its place; the others share the places that they had.
        """
        if self._coming is None or not self._coming.done():
            return queue
        here = set(queue) & self._moving.keys()
        found = iter([number for number in self._coming.result() if number in here])
        self._coming = None
        self._begin()
        return [next(found, number) if number in here else number for number in queue]

    def _begin(self) -> Future[list[int]] | None:
        """Train anew, unless the worker is at it, or there is nothing new or to tell.

        Whoever waits is told of what has begun.
        """
        from litreview import relevance

        if self._corpus is None or self._coming is not None or not self._stale:
            return None
        if not relevance.can_learn(self._labels):
            return None
        self._stale = False
        self._coming = self._worker.submit(
            relevance.ranked, self._corpus, dict(self._labels), tuple(self._moving)
        )
        return self._coming

    def end(self) -> None:
        """Let the worker go."""
        self._worker.shutdown(wait=True, cancel_futures=True)
