"""`litreview dedupe audit`: how well duplicates were found, judged by a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show, show_json
from litreview.vocabulary import PairVerdict

if TYPE_CHECKING:
    from litreview.audits import Answer, Contradiction, Drawn, Result
    from litreview.pairs import Pair
    from litreview.statistic import Statistic

KEYS = "y the same record  n not the same  ? cannot tell  u again  a abstracts  q quit"
USED = 4  # lines beside the card: an empty one, the one above it, the keys, the cursor
LEAST = 12  # pairs; two of each stratum
WHY = "judged so in an audit"  # of a verdict that an answer became


@click.command()
@click.option(
    "--sample",
    type=click.IntRange(min=LEAST),
    default=200,
    show_default=True,
    help="How many pairs to judge.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Draws other pairs."
)
@click.option(
    "--apply",
    is_flag=True,
    help="Make your answers that contradict what holds now your verdicts.",
)
@json_option
@pass_app
def audit(app: App, sample: int, seed: int, *, apply: bool, as_json: bool) -> None:
    """Judge a sample of pairs; print precision and recall with intervals.

    Pairs that were merged, asked about and kept apart come mixed, without what the
    machine said. Keys: y the same record, n not the same, ? cannot tell, u ask the
    last one again, a the whole abstracts, q quit; the same command goes on later.
    Without a terminal, one line is one answer. Answers change nothing; those that
    contradict what holds now are listed, and --apply makes them your verdicts. --json
    asks nothing and prints what the answers come to so far.

    \b
    Example:
      litreview dedupe audit --sample 200
      litreview dedupe audit --sample 200 --json
    """
    from litreview import audits

    drawn = _drawn(app, sample, seed)
    if not as_json:
        Sitting(app, drawn).run()
    found = app.read(lambda session: audits.result(session, drawn, by=app.handle))
    if apply:
        _apply(app, found.contradictions)
    if as_json:
        show_json(_as_json(found))
    else:
        _show(found, applied=apply)


def _drawn(app: App, sample: int, seed: int) -> Drawn:
    """Return the sample drawn before, or draw it now."""
    from litreview import audits

    before = app.read(
        lambda session: audits.drawn_before(
            session, sample=sample, seed=seed, by=app.handle
        )
    )
    if before is not None:
        return before
    drawn = app.read(lambda session: audits.draw(session, sample=sample, seed=seed))
    app.write(lambda session: audits.keep(session, drawn, by=app.handle))
    return drawn


class Sitting:
    """One person's walk through a sample; every answer is stored at once."""

    def __init__(self, app: App, drawn: Drawn) -> None:
        from litreview import audits

        self.app = app
        said = app.read(lambda session: audits.answers(session, by=app.handle))
        self.total = len(drawn.order())
        self.left = [pair for pair in drawn.order() if pair not in said]
        self.done: list[Pair] = []

    def run(self) -> None:
        """Ask until every pair has an answer, the input ends or the person quits."""
        while self.left and self._ask(self.left[0]):
            pass
        say(f"{self.total - len(self.left)} of {self.total} pairs judged")

    def _ask(self, pair: Pair) -> bool:
        """Show a pair and take keys until it has an answer; False to stop."""
        from litreview.audits import Answer
        from litreview.cli import keys

        words = {"y": Answer.SAME, "n": Answer.DIFFERENT, "?": Answer.UNCLEAR}
        self._card(pair)
        while True:
            key = keys.ask_key()
            if key in {"q", keys.END}:
                return False
            if key in words:
                self._store(pair, words[key])
                self.left.pop(0)
                self.done.append(pair)
                return True
            if key == "u" and self.done:
                self.left.insert(0, self.done.pop())
                return True  # asked again; the newer answer counts
            if key == "a":
                self._card(pair, whole=True)
            else:
                say(KEYS)

    def _store(self, pair: Pair, word: Answer) -> None:
        from litreview import audits

        self.app.write(
            lambda session: audits.answer(session, pair, word, by=self.app.handle)
        )

    def _card(self, pair: Pair, *, whole: bool = False) -> None:
        from litreview import lookup
        from litreview.cli import pair_card

        a, b = self.app.read(
            lambda session: (
                lookup.record(session, pair[0]),
                lookup.record(session, pair[1]),
            )
        )
        show("")
        show(f"records {a.id} and {b.id}   {len(self.left)} left")
        pair_card.put(a, b, used=USED, whole=whole)
        show(KEYS)


def _apply(app: App, found: tuple[Contradiction, ...]) -> None:
    """Store answers as this person's verdicts, one transaction each."""
    for pair, word in _verdicts(found):
        _decide(app, pair, word)


def _decide(app: App, pair: Pair, word: PairVerdict) -> None:
    from litreview import dedupe, lookup
    from litreview.cli.verdicts import tell

    change = app.write(
        lambda session: dedupe.decide(
            session, *pair, word, by=lookup.person(session, app.handle), why=WHY
        )
    )
    say(f"{pair[0]} and {pair[1]}: {word}")
    tell(change)


def _show(found: Result, *, applied: bool) -> None:
    from litreview import estimate

    show(_line("precision", found.precision, "of the pairs merged at once, the same"))
    show(_line("recall", found.recall, "of the same pairs, merged at once"))
    show(_line("", found.recall_asked, "of the same pairs, merged or asked about"))
    for one in found.strata:
        told = f"{one.same} of {one.judged} judged are the same"
        show(f"  {one.name:<32} {one.size:>7} pairs, {told}")
    if found.unclear:
        show(f"  could not be told: {found.unclear}")
    show(f"method: {estimate.METHOD}; seed {found.drawn.seed}")
    show(f"assumed: {estimate.ASSUMPTION}")
    if found.left:
        say(f"{found.left} pairs are still to be judged; the same command goes on")
    if found.contradictions and not applied:
        say("your answers contradict what holds now; `--apply` makes them verdicts:")
    for pair, word in () if applied else _verdicts(found.contradictions):
        say(f"  litreview dedupe decide {pair[0]} {pair[1]} {word}")


def _verdicts(found: tuple[Contradiction, ...]) -> list[tuple[Pair, PairVerdict]]:
    words = {"same": PairVerdict.DUPLICATE, "different": PairVerdict.DIFFERENT}
    return [(one.pair, words[one.answer]) for one in found]


def _line(name: str, figure: Statistic, what: str) -> str:
    if figure.value is None:
        return f"{name:<10} not known: {figure.note}"
    limits = "" if figure.low is None else f" ({figure.low:.3f} to {figure.high:.3f})"
    return f"{name:<10} {figure.value:.3f}{limits}  {what}"


def _as_json(found: Result) -> dict[str, object]:
    from litreview import estimate

    return {
        "sample": found.drawn.sample,
        "seed": found.drawn.seed,
        "run_id": found.drawn.run_id,
        "left": found.left,
        "unclear": found.unclear,
        "precision": asdict(found.precision),
        "recall": asdict(found.recall),
        "recall_asked": asdict(found.recall_asked),
        "strata": [asdict(one) for one in found.strata],
        "method": estimate.METHOD,
        "assumption": estimate.ASSUMPTION,
        "contradictions": [
            {"a": pair[0], "b": pair[1], "verdict": str(word)}
            for pair, word in _verdicts(found.contradictions)
        ],
    }
