"""The saved searches of a workspace, and what each source is asked for them.

A strategy is a file in ``queries/``; a search is that strategy on one source. The
file's text goes with it, so that what was run can be stored as it stood.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from litreview import yamlfile
from litreview.errors import LitreviewError, NotFoundError, UsageError
from litreview.queries import Request, Strategy, compile_request, parse_strategy
from litreview.vocabulary import RunKind
from litreview.workspace import Workspace, read_text


@dataclass(frozen=True)
class Saved:
    """A strategy with the text of its file."""

    strategy: Strategy
    text: str


@dataclass(frozen=True)
class Search:
    """What is asked of one source, and why: a strategy, or the citations of a record.

    `text` is the strategy's file, empty for a citation search, whose `seed_id` is
    the record that it starts from. `facts` are what else its run remembers.
    """

    name: str
    text: str
    request: Request
    kind: RunKind = RunKind.SEARCH
    seed_id: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Return the source that is asked."""
        return self.request.source


def names(space: Workspace, wanted: Sequence[str] = ()) -> list[str]:
    """Return the names of the strategies wanted, or of all; refuse unknown ones."""
    known = list(space.strategies())
    if not known:
        raise NotFoundError(
            f"there are no saved searches in {space.queries}",
            fix="write one as queries/NAME.yaml; queries/README.md shows how",
        )
    for name in wanted:
        if name not in known:
            raise NotFoundError(
                f"there is no saved search {name!r}",
                why=yamlfile.suggestion(name, known),
                fix=f"use one of: {', '.join(known)}",
            )
    return list(dict.fromkeys(wanted)) or known


def read(space: Workspace, name: str) -> Saved:
    """Read one strategy; its problems name the file as seen from the workspace.

    Raises `InputFileError` for a file that cannot be read as a strategy.
    """
    path = space.strategies()[name]
    text = read_text(path)
    node = yamlfile.parse(text, path.relative_to(space.root))
    return Saved(parse_strategy(node, name=name), text)


def plan(
    space: Workspace,
    wanted: Sequence[str] = (),
    *,
    sources: Collection[str] = (),
    limit: int | None = None,
) -> list[Search]:
    """Return what would be asked, strategy by strategy, each on its sources.

    `sources` (default: all that a strategy searches) and `limit`, the most records
    of each search, narrow it. Raises `InputFileError` for a strategy with an error:
    nothing is asked before all of them are right.
    """
    found = []
    for name in names(space, wanted):
        saved = read(space, name)
        for source in saved.strategy.sources:
            request = compile_request(saved.strategy, source)
            if not sources or source in sources:
                found.append(Search(name, saved.text, _limited(request, limit)))
    if not found:
        raise LitreviewError(
            f"none of these searches asks {' or '.join(sorted(sources))}",
            fix="name other searches, or leave --source out",
        )
    return found


def _limited(request: Request, limit: int | None) -> Request:
    if limit is None:
        return request
    if limit < 1:
        raise UsageError(f"the limit {limit} leaves nothing", fix="give 1 or more")
    keep = min(limit, request.keep or limit)
    return replace(request, keep=keep, page_size=min(keep, request.page_size))
