"""An expression that finds nearly everything is told apart from all others."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from litreview.demo import search
from litreview.misreading import expression_problems
from litreview.strategy import Term
from litreview.yamlfile import Node

NODE = Node(Path("a.yaml"), 3, None)
words = st.sampled_from(["trust", "hope", '"school climate"', '"hope trust"~3'])


def joined(parts: list[str], operator: str) -> str:
    """Join parts by one operator, in parentheses."""
    return "(" + f" {operator} ".join(parts) + ")"


expressions = st.recursive(
    words,
    lambda inner: st.one_of(
        inner.map(lambda part: f"NOT {part}"),
        st.builds(
            joined,
            st.lists(inner, min_size=2, max_size=3),
            st.sampled_from(["AND", "OR"]),
        ),
    ),
    max_leaves=8,
)


@given(expressions)
def test_what_finds_a_text_without_any_of_its_words_is_refused(text: str) -> None:
    """Exactly then is it an error, at the expression's line."""
    index = search.build_index([["something else"]])
    everything = bool(search.find(index, search.parse(text)))
    told = list(expression_problems(Term(text, NODE, "a reason")))
    refused = [problem for problem in told if "nearly everything" in problem.what]
    assert bool(refused) is everything
    assert len(told) == len(refused)
    assert {problem.line for problem in refused} <= {3}
