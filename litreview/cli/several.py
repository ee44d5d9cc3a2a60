"""Options with several values: ``--evidence 1 2`` as ``--evidence 1 --evidence 2``.

Click knows the second form only. The first is what people type, so it is spread
into the second before click sees it. Numbers and words do not mix: an option of
numbers takes the numbers that follow it, an option of words the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click


class Several(click.Command):
    """A command whose repeatable options take several values at once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Spread the values, then parse as click does."""
        options = {
            name: isinstance(option.type, click.types.IntParamType)
            for option in self.params
            if isinstance(option, click.Option) and option.multiple
            for name in option.opts
        }
        return super().parse_args(ctx, list(spread(args, options)))


def spread(args: list[str], options: Mapping[str, bool]) -> Iterator[str]:
    """Yield `args` with each value of an option behind its own name.

    `options` says of each repeatable option whether it takes numbers.
    """
    current = ""
    fed = False  # the option in hand has its first value, whatever that is
    for place, arg in enumerate(args):
        if arg == "--":
            yield from args[place:]
            return
        if arg in options:
            current, fed = arg, False
            yield arg
            continue
        if current and fed:
            if arg.startswith("-") or arg.isdigit() is not options[current]:
                current = ""
            else:
                yield current
        fed = True
        yield arg
