"""`screen start` on the whole terminal: a card, a key, a stored verdict, the next card.

Every act runs in one worker thread, so that the screen stays alive while a database is
slow; meanwhile, and until a new card has been seen (`attention`), keys are thrown away.
The next card shows when the vote is stored, never before; what cannot be stored leaves
the card where it is and says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output

from litreview.cli import browse, screen_words
from litreview.cli.attention import Attention
from litreview.cli.keys import QUIET_SECONDS
from litreview.cli.screen_canvas import Canvas
from litreview.cli.screen_line import Typing
from litreview.cli.screen_plain import chosen, numbered, put
from litreview.cli.screen_view import Panel, View, compose
from litreview.cli.screen_words import VERDICT_KEYS
from litreview.cli.sitting import Sight, Sitting
from litreview.errors import LitreviewError
from litreview.text import printable
from litreview.vocabulary import Verdict

T = TypeVar("T")
Work = Coroutine[object, object, None]

# After Escape keys are thrown away for so long: Alt with a letter sends both (seconds).
ESCAPE_SECONDS = 0.15
# What is done sooner is not worth a word on the screen (seconds).
NOTICED_SECONDS = 0.3

INTERRUPTS = (Keys.ControlC, Keys.SIGINT)
LINES_OF: dict[str, int] = {Keys.Up: -1, Keys.Down: 1}
PAGES_OF: dict[str, int] = {Keys.PageUp: -1, Keys.PageDown: 1, " ": 1}


class Full:
    """The sitting on a full screen; `run` is all of it."""

    def __init__(
        self,
        sitting: Sitting,
        *,
        source: Input | None = None,
        target: Output | None = None,
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self.sitting = sitting
        self.sight: Sight | None = None
        self.panel: Panel | None = None
        self.said = ""
        self.scroll = 0
        self.busy = "reading"
        self._then: Callable[[str], None] | None = None
        self._number_of = 0  # choices, where one number is the whole answer
        self._page = 1
        self._stuck = False
        self._leaving: BaseException | None = None
        self._kept_scroll = 0
        self._begun = 0  # works, so that a word on one is not said of the next
        self._worker = ThreadPoolExecutor(max_workers=1)
        self.app = Canvas(
            self._draw,
            press=self._press,
            drawn=self._rendered,
            source=source,
            target=target,
        )
        answers = self.app.output.responds_to_cpr
        self.attention = Attention(quiet, self.app.ask if answers else None)
        self._acts: dict[str, Callable[[Sight], None]] = {
            "r": lambda sight: self._judge(sight, Verdict.EXCLUDE, ask=True),
            "s": lambda sight: self._start("storing", self._skip(sight)),
            "n": self._note,
            "l": lambda sight: self._start("reading", self._labels(sight)),
            "d": lambda sight: self._start("reading", self._likely(sight)),
            "o": lambda sight: self._start("opening", self._open(sight)),
            "t": lambda sight: self._start("looking", self._full_text(sight)),
        }

    def run(self) -> None:
        """Show what waits until the screener leaves."""
        sitting = self.sitting
        if not sitting.queue:
            who = sitting.person.handle
            put(f"nothing waits for {who} at {sitting.stage}", err=True)
            return
        try:
            self.app.sit(self._begin, ended=self._leave)
        except EOFError:
            pass  # the terminal has gone
        finally:
            self._worker.shutdown(wait=True)
            self._last_words()

    def _begin(self) -> None:
        self._start("reading", self._advance())

    def _last_words(self) -> None:
        try:
            if self.sight is not None:
                self.sitting.keep_note(self.sight.card.record_id)
        except LitreviewError as error:
            put(str(error), err=True)
        put(self.sitting.end(), err=True)

    # -- keys --------------------------------------------------------------------------

    def _press(self, event: KeyPressEvent) -> None:
        press = event.key_sequence[0]
        key = press.key
        if key == Keys.CPRResponse:
            self.attention.answered()
        elif key in INTERRUPTS:
            self._leave(KeyboardInterrupt())
        elif key == Keys.ControlZ:
            self.app.suspend_to_background()
        elif key == Keys.ControlL:
            self.app.renderer.clear()
        elif not self.busy and self.attention.there():
            self._heard(key, press.data)

    def _heard(self, key: str, data: str) -> None:
        if key == Keys.Escape:
            self.attention.pause(ESCAPE_SECONDS)
            self._close()
        elif key in LINES_OF:
            self.scroll += LINES_OF[key]
        elif key in PAGES_OF and not (key == " " and self._is_asking()):
            self.scroll += PAGES_OF[key] * max(1, self._page - 1)
        elif self.panel is None:
            self._card_key(key)
        elif self.panel.prompt:
            self._type(self.panel.typing, key, data)
        else:
            self._close()

    def _card_key(self, key: str) -> None:
        self.said = ""
        if key in ("q", Keys.ControlD):
            self._leave(None)
        elif key == "u":
            self._start("storing", self._undo())
        elif key == "c":
            self._show(list(screen_words.criteria(self.sitting)))
        elif key == "?":
            told = screen_words.keys(self.sitting)
            self._show([f"{key}  {what}" for key, _word, what in told])
        elif key == Keys.Home:
            self.scroll = 0
        elif key == Keys.End:
            self.scroll = 1_000_000
        elif self._stuck:
            self._start("reading", self._advance())
        elif self.sight is not None and key in VERDICT_KEYS:
            self._judge(self.sight, VERDICT_KEYS[key])
        elif self.sight is not None and key in self._acts:
            self._acts[key](self.sight)
        else:
            self.said = "that is no key here: ? tells the keys"

    def _type(self, typing: Typing, key: str, data: str) -> None:
        if key != Keys.Enter:
            typing.press(key, data)
            text = typing.text
            # A number that no longer one begins with is the whole answer.
            if not (text.isdecimal() and int(text) * 10 > self._number_of > 0):
                return
        then = self._then
        self._close()
        if then is not None and typing.text.strip():
            self._try(lambda: then(typing.text.strip()))

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except LitreviewError as error:
            self.said = printable(str(error))

    # -- pages and questions -----------------------------------------------------------

    def _is_asking(self) -> bool:
        return self.panel is not None and bool(self.panel.prompt)

    def _show(self, lines: Sequence[str]) -> None:
        self.panel = Panel([printable(line) for line in lines])
        self.said = "arrows and PgDn scroll, any other key goes back"
        self._kept_scroll, self.scroll = self.scroll, 0

    def _ask(
        self,
        prompt: str,
        then: Callable[[str], None],
        *,
        lines: Sequence[str] = (),
        text: str = "",
        number_of: int = 0,
    ) -> None:
        """Open a line to type in; `then` is given what was typed, unless nothing."""
        typing = Typing(text, len(text))
        self.panel = Panel([printable(line) for line in lines], prompt, typing)
        self._then, self._number_of = then, number_of
        self._kept_scroll, self.scroll = self.scroll, 0

    def _close(self) -> None:
        if self.panel is not None:
            self.scroll = self._kept_scroll
        self.panel = self._then = None
        self._number_of = 0
        self.said = ""

    # -- acts on a record --------------------------------------------------------------

    def _judge(self, sight: Sight, verdict: Verdict, *, ask: bool = False) -> None:
        """Vote, after asking for the reason or the streams where they are needed."""
        sitting, rules = self.sitting, self.sitting.rules

        def because(answer: str) -> None:
            [reason] = chosen(answer, sitting.reasons(), most=1)
            self._start("storing", self._vote(sight, verdict, reason=reason))

        def serving(answer: str) -> None:
            streams = chosen(answer, sitting.streams())
            self._start("storing", self._vote(sight, verdict, streams=streams))

        if verdict not in rules.verdicts:
            self.said = f"{verdict} is no verdict at {sitting.stage}"
        elif verdict == Verdict.EXCLUDE and (rules.reason_required or ask):
            lines = numbered(sitting.reasons())
            self._ask("reason, by number:", because, lines=lines, number_of=len(lines))
        elif verdict == Verdict.INCLUDE and rules.stream_required:
            lines = numbered(sitting.streams())
            self._ask("streams, by number (1 3), then Enter:", serving, lines=lines)
        else:
            self._start("storing", self._vote(sight, verdict))

    async def _vote(
        self,
        sight: Sight,
        verdict: Verdict,
        *,
        reason: str = "",
        streams: tuple[str, ...] = (),
    ) -> None:
        number = sight.card.record_id
        await self._do(
            lambda: self.sitting.vote(number, verdict, reason=reason, streams=streams)
        )
        words = " ".join(filter(None, (verdict, reason, *streams)))
        self.said = f"{words}: record {number} (u takes it back)"
        await self._advance()

    async def _skip(self, sight: Sight) -> None:
        await self._do(lambda: self.sitting.skip(sight.card.record_id))
        self.said = f"skipped: record {sight.card.record_id} comes back last"
        await self._advance()

    async def _undo(self) -> None:
        last = await self._do(self.sitting.undo)
        self.said = f"taken back: {last.verdict} on record {last.record_id}"
        await self._advance()

    async def _advance(self) -> None:
        """Put the next record on the screen; a vote before it is stored already."""
        self.sight, self._stuck = None, True
        try:
            self.sight = await self._do(self.sitting.next)
        except LitreviewError as error:
            self.said += (
                f"\nthe next record cannot be read: {error} Any key tries again."
            )
            return
        self._stuck, self.scroll = False, 0
        self.attention.renew()

    def _note(self, sight: Sight) -> None:
        def keep(answer: str) -> None:
            self.sitting.take_note(sight.card.record_id, answer)
            self.sight = replace(sight, note=answer)
            self.said = "noted; it goes with your vote"

        self._ask("note:", keep, text=sight.note)

    async def _labels(self, sight: Sight) -> None:
        known = await self._do(self.sitting.labels)
        number = sight.card.record_id

        async def toggle(answer: str) -> None:
            done = await self._do(
                lambda: self.sitting.toggle_label(number, answer, known)
            )
            self.sight = await self._do(lambda: self.sitting.look(number)) or sight
            self.said = printable(done)

        lines = [
            f"{place:>2} {'x' if text in sight.labels else ' '} {text}"
            for place, text in enumerate(known, start=1)
        ]
        self._ask(
            "label, by number or a new one:",
            lambda answer: self._start("storing", toggle(answer)),
            lines=lines,
        )

    async def _likely(self, sight: Sight) -> None:
        number = sight.card.record_id
        found = await self._do(lambda: self.sitting.likely(number))

        async def join(answer: str) -> None:
            change = await self._do(lambda: self.sitting.duplicate_of(number, answer))
            self.said = "\n".join(screen_words.joined(number, answer, change))
            await self._advance()

        self._ask(
            "duplicate of record (its id):",
            lambda answer: self._start("storing", join(answer)),
            lines=[
                f"{one.record_id}  {one.year or '----'}  {one.title}  ({one.why})"
                for one in found
            ],
        )

    async def _open(self, sight: Sight) -> None:
        url = screen_words.link(sight.card)
        self.said = await self._do(lambda: browse.opened(url))

    async def _full_text(self, sight: Sight) -> None:
        number = sight.card.record_id
        url = await self._do(lambda: self.sitting.full_text(number))
        self.said = (
            await self._do(lambda: browse.opened(url))
            if url
            else "no open-access full text is known"
        )

    # -- work in the background --------------------------------------------------------

    def _start(self, busy: str, work: Work) -> None:
        """Begin some work; until it is done keys are thrown away."""
        self.busy = busy
        self.app.held = True
        self.app.create_background_task(self._watched(work))
        if self.app.loop is not None:
            self._begun += 1
            self.app.loop.call_later(NOTICED_SECONDS, self._tell_busy, self._begun)

    def _tell_busy(self, begun: int) -> None:
        if self.busy and begun == self._begun:
            self.app.held = False
            self.app.invalidate()

    async def _watched(self, work: Work) -> None:
        try:
            await work
        except LitreviewError as error:
            self.said = printable(str(error))
        except Exception as error:  # noqa: BLE001 - a bug of ours is told by `cli.run`
            self.app.leave(error)
        finally:
            self.busy = ""
            self.app.held = False
            if self._leaving is not None:
                self.app.leave(self._leaving)
            self.app.invalidate()

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _leave(self, error: BaseException | None) -> None:
        """Leave now, or when what is being stored is stored; asked twice, now."""
        if self.busy and error is not None and self._leaving is None:
            self._leaving = error
            self.said = "leaving when this is stored"
        else:
            self.app.leave(error)

    # -- the screen --------------------------------------------------------------------

    def _draw(self) -> StyleAndTextTuples:
        self.app.control.show_cursor = self._is_asking()
        size = self.app.output.get_size()
        screenful = compose(self._view(), size.columns, size.rows)
        self.scroll, self._page = screenful.scroll, screenful.page
        found: StyleAndTextTuples = []
        for number, line in enumerate(screenful.lines):
            if number:
                found.append(("", "\n"))
            found += line
        return found

    def _view(self) -> View:
        sitting, sight = self.sitting, self.sight
        top = [sitting.person.handle, sitting.stage.replace("_", " ")]
        if sight is not None:
            top.append(f"record {sight.card.record_id}")
        foot = [screen_words.done(sitting), screen_words.pace(sitting)]
        if self.busy and self.sight is not None:
            foot.append(self.busy)
        empty = "" if self.busy or self._stuck else screen_words.NOTHING_LEFT
        keys = [(key, word) for key, word, _told in screen_words.keys(sitting)]
        if self._is_asking():
            keys = [("Enter", "take it"), ("Esc", "back")]
        return View(
            top=" · ".join(top),
            foot=" · ".join(filter(None, foot)),
            keys=keys,
            sight=sight,
            highlight=sitting.criteria.highlight,
            panel=self.panel,
            said=self.said,
            empty=empty,
            scroll=self.scroll,
        )

    def _rendered(self) -> None:
        if not self.busy:
            self.attention.shown()
