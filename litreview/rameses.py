"""RAMESES: the 19 items that the report of a realist synthesis should tell.

Wong et al. (2013, doi 10.1186/1741-7015-11-21). The topics are named here in our own
short words. What the database knows fills an item; for the rest the team writes under
`rameses` in ``screening/plan.yaml``; an item of which nothing is known is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One item: its number, the section of the report, and its topic."""

    number: int
    section: str
    topic: str


ITEMS = tuple(
    Item(number, section, topic)
    for number, (section, topic) in enumerate(
        (
            ("Title", "The title says that this is a realist synthesis"),
            ("Abstract", "The abstract tells question, methods, findings and use"),
            ("Introduction", "Why the synthesis is needed"),
            ("Introduction", "The questions and the focus of the synthesis"),
            ("Methods", "What changed in the course of the work, and why"),
            ("Methods", "Why a realist synthesis suits the question"),
            ("Methods", "How the literature was scoped"),
            ("Methods", "How and where was searched"),
            ("Methods", "How documents were selected and appraised"),
            ("Methods", "What was extracted from the documents, and how"),
            ("Methods", "How the findings were analysed and put together"),
            ("Results", "The flow of documents through the synthesis"),
            ("Results", "What the documents are like"),
            ("Results", "The main findings, as theory built and tested"),
            ("Discussion", "A summary of the findings against the questions"),
            ("Discussion", "Strengths, limits and what to look into next"),
            ("Discussion", "How the findings compare with the literature"),
            ("Discussion", "Conclusions and recommendations"),
            ("Discussion", "Who paid, and any interests in the outcome"),
        ),
        start=1,
    )
)
