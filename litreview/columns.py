"""Records side by side, each field reduced to what can be compared.

Every field is read once and becomes a number or a plain word; 0 and "" mean not
known. Fields stand in columns: most texts are plain ASCII in a usual form, which
polars reads a million at a time; the others are read one by one by `plain`, and
both ways give the same result. Texts that are only compared for equality become
codes, which are the same in every process, so that they can be stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pandas.util import hash_array

from litreview.plain import (
    ARTICLE,
    CITATION,
    FORMS,
    HUNG_ON,
    LABEL,
    LARGEST_NUMBER,
    NO_TITLE,
    NOBODY,
    NOTICE_WORDS,
    NOTICES,
    PREPRINT,
    PREPRINT_DOI,
    PREPRINT_PLACE,
    container_words,
    family_name,
    leading_number,
    notice_kind,
    page_numbers,
    plain_author,
    plain_doi,
    title_words,
)

Ints = NDArray[np.int64]

LARGEST_CODE = np.int64(2**63 - 1)
# What is read one by one: other letters than ASCII, markup, entities, line ends.
HARD = r"[^\x00-\x7f]|[&<\n]"
DASH = r"[-\u2010-\u2015\u2212]"
SAFE_DIGITS = 12  # of a number; more than an article id has
BLANK = ord(" ")
# Each byte of an ASCII text as a letter in lower case, a digit, a line end, a blank.
_LETTERS = bytes(
    ord(char.lower()) if char.isalnum() or char == "\n" else BLANK
    for char in map(chr, range(128))
) + bytes([BLANK] * 128)
# Bytes on both sides, so that nothing is missed beside other letters than ASCII.
_NOTICE_WORD = rf"(?-u:\b)(?:{'|'.join(sorted(NOTICE_WORDS))})(?-u:\b)"

# What is compared of a record, in the order in which it is read from anywhere.
SCHEMA: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "title": pl.String,
    "authors": pl.String,
    "year": pl.Int64,
    "container_title": pl.String,
    "volume": pl.String,
    "issue": pl.String,
    "pages": pl.String,
    "doi": pl.String,
    "type": pl.String,
    "source": pl.String,
}

# Gives the abstracts of these records by id. Abstracts are long and few of them
# are ever looked at, so they are asked for when two must be compared.
Abstracts: TypeAlias = Callable[[Collection[int]], Mapping[int, str]]

# Hears how much is done, and of how much.
Tell: TypeAlias = Callable[[int, int], None]
READ_BATCH = 100_000  # records read at once; they take about 300 MB


def unheard(done: int, total: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one record; authors are "Family, Given; ..."."""

    id: int
    title: str = ""
    authors: str = ""
    year: int | None = None
    container_title: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    abstract: str = ""
    type: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of many records: texts as columns, numbers and codes as arrays."""

    titles: NDArray[np.object_]  # plain words, as Python's own texts
    authors: pl.Series  # as they came
    families: pl.Series  # family names in order, one blank between
    containers: pl.Series  # plain words
    dois: pl.Series
    abstracts: Abstracts
    ids: Ints
    title: Ints  # code of the title without blanks
    length: Ints  # of the title in plain words, in letters
    doi: Ints  # code
    container: Ints  # code, of this process only
    people: Ints  # code of all family names, in order; of this process only
    count: Ints  # of authors
    lead: Ints  # code of the first author
    year: Ints
    volume: Ints
    issue: Ints
    first: Ints  # first page
    last: Ints  # last page, the first where there is one page
    notice: Ints  # see `notice_kind`
    form: Ints  # the kind of publication
    bracketed: NDArray[np.bool_]  # title given in brackets: a translation


COLUMNS = tuple(field.name for field in fields(Columns) if field.name != "abstracts")


def frame_of(entries: Sequence[Entry]) -> pl.DataFrame:
    """Return the compared fields of the entries as a frame of `SCHEMA`."""
    told = {name: [getattr(entry, name) for entry in entries] for name in SCHEMA}
    return pl.DataFrame(told, schema=SCHEMA)


def columns_of(entries: Sequence[Entry]) -> Columns:
    """Read every field of every entry once; rows keep the order of the entries."""
    texts = {entry.id: entry.abstract for entry in entries}
    return read_columns(
        frame_of(entries), lambda ids: {number: texts[number] for number in ids}
    )


def read_columns(
    told: pl.DataFrame, abstracts: Abstracts, tell: Tell = unheard
) -> Columns:
    """Read every field of a frame of `SCHEMA` once; rows keep their order.

    Some are read at a time, so that what the reading needs stays small; `tell` is
    called with how many are done, and of how many.
    """
    parts = []
    for start in range(0, max(len(told), 1), READ_BATCH):
        parts.append(_read(told[start : start + READ_BATCH], abstracts))
        tell(min(start + READ_BATCH, len(told)), len(told))
    return parts[0] if len(parts) == 1 else _stacked(parts)


def _stacked(parts: Sequence[Columns]) -> Columns:
    """Put columns of some records below those of others."""
    stacked: dict[str, Any] = {"abstracts": parts[0].abstracts}
    for name in COLUMNS:
        columns = [getattr(part, name) for part in parts]
        texts = isinstance(columns[0], pl.Series)
        stacked[name] = pl.concat(columns) if texts else np.concatenate(columns)
    return Columns(**stacked)


def _read(told: pl.DataFrame, abstracts: Abstracts) -> Columns:
    titles = read_titles(told["title"])
    notices = read_notices(titles)
    titles = _patched(
        titles, titles.str.contains(" vol ", literal=True), _without_citation
    )
    families = read_families(told["authors"])
    people = families.list.join(" ")
    containers = _each(told["container_title"], container_words, pl.String)
    dois = read_dois(told["doi"])
    first, last = read_pages(told["pages"])
    return Columns(
        titles=np.array(titles.to_list(), object),
        authors=told["authors"],
        families=people,
        containers=containers,
        dois=dois,
        abstracts=abstracts,
        ids=told["id"].to_numpy(),
        length=titles.str.len_chars().cast(pl.Int64).to_numpy(),
        title=codes(titles.str.replace_all(" ", "", literal=True)),
        doi=codes(dois),
        container=_signs(containers),
        people=_signs(people),
        count=families.list.len().cast(pl.Int64).to_numpy(),
        lead=codes_of_few(families.list.first().fill_null("")),
        year=told["year"].fill_null(0).to_numpy(),
        volume=_each(told["volume"], leading_number, pl.Int64).to_numpy(),
        issue=_each(told["issue"], leading_number, pl.Int64).to_numpy(),
        first=first,
        last=last,
        notice=notices,
        form=read_forms(told, dois, containers),
        bracketed=told["title"].str.starts_with("[").to_numpy(),
    )


def codes(texts: pl.Series) -> Ints:
    """Give each text a number: equal texts the same everywhere and always, '' 0.

    It is a positive hash of 63 bits (SipHash), so that it can be kept; of a million
    texts two share a number in one of ten million reviews.
    """
    hashed = hash_array(np.array(texts.to_list(), object), categorize=False)
    found = np.asarray(hashed.view(np.int64) & LARGEST_CODE)
    found[(texts == "").to_numpy()] = 0
    return found


def codes_of_few(texts: pl.Series) -> Ints:
    """Return what `codes` does, hashing each different text once."""
    told = texts.unique()
    found = texts.replace_strict(told, codes(told), return_dtype=pl.Int64)
    return found.to_numpy(writable=True)


def _signs(texts: pl.Series) -> Ints:
    """Give each text a number for this process alone, '' 0: quicker than `codes`."""
    found = texts.hash().to_numpy(writable=True).view(np.int64)
    found[(texts == "").to_numpy()] = 0
    return found


# --- reading a column ---------------------------------------------------------


def _patched(
    texts: pl.Series,
    hard: pl.Series,
    read: Callable[[str], object],
    easy: pl.Series | None = None,
) -> pl.Series:
    """Return the easy readings, and where `hard` the text as `read` reads it."""
    rows = hard.arg_true()
    found = [read(text) for text in texts.gather(rows).to_list()]
    easy = texts if easy is None else easy
    return easy.scatter(rows, pl.Series(found, dtype=easy.dtype)) if found else easy


def _each(
    texts: pl.Series, read: Callable[[str], object], kind: type[pl.DataType]
) -> pl.Series:
    """Read each different text once: few are different."""
    told = texts.unique()
    found = pl.Series([read(text) for text in told.to_list()], dtype=kind)
    return texts.replace_strict(told, found, return_dtype=kind)


def _words(texts: pl.Series) -> pl.Series:
    """Return the letters and digits of texts in lower case, one blank between.

    The texts are ASCII and each of one line. They are read as one run of bytes, in
    which of several blanks, or of blanks before a line's end, the last stays.
    """
    run = np.frombuffer(
        "\n".join(texts.to_list()).encode().translate(_LETTERS), np.uint8
    )
    keep = np.ones(len(run), np.bool_)
    keep[:-1] = (run[:-1] != BLANK) | (run[1:] > BLANK)
    lines = run[keep].tobytes().decode().split("\n")[: len(texts)]
    return pl.Series(lines, dtype=pl.String).str.strip_chars(" ")


def _is_ascii(texts: pl.Series) -> pl.Series:
    return texts.str.len_bytes() == texts.str.len_chars()


def read_titles(titles: pl.Series) -> pl.Series:
    """Read titles as `title_words` does."""
    hard = titles.str.contains(HARD) | titles.str.contains(HUNG_ON)
    hard |= titles.str.contains(LABEL)
    words = _patched(titles, hard, title_words, _words(titles.set(hard, "")))
    return words.set(words.is_in(sorted(NO_TITLE)), "")


def read_notices(titles: pl.Series) -> Ints:
    """Return the kind of notice that each title, in plain words, announces."""
    rows = titles.str.contains(_NOTICE_WORD).arg_true()
    some = titles.gather(rows)
    told = pl.coalesce(
        pl.when(some.str.contains(notice)).then(kind)
        for kind, notice in enumerate(NOTICES, 1)
    )
    easy = pl.select(told.fill_null(0).cast(pl.Int64)).to_series()
    found = np.zeros(len(titles), np.int64)
    found[rows.to_numpy()] = _patched(some, ~_is_ascii(some), notice_kind, easy)
    return found


def _without_citation(title: str) -> str:
    return CITATION.sub("", title)


def read_families(authors: pl.Series) -> pl.Series:
    """Read "Family, Given; ..." as lists of family names, in order."""
    names = pl.DataFrame({"name": authors.str.split(";")}).with_row_index("row")
    each = names.explode("name")
    told = each["name"]
    # "Smith, Jane": a word before the comma is the name, whatever stands behind.
    family = told.str.extract("^ *([A-Za-z0-9]+) *,", 1).str.to_lowercase()
    rows = family.is_null().arg_true()
    # "O'Neil, Paul" is read by what stands before the comma, unless that is nothing.
    odd = told.gather(rows)
    front = odd.str.extract("^ *([^,&<]*[A-Za-z0-9][^,&<]*,)", 1)
    odd = front.zip_with(front.is_not_null(), odd)
    family = family.fill_null("").scatter(rows, _each(odd, _read_author, pl.String))
    known = (family != "") & ~family.is_in(sorted(NOBODY))
    found = each.select(pl.col("row").set_sorted(), family=family).filter(known)
    lists = found.group_by("row", maintain_order=True).agg("family")
    return names.join(lists, on="row", how="left", maintain_order="left")[
        "family"
    ].fill_null([])


def _read_author(author: str) -> str:
    return family_name(plain_author(author))


def read_dois(dois: pl.Series) -> pl.Series:
    """Read DOIs as `plain_doi` does."""
    lower = dois.str.to_lowercase()
    clean = lower.str.extract(
        r"^(?:https?://(?:dx\.)?doi\.org/)?(10\.[0-9]{4,9}/[a-z0-9._/-]*[a-z0-9])$", 1
    )
    hard = (dois != "") & (clean.is_null() | lower.str.contains("figshare"))
    return _patched(dois, hard, plain_doi, clean.fill_null(""))


def read_pages(pages: pl.Series) -> tuple[Ints, Ints]:
    """Read first and last pages as `page_numbers` does."""
    ends = pages.str.extract_groups(f"^([0-9]{{1,{SAFE_DIGITS}}})(?:{DASH}([0-9]*))?$")
    first, last = ends.struct.unnest().get_columns()
    digits = last.str.len_bytes().fill_null(0).to_numpy()
    hard = (pages != "") & (first.is_null() | pl.Series(digits > SAFE_DIGITS))
    missing = first.str.len_bytes().fill_null(0).to_numpy() - digits
    one, two = (
        end.cast(pl.Int64, strict=False).fill_null(0).to_numpy(writable=True)
        for end in (first, last)
    )
    # "1091-7": the last page has the beginning of the first.
    whole = 10 ** digits.astype(np.int64)
    two = np.where(missing > 0, one - one % whole + two, two)
    one, two = one % LARGEST_NUMBER, two % LARGEST_NUMBER
    rows = hard.arg_true()
    found = [page_numbers(text) for text in pages.gather(rows).to_list()]
    if found:
        one[rows.to_numpy()], two[rows.to_numpy()] = np.array(found, np.int64).T
    return one, np.maximum(one, two)


def read_forms(told: pl.DataFrame, dois: pl.Series, containers: pl.Series) -> Ints:
    """Tell what kind of publication each is; the place decides before the type."""
    kinds = told["type"].replace_strict(FORMS, default=ARTICLE, return_dtype=pl.Int64)
    preprint = (
        dois.str.contains(PREPRINT_DOI)
        | containers.str.contains(PREPRINT_PLACE)
        | told["source"].str.contains("rxiv", literal=True)
    )
    return np.where(preprint.to_numpy(), PREPRINT, kinds.to_numpy())
