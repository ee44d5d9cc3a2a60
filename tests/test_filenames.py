"""Names of collected files: DOIs in all their disguises, record ids, and neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.filenames import Named, doi_key, read_name

DOI = "10.1234/abc.def-5(6)"


@pytest.mark.parametrize(
    "stem",
    [
        "10.1234_abc.def-5(6)x",
        "10.1234%2Fabc.def-5%286%29x",
        "10.1234_ABC_DEF_5_6_x",
        "10.1234:abc.def-5(6)x",
        "Smith 2020 10.1234_abc.def-5(6)x",
        "doi_10.1234_abc.def-5(6)x",
        "10.1234_abc.def-5(6)x (1)",
        "10.1234_abc.def-5(6)x - copy",
    ],
)
def test_a_doi_is_found_in_a_name(stem: str) -> None:
    """Whatever stands for the slash, before the DOI or after a second download."""
    assert read_name(stem) == Named(doi_key=doi_key(f"{DOI}x"))


@pytest.mark.parametrize("stem", ["12", "r12", "R12", "record-12", "rec_12", "12 (2)"])
def test_a_record_id_is_found_in_a_name(stem: str) -> None:
    """A number by itself, or after an r."""
    assert read_name(stem) == Named(record_id=12)


@pytest.mark.parametrize(
    "stem",
    [
        "",
        "paper",
        "r",
        "12a",
        "x12",
        "110.1234_abc",
        "10.12_abc",
        "10.1234",
        "1.10.1234/a",
    ],
)
def test_other_names_say_nothing(stem: str) -> None:
    """Neither part of a number nor a registrant alone is a DOI."""
    assert read_name(stem) == Named()


def test_a_longer_doi_is_another_one() -> None:
    """A DOI that goes on is not cut to one that is known."""
    assert read_name("10.1234_abc_1") != read_name("10.1234_abc")
    assert read_name("10.1234_abc_1").doi_key == "10_1234_abc_1"


@given(
    st.from_regex(
        r"10\.[1-9][0-9]{3,6}/[a-z0-9][a-z0-9./_:;-]{0,20}[a-z0-9]", fullmatch=True
    ),
    st.sampled_from("_%-:+ "),
)
def test_every_doi_is_found_again(doi: str, sign: str) -> None:
    """With its slashes replaced, and only then, a name leads back to its DOI."""
    stem = doi.replace("/", "%2F" if sign == "%" else sign)
    if read_name(stem).record_id is None and not stem.endswith("copy"):
        assert read_name(stem).doi_key == doi_key(doi)
