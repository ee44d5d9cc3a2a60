"""What the sources call a kind of work, in the words of CSL.

Each table maps a source's word to (CSL type, genre). The genre keeps what the
CSL type loses: a preprint is an "article", an editorial an "article-journal".
`NOT_A_STUDY` are the kinds that no review includes as a report (a journal, a
figure with its own DOI, an erratum); the mapping flags them and drops nothing.
CSL types: https://docs.citationstyles.org/en/stable/specification.html#appendix-iii-types
"""

from __future__ import annotations

import re

NOT_A_STUDY = "not-a-study"

# https://api.crossref.org/types
CROSSREF = {
    "journal-article": ("article-journal", ""),
    "book-chapter": ("chapter", ""),
    "book-section": ("chapter", ""),
    "book-part": ("chapter", ""),
    "book-track": ("chapter", ""),
    "book": ("book", ""),
    "monograph": ("book", "monograph"),
    "edited-book": ("book", "edited book"),
    "reference-book": ("book", "reference book"),
    "book-set": ("book", "book set"),
    "proceedings-article": ("paper-conference", ""),
    "posted-content": ("article", "preprint"),
    "dissertation": ("thesis", ""),
    "report": ("report", ""),
    "report-component": ("report", "report component"),
    "reference-entry": ("entry", ""),
    "dataset": ("dataset", ""),
    "peer-review": ("review", "peer review"),
    "standard": ("standard", ""),
    "proceedings": ("book", NOT_A_STUDY),
    "journal": ("periodical", NOT_A_STUDY),
    "journal-issue": ("periodical", NOT_A_STUDY),
    "journal-volume": ("periodical", NOT_A_STUDY),
    "book-series": ("collection", NOT_A_STUDY),
    "proceedings-series": ("collection", NOT_A_STUDY),
    "report-series": ("collection", NOT_A_STUDY),
    "standard-series": ("collection", NOT_A_STUDY),
    "component": ("document", NOT_A_STUDY),
    "grant": ("document", NOT_A_STUDY),
    "database": ("dataset", NOT_A_STUDY),
}

# https://api.openalex.org/works?group_by=type; dumps made before 2024 use
# Crossref's words in the same place.
OPENALEX = {
    **CROSSREF,
    "article": ("article-journal", ""),
    "review": ("article-journal", "review"),
    "conference-paper": ("paper-conference", ""),
    "conference-abstract": ("paper-conference", "abstract"),
    "preprint": ("article", "preprint"),
    "software": ("software", ""),
    "software-paper": ("article-journal", "software paper"),
    "data-paper": ("article-journal", "data paper"),
    "editorial": ("article-journal", "editorial"),
    "letter": ("article-journal", "letter"),
    "book-review": ("review-book", ""),
    "paratext": ("document", NOT_A_STUDY),
    "libguides": ("document", NOT_A_STUDY),
    "supplementary-materials": ("document", NOT_A_STUDY),
    "erratum": ("document", NOT_A_STUDY),
    "retraction": ("document", NOT_A_STUDY),
    # What OpenAlex cannot place: theses, reports and articles among them.
    "other": ("document", "other"),
}

# The entry types of BibTeX and biblatex, which reference managers export, on
# top of Crossref's words.
BIBTEX = {
    **CROSSREF,
    "article": ("article-journal", ""),
    "inproceedings": ("paper-conference", ""),
    "conference": ("paper-conference", ""),
    "proceedings": ("book", "proceedings"),
    "book": ("book", ""),
    "booklet": ("pamphlet", ""),
    "collection": ("book", "edited book"),
    "inbook": ("chapter", ""),
    "incollection": ("chapter", ""),
    "phdthesis": ("thesis", "doctoral thesis"),
    "mastersthesis": ("thesis", "master's thesis"),
    "thesis": ("thesis", ""),
    "techreport": ("report", ""),
    "report": ("report", ""),
    "manual": ("report", "manual"),
    "unpublished": ("manuscript", ""),
    "online": ("webpage", ""),
    "dataset": ("dataset", ""),
    "software": ("software", ""),
    "misc": ("document", ""),
}

_KNOWN_TO_CSL = frozenset(csl for csl, _ in OPENALEX.values())


def kind(word: str, table: dict[str, tuple[str, str]]) -> tuple[str, str, bool]:
    """Return (CSL type, genre, whether it can be a study) of a source's word.

    A word that the table lacks becomes a "document" whose genre is the word
    itself, unless CSL knows it; no word gives no type.
    """
    word = word.strip().casefold()
    if not word:
        return "", "", True
    default = (word, "") if word in _KNOWN_TO_CSL else ("document", word)
    csl, genre = table.get(word, default)
    return (csl, word, False) if genre == NOT_A_STUDY else (csl, genre, True)


# Publishers put a mark before the title of a work they took back; the notice
# that takes it back is another record.
_RETRACTED = re.compile(
    r"\[?(?:retracted|withdrawn)(?:\s+(?:article|paper|chapter))?\s*[\]:]",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"\[?(?:retraction|withdrawal)(?:\s+(?:notice|note|statement))?"
    r"(?:\s*[\]:]|\s+(?:of|to|for)\b)",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"(?:(?:author|publisher)(?:['\u2019]s)?\s+)?"
    r"(?:correction|corrigend(?:um|a)|errat(?:um|a))\b",
    re.IGNORECASE,
)


def is_retracted(title: str) -> bool:
    """Tell whether the title itself says that the work was retracted."""
    return _RETRACTED.match(title) is not None


def is_retraction_notice(title: str) -> bool:
    """Tell whether the record is the notice that retracts another."""
    return _NOTICE.match(title) is not None


def is_correction_notice(title: str) -> bool:
    """Tell whether the title begins as that of a notice that corrects another."""
    return _CORRECTION.match(title) is not None
