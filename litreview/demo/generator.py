"""The works of the demonstration: the real cited ones, and invented ones around.

The cited works come as the founding documents print them, without abstracts. The
invented ones are marked as demonstration data (DOI prefix 10.5555, "demonstration"
in the container) and are about teacher professional development, or nearly so: the
founding strategies find most of them, and a careful screener excludes some. Two
services hold them, overlapping and differing as the real ones do; at least half of
the duplicates across the two share no DOI. `Truth` says what is what, for tests.

The same seed makes the same works, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random

from rapidfuzz import fuzz, process

from litreview.demo.differences import (
    DIFFERENCES,
    doi_agrees,
    doi_capitals,
    doi_missing,
    doi_other,
)
from litreview.demo.people import Person, invent_people
from litreview.demo.phrases import Family, read_grammar, word
from litreview.demo.records import Work, crossref_id, listed, openalex_id, text
from litreview.demo.shapes import Paper, crossref_work, openalex_work
from litreview.demo.specials import Seen, special_works
from litreview.errors import LitreviewError

SourceId = tuple[
    str, str
]  # (source, source_id): ("openalex", "W98..."), ("crossref", DOI)

# Two different invented works do not have titles more alike than this (0 to 100):
# a person could not tell them apart either. The special works are exempt.
MOST_ALIKE = 78
TRIES = 400

IN_BOTH = 0.5  # of the invented works; the rest is known to one service
IN_OPENALEX = 0.78  # known to OpenAlex, whether alone or not
WITHOUT_DOI = 0.62  # of the invented pairs across the services: they share no DOI
SECOND_COPIES = 4  # works that OpenAlex knows twice, as article and repository copy
MOST_REFERENCES = 5  # of an invented work to other invented ones
EARLY = 0.03  # of the invented works are older than the review's first year

KINDS = ("article",) * 14 + (
    "chapter",
    "report",
    "report",
    "dissertation",
    "conference",
    "review",
)
CONTAINERS: Mapping[str, Sequence[str]] = {
    "article": (
        "Demonstration Journal of Teacher Learning",
        "Studies in School Conditions (demonstration)",
        "Demonstration Review of Educational Measurement",
        "Annals of Staffroom Research (demonstration)",
        "Leading Schools: a demonstration journal",
    ),
    "chapter": ("A Demonstration Handbook of School Leadership",),
    "report": ("Demonstration Trust Reports",),
    "dissertation": ("Demonstration University Dissertations",),
    "conference": ("Proceedings of the Demonstration Conference on Schools",),
}
PUBLISHER = "Demonstration Press"

# Types as reference lists name them -> our kinds. CSL's plain `article` is a preprint.
CITED_KINDS: Mapping[str, str] = {
    "article-journal": "article",
    "journal-article": "article",
    "article": "preprint",
    "review": "review",
    "book": "book",
    "chapter": "chapter",
    "report": "report",
    "thesis": "dissertation",
    "paper-conference": "conference",
}


@dataclass(frozen=True)
class Truth:
    """What each record really is.

    `works` and `studies` give the key of the work and of the study behind every
    (source, source_id); `topics` gives, by work, `on`, the exclusion reason of the
    criteria, `off`, or `cited`.
    """

    works: Mapping[SourceId, str]
    studies: Mapping[SourceId, str]
    topics: Mapping[str, str]

    def duplicates(self) -> set[tuple[SourceId, SourceId]]:
        """Return all pairs of records of one work, each pair sorted."""
        members: dict[str, list[SourceId]] = {}
        for record, key in self.works.items():
            members.setdefault(key, []).append(record)
        return {
            pair
            for group in members.values()
            for pair in combinations(sorted(group), 2)
        }


def demo_works(
    cited: Sequence[Mapping[str, object]], *, seed: int
) -> tuple[list[Work], list[Work], Truth]:
    """Make the works of both services: (OpenAlex, Crossref, what they really are).

    `cited` holds plain dictionaries: key, type, title, subtitle, authors (each
    family and given, or literal), year, container_title, volume, issue, pages,
    publisher, doi, url; `supplied` may complete them, `study` may join versions.
    What has no DOI stands in OpenAlex alone.

    Raises LitreviewError where two cited works have one key, or one has no title.
    """
    random = Random(seed)  # noqa: S311 - a rehearsal wants repetition, not secrecy
    real = [_cited_work(item) for item in cited]
    _check_keys(real)
    invented = _spoil_dois(_invent(random), real, random)
    return _shape([*real, *invented], random)


# ---------------------------------------------------------------- the cited works


def _cited_work(item: Mapping[str, object]) -> Seen:
    supplied = item.get("supplied")
    facts = {**item, **supplied} if isinstance(supplied, Mapping) else dict(item)
    year = facts.get("year")
    kind = CITED_KINDS.get(text(facts.get("type")), "other")
    paper = Paper(
        key=text(facts.get("key")),
        study=text(facts.get("study")) or text(facts.get("key")),
        kind="article" if kind == "preprint" and facts.get("volume") else kind,
        title=text(facts.get("title")),
        subtitle=text(facts.get("subtitle")),
        people=_cited_people(facts.get("authors")),
        day=(year,) if isinstance(year, int) else (),
        container=text(facts.get("container_title")),
        volume=str(facts.get("volume") or ""),
        issue=str(facts.get("issue") or ""),
        pages=str(facts.get("pages") or ""),
        publisher=text(facts.get("publisher")),
        doi=text(facts.get("doi")),
        url=text(facts.get("url")),
    )
    return Seen((paper,), (paper,) if paper.doi else (), "cited", fixed=True)


def _cited_people(authors: object) -> tuple[Person, ...]:
    people = []
    for author in authors if isinstance(authors, Sequence) else ():
        group = text(author.get("literal"))
        family, given = text(author.get("family")), text(author.get("given"))
        people.append(Person(group or family, "" if group else given, bool(group)))
    return tuple(people)


def _check_keys(real: Sequence[Seen]) -> None:
    keys: set[str] = set()
    for paper in (seen.openalex[0] for seen in real):
        if not paper.key or not paper.title or paper.key in keys:
            raise LitreviewError(
                f"The cited work {paper.key or '(no key)'} cannot be served.",
                why="Each needs a title and a key of its own.",
                fix="correct it in the list of cited works.",
            )
        keys.add(paper.key)


# ---------------------------------------------------------------- the invented works


def _invent(random: Random) -> list[Seen]:
    families = read_grammar().families
    titles: list[str] = []
    found: list[Seen] = []
    for family in families:
        for number in range(family.count):
            paper = _paper(f"{family.name}-{number + 1}", family, titles, random)
            found.append(_place(paper, family, random))
    wanted = [family for family in families if family.topic == "on"]

    def make(key: str) -> Paper:
        paper = _paper(key, random.choice(wanted), titles, random)
        container = random.choice(CONTAINERS["article"])
        return replace(paper, kind="article", container=container)

    found.extend(special_works(make))
    return found


def _paper(key: str, family: Family, titles: list[str], random: Random) -> Paper:
    """Invent a work whose title is like no other; `titles` grows by it."""
    for _ in range(TRIES):
        wording = word(family, random)
        title = f"{wording.title} {wording.subtitle}"
        if not process.extractOne(
            title, titles, scorer=fuzz.token_sort_ratio, score_cutoff=MOST_ALIKE
        ):
            break
    titles.append(title)
    kind = family.kind or random.choice(KINDS)
    year = random.randint(2003, 2025) if random.random() > EARLY else 1997
    first = random.randint(1, 900)
    serial = f"{len(titles):04d}"
    journal = kind in {"article", "review", "editorial"}
    return Paper(
        key=key,
        study=key,
        kind=kind,
        title=wording.title,
        subtitle=wording.subtitle,
        people=invent_people(random),
        day=_day(year, random),
        container=random.choice(CONTAINERS.get(kind, CONTAINERS["article"])),
        volume=str(year - 1990) if journal else "",
        issue=str(random.randint(1, 6)) if journal else "",
        pages=f"{first}-{first + random.randint(7, 26)}" if journal else "",
        publisher=PUBLISHER,
        doi=f"10.5555/demo.{year}.{serial}",
        abstract=wording.abstract,
        language=family.language,
    )


def _day(year: int, random: Random) -> tuple[int, ...]:
    whole = (year, random.randint(1, 12), random.randint(1, 28))
    return whole[: random.choice((1, 2, 3, 3, 3))]


def _place(paper: Paper, family: Family, random: Random) -> Seen:
    """Decide which services know a work, and how they differ on it."""
    chance = random.random()
    openalex, crossref = random.choice(DIFFERENCES)(paper, random)
    if chance < IN_BOTH:
        return Seen((openalex,), (crossref,), family.topic)
    if chance < IN_OPENALEX and family.topic != "off":
        known = replace(openalex, doi="") if random.random() < 0.3 else openalex
        return Seen((known,), (), family.topic)
    return Seen((), (crossref,), family.topic)


def _spoil_dois(
    invented: Sequence[Seen], real: Sequence[Seen], random: Random
) -> list[Seen]:
    """Part the DOIs of enough pairs, and let OpenAlex know a few works twice."""
    pairs = [n for n, seen in enumerate(invented) if seen.openalex and seen.crossref]
    loose = [number for number in pairs if not invented[number].fixed]
    random.shuffle(loose)
    total = len(pairs) + sum(bool(seen.crossref) for seen in real)
    parted = min(len(loose), max(round(len(pairs) * WITHOUT_DOI), (total + 1) // 2))
    found = list(invented)
    for place, number in enumerate(loose):
        if place < parted:
            spoil = doi_other if place % 4 == 0 else doi_missing
        else:
            spoil = doi_capitals if place % 3 == 0 else doi_agrees
        seen = found[number]
        openalex, crossref = spoil(seen.openalex[0], seen.crossref[0])
        copies: tuple[Paper, ...] = (openalex,)
        if place >= len(loose) - SECOND_COPIES:
            copies += (
                replace(openalex, doi="", abstract="", pages="", volume="", issue=""),
            )
        found[number] = replace(seen, openalex=copies, crossref=(crossref,))
    return found


# ---------------------------------------------------------------- shaping


def _shape(
    works: Sequence[Seen], random: Random
) -> tuple[list[Work], list[Work], Truth]:
    papers = [paper for seen in works for paper in seen.openalex]
    random.shuffle(papers)
    numbers = {paper.key: f"W98{n:08d}" for n, paper in enumerate(papers, start=1)}
    cited = [seen.openalex[0] for seen in works if seen.topic == "cited"]
    links = _references(works, cited, random)
    more = _among_themselves(works, numbers)
    openalex = [
        openalex_work(
            paper,
            n,
            [numbers[to.key] for to in (*links.get(paper.key, ()), *more[paper.key])],
        )
        for n, paper in enumerate(papers, start=1)
    ]
    _count_citations(openalex)
    known = [paper for seen in works for paper in seen.crossref]
    random.shuffle(known)
    crossref = [
        crossref_work(
            paper,
            [_reference(to) for to in (*links.get(paper.key, ()), *more[paper.key])],
        )
        for paper in known
    ]
    records: list[tuple[SourceId, Paper]] = [
        (("openalex", openalex_id(work)), paper)
        for work, paper in zip(openalex, papers, strict=True)
    ]
    records += [
        (("crossref", crossref_id(work)), paper)
        for work, paper in zip(crossref, known, strict=True)
    ]
    truth = Truth(
        {record: paper.key for record, paper in records},
        {record: paper.study for record, paper in records},
        {p.key: seen.topic for seen in works for p in (*seen.openalex, *seen.crossref)},
    )
    return openalex, crossref, truth


def _references(
    works: Sequence[Seen], cited: Sequence[Paper], random: Random
) -> dict[str, list[Paper]]:
    """Let invented works on topic cite up to four of the real ones."""
    keys = sorted(
        {p.key for s in works if s.topic == "on" for p in (*s.openalex, *s.crossref)}
    )
    most = min(4, len(cited))
    return {key: random.sample(list(cited), random.randint(0, most)) for key in keys}


def _among_themselves(
    works: Sequence[Seen], known: Collection[str]
) -> dict[str, list[Paper]]:
    """Let invented works cite a few older ones that OpenAlex knows, of any topic.

    Each draws from its own key: the rest of what is invented stays as it is. The
    real works cite nothing here; what they do cite is not ours to invent.
    """
    invented = [seen for seen in works if seen.topic != "cited"]
    older = sorted(
        (p for seen in invented for p in seen.openalex[:1] if p.day and p.key in known),
        key=lambda paper: (paper.day[0], paper.key),
    )
    years = [paper.day[0] for paper in older]
    found: dict[str, list[Paper]] = defaultdict(list)
    for paper in (p for s in invented for p in (*s.openalex[:1], *s.crossref[:1])):
        if paper.key in found or not paper.day:
            continue
        pool = older[: bisect_left(years, paper.day[0])]
        random = Random(f"references of {paper.key}")  # noqa: S311 - see above
        number = min(random.randint(0, MOST_REFERENCES), len(pool))
        found[paper.key] = random.sample(pool, number)
    return found


def _count_citations(works: Sequence[Work]) -> None:
    """Let each work say how many of these works cite it."""
    cited = Counter(
        key for w in works for key in map(str, listed(w["referenced_works"]))
    )
    for work in works:
        work["cited_by_count"] = cited[str(work["id"])]


def _reference(paper: Paper) -> Work:
    """Shape one entry of Crossref's reference list."""
    names = ", ".join(person.family for person in paper.people)
    year = f" ({paper.day[0]})" if paper.day else ""
    entry: Work = {"key": paper.key, "unstructured": f"{names}{year}. {paper.title}."}
    return entry | ({"DOI": paper.doi} if paper.doi else {})
