"""Every failure that litreview expects, said in three parts.

An expected failure is a sentence for a person: *what* happened, *why*, and the
*fix*. The command line turns it into one message and an exit status, in one
place. Anything else that escapes is a bug of ours and shows a traceback.

    LitreviewError                     exit 1
    ├── UsageError                     exit 2   the call itself is wrong
    ├── IncompleteError                exit 3   work was kept, more is to do
    ├── NotAllowedError                exit 4   this person may not do this
    ├── InvariantError                 exit 5   stored data contradict themselves
    ├── NotFoundError                  exit 1   no such record, item, person ...
    ├── NotEligibleError               exit 1   the record is not at this stage
    ├── WorkspaceError                 exit 1   no workspace, or an unusable one
    ├── InputFileError                 exit 1   a file of the user's, with its line
    ├── DatabaseError                  exit 1   locked, older, newer, unreachable
    └── ServiceError                   exit 1   OpenAlex or Crossref said no
"""

from __future__ import annotations

from pathlib import Path

STOPS = (".", ":", "?", "!")  # what a sentence may end with already


class LitreviewError(Exception):
    """An expected failure: what happened, why, and how to put it right."""

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """Join the parts into one paragraph."""
        told = self.what
        if self.why:
            told += f"{'' if told.endswith(STOPS) else ':'} {self.why}"
        if self.fix:
            told += f"{'' if told.endswith(STOPS) else '.'} Fix: {self.fix}"
        return told


class UsageError(LitreviewError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


class IncompleteError(LitreviewError):
    """Some of the work is stored and the rest can be resumed."""

    exit_code = 3


class NotAllowedError(LitreviewError):
    """This person may not do this, or not now."""

    exit_code = 4


class InvariantError(LitreviewError):
    """Stored data contradict a promise of the model."""

    exit_code = 5


class NotFoundError(LitreviewError):
    """Nothing has this id, name or handle."""


class NotEligibleError(LitreviewError):
    """The record is not at the stage that this is about."""


class WorkspaceError(LitreviewError):
    """There is no workspace here, or it cannot be used."""


class DatabaseError(LitreviewError):
    """The database is locked, unreachable, or of another version."""


class ServiceError(LitreviewError):
    """A service refused, or answered with something unusable."""


class InputFileError(LitreviewError):
    """A file that a person wrote says something impossible, at this line."""

    def __init__(
        self,
        path: Path | str,
        line: int | None,
        what: str,
        *,
        why: str = "",
        fix: str = "",
    ) -> None:
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {what}", why=why, fix=fix)
        self.path = Path(path)
        self.line = line
