"""The invented works that matching and screening must not stumble over.

Each function makes one small family of works from ordinary ones: some are the
same study in several reports, some look alike and are different works. What is
what stands in their keys: works with one key are duplicates, works with one study
belong together without being duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from litreview.demo.people import Person
from litreview.demo.shapes import Paper

Maker = Callable[[str], Paper]


@dataclass(frozen=True, slots=True)
class Seen:
    """A work as each service knows it; OpenAlex may know it twice, or neither.

    `fixed` works keep their DOIs as they are; the others may lose theirs in
    OpenAlex.
    """

    openalex: tuple[Paper, ...]
    crossref: tuple[Paper, ...]
    topic: str = "on"
    fixed: bool = False


def in_both(paper: Paper, *, topic: str = "on", fixed: bool = False) -> Seen:
    """Let both services know a work alike."""
    return Seen((paper,), (paper,), topic, fixed)


def special_works(make: Maker) -> Iterator[Seen]:
    """Make all of them; `make` invents an ordinary article under a given key."""
    yield from _retracted(make)
    yield from _untitled(make)
    yield from _erratum(make)
    yield from _editorials(make)
    yield from _parts(make)
    yield from _preprint(make)
    yield from _report_versions(make)
    yield from _conference(make)
    yield from _comment(make)
    yield from _same_title(make)
    yield from _odd_authors(make)


def _retracted(make: Maker) -> Iterator[Seen]:
    paper = make("retracted")
    notice = f"{paper.doi}.r"
    openalex = replace(paper, title=f"RETRACTED: {paper.title}", retracted=True)
    crossref = replace(
        openalex, title=f"RETRACTED ARTICLE: {paper.title}", notice=notice
    )
    yield Seen((openalex,), (crossref,), "X-RETRACTED", fixed=True)


def _untitled(make: Maker) -> Iterator[Seen]:
    half = make("untitled-in-openalex")
    yield Seen((replace(half, title="", subtitle=""),), (half,), fixed=True)
    yield Seen((), (replace(make("untitled"), title="", subtitle=""),))
    yield Seen((replace(make("untitled-2"), title="", subtitle="", doi=""),), ())


def _erratum(make: Maker) -> Iterator[Seen]:
    article = make("corrected")
    page = article.pages.partition("-")[0]
    erratum = replace(
        article,
        key="erratum",
        kind="erratum",
        title=f"Erratum: {article.title}",
        pages=f"{page}-{page}",
        doi=f"{article.doi}.e",
        abstract="",
        notice=article.doi,
    )
    yield in_both(article)
    yield in_both(erratum, topic="X-TYPE")


def _editorials(make: Maker) -> Iterator[Seen]:
    first = make("editorial-1")
    for year in range(1, 4):
        yield in_both(
            replace(
                first,
                key=f"editorial-{year}",
                study=f"editorial-{year}",
                kind="editorial",
                title="Editorial: a year of teacher learning",
                subtitle="",
                day=(2011 + year,),
                volume=str(7 + year),
                issue="1",
                pages="1-3",
                doi=f"{first.doi}.{year}",
                abstract="",
            ),
            topic="X-TYPE",
        )


def _parts(make: Maker) -> Iterator[Seen]:
    first = make("part-1")
    title = "A questionnaire on coherence in teacher professional development"
    for number, issue, pages in (("I", "1", "11-29"), ("II", "2", "101-123")):
        yield in_both(
            replace(
                first,
                key=f"part-{number}",
                study=f"part-{number}",
                title=f"{title}. Part {number}",
                subtitle="",
                issue=issue,
                pages=pages,
                doi=f"{first.doi}.{issue}",
            )
        )


def _preprint(make: Maker) -> Iterator[Seen]:
    article = replace(make("preprinted"), day=(2022, 5))
    preprint = replace(
        article,
        key="preprint",
        kind="preprint",
        day=(2021, 3, 8),
        container="Demonstration Archive of Education Preprints",
        volume="",
        issue="",
        pages="",
        doi=f"{article.doi}.v1",
    )
    yield in_both(article)
    yield in_both(preprint)


def _report_versions(make: Maker) -> Iterator[Seen]:
    report = make("report")
    group = (Person("Demonstration Trust for School Evidence", group=True),)
    for number, name in enumerate(
        ("interim report", "technical report", "final report")
    ):
        version = replace(
            report,
            key=f"report-{number + 1}",
            kind="report",
            subtitle=name,
            people=group if number == 0 else report.people,
            day=(2017 + number,),
            container="Demonstration Trust Reports",
            volume="",
            issue="",
            pages="",
            doi=f"{report.doi}.{number + 1}",
        )
        yield in_both(version) if number else Seen((replace(version, doi=""),), ())


def _conference(make: Maker) -> Iterator[Seen]:
    article = replace(make("presented"), day=(2015, 9))
    talk = replace(
        article,
        key="conference-abstract",
        kind="conference",
        day=(2014,),
        container="Proceedings of the Demonstration Conference on Schools",
        volume="",
        issue="",
        pages="44-44",
        doi=f"{article.doi}.c",
        abstract=article.abstract.partition(". ")[0] + ".",
    )
    yield in_both(article)
    yield in_both(talk)


def _comment(make: Maker) -> Iterator[Seen]:
    article = make("commented")
    yield in_both(article)
    for key, prefix in (
        ("comment", "Comment on: "),
        ("reply", "Reply to a comment on: "),
    ):
        people = make(key).people if key == "comment" else article.people
        yield in_both(
            replace(
                article,
                key=key,
                study=key,
                kind="editorial",
                title=prefix + article.title,
                people=people,
                pages="",
                doi=f"{article.doi}.{key}",
                abstract="",
            ),
            topic="X-TYPE",
        )


def _same_title(make: Maker) -> Iterator[Seen]:
    for number, year in enumerate((2006, 2019)):
        paper = make(f"same-title-{number + 1}")
        title = "Professional development of teachers and school culture"
        yield in_both(replace(paper, title=title, subtitle="", day=(year,)))


def _odd_authors(make: Maker) -> Iterator[Seen]:
    group = (Person("Demonstration Group on Staff Learning", group=True),)
    yield in_both(replace(make("group-author"), people=group))
    yield in_both(replace(make("anonymous"), people=()))
    paper = make("hostile-doi")
    yield in_both(
        replace(paper, doi="10.5555/(demo)2004:11<286::aid-pd6>3.0.co;2-2"), fixed=True
    )
