"""What the list of saved searches promises."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from harvesting import plan, strategy, workspace

from litreview import searches
from litreview.errors import InputFileError, LitreviewError, NotFoundError, UsageError


def test_each_strategy_is_asked_on_each_of_its_sources(tmp_path: Path) -> None:
    """The plan goes by name, then by source, and carries the file's text."""
    space = workspace(tmp_path, b=strategy(5), a=strategy(9))
    found = searches.plan(space)
    assert [(s.name, s.source) for s in found] == [
        ("a", "openalex"),
        ("a", "crossref"),
        ("b", "openalex"),
        ("b", "crossref"),
    ]
    assert found[0].text == strategy(9)
    named = searches.plan(space, ["b", "b"], sources=["crossref"])
    assert [(s.name, s.request.keep) for s in named] == [("b", 5)]


@pytest.mark.parametrize(
    ("limit", "openalex", "crossref"),
    [(3, (3, 3), (3, 3)), (150, (150, 100), (20, 20))],
)
def test_a_limit_caps_what_is_kept_and_the_page(
    tmp_path: Path, limit: int, openalex: tuple[int, int], crossref: tuple[int, int]
) -> None:
    """The smaller of the limit and the strategy's own number is kept."""
    one, two = plan(tmp_path, keep=20, limit=limit)
    assert (one.request.keep, one.request.page_size) == openalex
    assert (two.request.keep, two.request.page_size) == crossref


def test_a_search_asked_whole_after_a_refusal_is_word_for_word_the_same(
    tmp_path: Path,
) -> None:
    """Its parameters keep their order, so a report prints the question once."""
    for search in plan(tmp_path):
        since = searches.since(search, date(2026, 1, 1))
        again = searches.whole(since)
        assert since.request != search.request
        assert list(again.request.params.items()) == list(search.request.params.items())


def test_a_limit_of_nothing_is_refused(tmp_path: Path) -> None:
    """Zero would harvest nothing and call it complete."""
    with pytest.raises(UsageError, match="leaves nothing"):
        plan(tmp_path, limit=0)


def test_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """The refusal says what may have been meant."""
    with pytest.raises(NotFoundError, match="Did you mean 'trust'"):
        searches.plan(workspace(tmp_path), ["trsut"])


def test_no_strategies_are_told(tmp_path: Path) -> None:
    """An empty folder says how to begin."""
    space = workspace(tmp_path)
    (tmp_path / "queries" / "trust.yaml").unlink()
    with pytest.raises(NotFoundError, match="no saved searches"):
        searches.plan(space)


def test_one_wrong_strategy_stops_the_plan_with_its_line(tmp_path: Path) -> None:
    """Nothing is asked before all are right; the file is named from the workspace."""
    broken = strategy().replace("people: [teacher]", 'people: ["teach*"]')
    space = workspace(tmp_path, good=strategy(), wrong=broken)
    with pytest.raises(InputFileError, match=r"^queries/wrong\.yaml:8: "):
        searches.plan(space)


def test_a_source_that_nobody_asks_is_told(tmp_path: Path) -> None:
    """A plan without a search is no plan."""
    alone = strategy().replace("[openalex, crossref]", "[openalex]")
    alone = alone[: alone.index("crossref:")] + "not_searched: {crossref: no}\n"
    with pytest.raises(LitreviewError, match="asks crossref"):
        searches.plan(workspace(tmp_path, a=alone), sources=["crossref"])
