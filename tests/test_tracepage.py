"""The page of a trace: everything that the trace tells, and nothing that could run."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from asked import nasty
from hypothesis import given

from litreview.document import clean_lines
from litreview.tracepage import Tree, to_html

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Checks that tags are closed in their order, and keeps what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the words with the tag they stand in."""
        if data.strip() and self.open[-1] != "style":
            self.words.append((self.open[-1], data))


def read(page: str) -> Reader:
    """Read a page whole."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def tree(words: str = "Words.") -> dict[str, object]:
    """Return a trace with these words in all its free texts."""
    hit = {
        "run_id": 7,
        "kind": "search",
        "source": "openalex",
        "at": datetime(2026, 3, 1, 12, 30, 59, tzinfo=UTC),
        "client": words,
        "rank": 3,
        "request": {"source": "openalex", "params": {"search": words}},
        "strategy": {"name": "trust", "sha256": "ab" * 32, "text": words},
    }
    passage = {
        "code_id": 5,
        "construct": "fit.end",
        "role": "outcome",
        "polarity": "present",
        "evidence_type": "tests",
        "quote": words,
        "locator": "p. 12",
        "speaker": "",
        "coder": "ann",
        "coded_at": datetime(2026, 5, 1, tzinfo=UTC),
        "codebook": {
            "name": "book",
            "sha256": "cd" * 32,
            "label": "End state",
            "definition": words,
        },
        "record": {
            "record_id": 9,
            "source": "openalex",
            "source_id": "W9",
            "title": words,
            "year": 2020,
            "doi": "10.5555/9",
            "cluster_id": 9,
        },
        "payloads": [{"version": 1, "sha256": "ef" * 32, "run_id": 7}],
        "hits": [hit, {**hit, "run_id": 8}],
    }
    return {
        "item_id": 4,
        "instrument": "Staff survey",
        "construct": "fit.end",
        "version": 2,
        "status": "kept",
        "text": words,
        "whole": True,
        "evidence": [passage, passage],
    }


def test_every_link_is_on_the_page() -> None:
    """Item, quote, page, record, payload, run, query and strategy, in their order."""
    words = [text for _tag, text in read(to_html(tree())).words]
    for told in (
        *("Survey item 4", "Staff survey", "Evidence 1 of 2", "Evidence 2 of 2"),
        *("p. 12", "ann", "2026-05-01 00:00 UTC", "End state.", "10.5555/9", "W9"),
        *("ef" * 32, "Found by (1 of 2)", "Found by (2 of 2)", "2026-03-01 12:30 UTC"),
        *("The query as it was sent:", "The strategy trust", "ab" * 32),
        "Whole: every link was checked",
    ):
        assert told in words, told
    assert any('"search": "Words."' in text for text in words)
    assert words.index("p. 12") < words.index("10.5555/9") < words.index("ef" * 32)


def test_what_a_link_does_not_have_is_left_out() -> None:
    """An empty speaker and a missing strategy leave no empty heading."""
    one = tree()
    passage = one["evidence"][0]  # type: ignore[index]
    hit = {**passage["hits"][0], "kind": "file", "strategy": {}}
    del hit["strategy"]
    page = to_html({**one, "whole": False, "evidence": [{**passage, "hits": [hit]}]})
    words = [text for _tag, text in read(page).words]
    assert "speaker" not in words
    assert "The strategy trust" not in words
    assert "The file that it stood in:" in words
    assert "Whole: every link was checked" not in words
    assert "Found by" in words


@given(nasty)
def test_words_stay_words(words: str) -> None:
    """Whatever stands in a title or quotation becomes no tag and no attribute."""
    plain, other = read(to_html(tree())), read(to_html(tree(words)))
    assert other.tags == plain.tags
    quotes = [text for tag, text in other.words if tag == "blockquote"]
    assert quotes == [clean_lines(words)] * 2


def test_the_page_needs_and_runs_nothing() -> None:
    """No script, no picture, no address: it can be kept and sent."""
    reader = read(to_html(tree()))
    assert {tag for tag, _attributes in reader.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "section"),
        *("h1", "h2", "h3", "p", "span", "strong", "blockquote", "pre"),
        *("dl", "dt", "dd", "details", "summary"),
    }
    used = {name for _tag, attributes in reader.tags for name in attributes}
    assert used.isdisjoint({"href", "src", "onclick", "onload", "style"})
    policy = [a["content"] for _t, a in reader.tags if "http-equiv" in a]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("bare", [{}, {"evidence": None}, {"evidence": [{}]}])
def test_a_bare_trace_is_still_a_page(bare: Tree) -> None:
    """A trace that tells little makes a short page, and no failure."""
    assert read(to_html(bare)).tags[0][0] == "html"
