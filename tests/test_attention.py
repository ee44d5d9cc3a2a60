"""When keys count."""

from __future__ import annotations

from litreview.cli.attention import ANSWER_SECONDS, Attention


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_keys_wait_until_a_card_has_been_there() -> None:
    """Not before it is drawn, nor within the quiet time after."""
    clock = Clock()
    attention = Attention(0.3, clock=clock)
    assert attention.there()
    attention.renew()
    clock.now += 1000
    assert not attention.there()
    attention.shown()
    clock.now += 0.29
    assert not attention.there()
    clock.now += 0.02
    assert attention.there()
    attention.shown()  # drawn again, nothing new
    assert attention.there()


def test_a_terminal_says_when_it_has_drawn() -> None:
    """The quiet time begins with its answer; answers to nothing mean nothing."""
    clock = Clock()
    asked: list[float] = []
    attention = Attention(0.3, lambda: asked.append(clock.now), clock=clock)
    attention.answered()
    attention.renew()
    attention.shown()
    assert asked == [100.0]
    clock.now += 1.5  # a slow line
    assert not attention.there()
    attention.answered()
    assert not attention.there()
    clock.now += 0.31
    assert attention.there()
    attention.answered()
    assert attention.there()


def test_one_that_never_answers_is_asked_once() -> None:
    """After its time keys count, and the next card waits for the quiet time alone."""
    clock = Clock()
    asked: list[float] = []
    attention = Attention(0.3, lambda: asked.append(clock.now), clock=clock)
    attention.renew()
    attention.shown()
    clock.now += ANSWER_SECONDS + 0.01
    assert attention.there()
    attention.renew()
    attention.shown()
    clock.now += 0.31
    assert attention.there()
    assert len(asked) == 1


def test_an_answer_that_is_late_belongs_to_the_card_before() -> None:
    """It does not let keys count on a card that is not drawn yet."""
    clock = Clock()
    attention = Attention(0.3, lambda: None, clock=clock)
    attention.renew()
    attention.shown()
    attention.renew()
    attention.answered()
    clock.now += 10
    assert not attention.there()
