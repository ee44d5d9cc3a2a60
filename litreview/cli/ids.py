"""What a person types as an id: of a record, a code, an item, a configuration.

Any whole number is an id that may or may not exist, and the use case says which
do. A number that no database column holds can only be a slip; it is refused here,
before a driver stumbles over it.
"""

from __future__ import annotations

from typing import SupportsIndex, SupportsInt

import click

# The largest whole number of an SQLite or PostgreSQL column: 8 bytes, signed.
LARGEST = 2**63 - 1


class IdType(click.types.IntParamType):
    """A whole number that a database column can hold."""

    def convert(
        self,
        value: SupportsInt | SupportsIndex,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number, or fail as click's own whole numbers do."""
        number = int(super().convert(value, param, ctx))
        if not -LARGEST <= number <= LARGEST:
            self.fail(f"{number} is larger than any id", param, ctx)
        return number


ID = IdType()
