"""When keys count: not before the person can have seen what they would answer.

Ten keys typed ahead would be ten blind decisions, so keys are thrown away until a
new card has been on the screen for a moment. Over a slow line it is there later than
it was sent: after each new card the terminal is asked where its cursor is, and it
answers when it has drawn what came before. One that does not answer is waited for
once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# How long a terminal may take to say that it has drawn a card (seconds).
ANSWER_SECONDS = 2.0


class Attention:
    """Whether keys count now.

    `quiet` is how long a card has to be there (seconds); `ask` asks the terminal to
    answer, and is None where there is nobody to ask.
    """

    def __init__(
        self,
        quiet: float,
        ask: Callable[[], None] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self._ask = ask
        self._clock = clock
        self._fresh = False
        self._asked = False
        self._until = 0.0

    def renew(self) -> None:
        """Something new is to be shown: from now on no key counts."""
        self._fresh = True
        self._asked = False

    def shown(self) -> None:
        """Count from now: what there is was sent to the terminal."""
        if not self._fresh:
            return
        self._fresh = False
        if self._ask is None:
            self.pause(self._quiet)
        else:
            self._asked = True
            self.pause(ANSWER_SECONDS)
            self._ask()

    def answered(self) -> None:
        """Count from now: the terminal has drawn what was sent before it was asked."""
        if self._asked:
            self._asked = False
            self._until = self._clock() + self._quiet

    def pause(self, seconds: float) -> None:
        """Let no key count for so long."""
        self._until = self._clock() + seconds

    def there(self) -> bool:
        """Tell whether a key that comes now counts."""
        if self._fresh or self._clock() < self._until:
            return False
        if self._asked:
            self._asked, self._ask = False, None  # it never answered
        return True
