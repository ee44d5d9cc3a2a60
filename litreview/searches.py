"""The saved searches of a workspace, and what each source is asked for them.

A strategy is a file in ``queries/``; a search is that strategy on one source. The
file's text goes with it, so that what was run can be stored as it stood.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from litreview import yamlfile
from litreview.errors import LitreviewError, NotFoundError, UsageError
from litreview.programmes import Programme, parse_programmes
from litreview.queries import Request, Strategy, compile_request, parse_strategy
from litreview.vocabulary import RunKind
from litreview.workspace import Workspace, read_text

# The filter that asks a service for what it holds new or changed since a day. Both
# days are those of the service's own index, not of the works.
CHANGED_SINCE = {"openalex": "from_updated_date", "crossref": "from-index-date"}
# Facts of a run: the day since which it asked, or would have if the service let it;
# the score down to which it asked; and the most records that --limit leaves it.
SINCE, SINCE_REFUSED, FLOOR, LIMIT = "since", "since_refused", "floor", "limit"

PROGRAMMES = "programmes.yaml"

# What is said of a strategy that is not read because of its name.
ENDING = "A strategy's file must end in .yaml."
RENAME = "rename it to end in .yaml"


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
    odd = {path.stem: path for path in misnamed(space)}
    for name in wanted:
        if name in odd and name not in known:
            raise NotFoundError(f"{odd[name]} is not read", why=ENDING, fix=RENAME)
    if not known:
        write = "write one as queries/NAME.yaml; queries/README.md shows how"
        raise NotFoundError(
            f"there are no saved searches in {space.queries}",
            why=f"{ENDING} Not read: {', '.join(map(str, odd.values()))}."
            if odd
            else "",
            fix=RENAME if odd else write,
        )
    for name in wanted:
        if name not in known:
            raise NotFoundError(
                f"there is no saved search {name!r}",
                why=yamlfile.suggestion(name, known),
                fix=f"use one of: {', '.join(known)}",
            )
    return list(dict.fromkeys(wanted)) or known


def misnamed(space: Workspace) -> list[Path]:
    """Return the files, as seen from the workspace, that only the ending keeps out."""
    read = set(space.strategies().values())
    return [
        path.relative_to(space.root)
        for path in sorted(space.queries.glob("*"))
        if path.suffix.lower() in {".yml", ".yaml"} and path not in read
    ]


def read(space: Workspace, name: str) -> Saved:
    """Read one strategy; its problems name the file as seen from the workspace.

    Raises `InputFileError` for a file that cannot be read as a strategy.
    """
    path = space.strategies()[name]
    shown = path.relative_to(space.root)
    text = read_text(path, shown)
    node = yamlfile.parse(text, shown)
    named = programmes(space)
    return Saved(parse_strategy(node, name=name, programmes=named), text)


def programmes(space: Workspace) -> dict[str, Programme]:
    """Return the programmes that the workspace lists, by id; often none."""
    path = space.materials().get(PROGRAMMES)
    if path is None:
        return {}
    shown = path.relative_to(space.root)
    return parse_programmes(yamlfile.parse(read_text(path, shown), shown))


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
                search = Search(name, saved.text, request)
                found.append(limited(search, limit))
    if not found:
        raise LitreviewError(
            f"none of these searches asks {' or '.join(sorted(sources))}",
            fix="name other searches, or leave --source out",
        )
    return found


def limited(search: Search, limit: int | None) -> Search:
    """Return the search for at most so many records; None leaves it as it is."""
    if limit is None:
        return search
    if limit < 1:
        raise UsageError(f"the limit {limit} leaves nothing", fix="give 1 or more")
    request = search.request
    keep = min(limit, request.keep or limit)
    request = replace(request, keep=keep, page_size=min(keep, request.page_size))
    return replace(search, request=request, facts={**search.facts, LIMIT: limit})


# -- only what is new or changed ---------------------------------------------------


def since(search: Search, day: date, *, floor: float | None = None) -> Search:
    """Return the search for what its service holds new or changed since a day.

    Of a ranking the best N of a few weeks are mostly what the best N of all times
    leave out. So such a search goes down only to `floor`, the score at which the
    ranking was cut the last time.
    """
    key, params = CHANGED_SINCE[search.source], search.request.params
    parts = [params["filter"]] if params.get("filter") else []
    asked = {**params, "filter": ",".join([*parts, f"{key}:{day.isoformat()}"])}
    return replace(
        search,
        request=replace(search.request, params=asked),
        facts={
            **search.facts,
            SINCE: day.isoformat(),
            **({} if floor is None else {FLOOR: floor}),
        },
    )


def whole(search: Search) -> Search:
    """Return the whole search in place of one `since` a day that was refused."""
    day = search.facts.get(SINCE)
    if day is None:
        return search
    params = without_day(search.source, search.request.params, str(day))
    facts = {k: v for k, v in search.facts.items() if k not in {SINCE, FLOOR}}
    return replace(
        search,
        request=replace(search.request, params=params),
        facts={**facts, SINCE_REFUSED: day},
    )


def without_day(source: str, params: Mapping[str, str], day: str) -> dict[str, str]:
    """Return parameters without the filter for what has changed since a day."""
    cut = f"{CHANGED_SINCE[source]}:{day}"
    text = params.get("filter", "").removesuffix(cut).removesuffix(",")
    left = {**params, "filter": text}  # in their order, as a report prints them
    return left if text else {k: v for k, v in left.items() if k != "filter"}
