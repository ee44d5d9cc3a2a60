"""The terminal as one sheet: what draws it, what hears its keys, and who ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.output import ColorDepth, Output

from litreview.cli import TERMINATED
from litreview.cli.screen_view import STYLE

# The bytes of one key follow each other within this time, also over SSH (seconds).
SEQUENCE_SECONDS = 0.1


class Canvas(Application[None]):
    """The whole terminal, drawn by one function; every key goes to another.

    While it is `held` it is not drawn: drawing takes as long as reading a record does,
    and when a key has begun some work, there is nothing new to draw until that is done
    or takes long enough to be noticed.
    """

    held = False

    def __init__(
        self,
        draw: Callable[[], StyleAndTextTuples],
        *,
        press: Callable[[KeyPressEvent], None],
        drawn: Callable[[], None],
        source: Input | None = None,
        target: Output | None = None,
    ) -> None:
        bindings = KeyBindings()
        bindings.add(Keys.Any)(press)
        bindings.add(Keys.CPRResponse)(press)  # or its usual reader takes it
        self.control = FormattedTextControl(draw, focusable=True)
        super().__init__(
            Layout(Window(self.control)),
            style=STYLE,
            include_default_pygments_style=False,
            key_bindings=bindings,
            full_screen=True,
            color_depth=ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None,
            after_render=lambda _app: drawn(),
            input=source,
            output=target,
        )
        self.ttimeoutlen = SEQUENCE_SECONDS

    def invalidate(self) -> None:
        """Have the screen drawn again soon."""
        if not self.held:
            super().invalidate()

    def ask(self) -> None:
        """Ask the terminal where its cursor is."""
        self.output.ask_for_cpr()
        self.output.flush()

    def sit(
        self, begin: Callable[[], None], *, ended: Callable[[BaseException], None]
    ) -> None:
        """Run until somebody leaves; `ended` is called when the program is ended."""
        before = signal.getsignal(signal.SIGTERM)

        def begun() -> None:
            # Windows has no such handlers, nor has any thread but the first.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(
                    signal.SIGTERM, ended, SystemExit(TERMINATED)
                )
            begin()

        try:
            self.run(pre_run=begun)
        finally:
            signal.signal(signal.SIGTERM, before)

    def leave(self, error: BaseException | None) -> None:
        """End, as an error where there is one; the second time nothing happens."""
        if self.future is None or self.future.done():
            return
        if error is None:
            self.exit()
        else:
            self.exit(exception=error)
