"""Tests of litreview.sources.texts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import papers
import pytest

from litreview.errors import InputFileError
from litreview.sources import texts


def written(folder: Path, name: str, content: bytes) -> Path:
    """Write a file and return where it is."""
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_pdf_has_its_own_pages(tmp_path: Path) -> None:
    """Each page's text comes by itself, with the hash of the file as it lies there."""
    content = papers.pdf(["One line.", "Another (in brackets)."], ["Page two."])
    found = texts.read(written(tmp_path, "a.pdf", content))
    assert [page.split() for page in found.pages] == [
        ["One", "line.", "Another", "(in", "brackets)."],
        ["Page", "two."],
    ]
    assert found.paged
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert texts.sha256_of(tmp_path / "a.pdf") == found.sha256


def test_a_pdf_tells_what_it_calls_its_pages(tmp_path: Path) -> None:
    """A journal's PDF may begin with page 411."""
    labels = "/PageLabels << /Nums [0 << /S /D /St 411 >>] >>"
    content = papers.pdf(["One."], ["Two."], labels=labels)
    assert texts.read(written(tmp_path, "a.pdf", content)).labels == ("411", "412")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (papers.pdf(["Secret."], encrypted=True), "opens with a password only"),
        (papers.pdf([], []), "its pages are pictures"),
        (b"%PDF-1.4\nhalf of a fi", "broken, cut off"),
        (b"<html>log in</html>", "something else called .pdf"),
        (b"", "broken, cut off"),
    ],
)
def test_a_pdf_without_a_text_is_refused_in_words(
    tmp_path: Path, content: bytes, says: str
) -> None:
    """Encrypted, scanned and broken files are told apart, each with its fix."""
    with pytest.raises(InputFileError, match=says) as caught:
        texts.read(written(tmp_path, "a.pdf", content), "papers/a.pdf")
    assert str(caught.value).startswith("papers/a.pdf: ")
    assert caught.value.fix


def test_form_feeds_are_page_breaks(tmp_path: Path) -> None:
    """Plain text has pages where it has form feeds; one may end the last page."""
    found = texts.read(written(tmp_path, "a.txt", b"one\ftwo\n\f"))
    assert (found.pages, found.paged) == (("one", "two\n"), True)
    whole = texts.read(written(tmp_path, "b.txt", b"all of it"))
    assert (whole.pages, whole.paged) == (("all of it",), False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_plain_text_of_any_program_is_read(tmp_path: Path, encoding: str) -> None:
    """UTF-8, UTF-16 and Windows-1252 give the same words."""
    path = written(tmp_path, "a.txt", "They said “café”.".encode(encoding))
    assert texts.read(path).pages == ("They said “café”.",)


def test_html_is_what_a_reader_sees(tmp_path: Path) -> None:
    """Markup, scripts and styles are gone; blocks are lines, entities are signs."""
    html = (
        "<html><head><title>T</title><style>p {}</style></head><body><p>One &amp; "
        "<b>tw</b>o.</p><script>var x = 1;</script><p>Three.</p></body></html>"
    )
    found = texts.read(written(tmp_path, "a.html", html.encode()))
    assert found.pages[0].split("\n\n") == ["\nOne & two.", "Three.\n"]
    assert not found.paged


def test_markdown_is_read_without_its_marks(tmp_path: Path) -> None:
    """Headings, emphasis and links leave their words."""
    text = "# Head\n\nThey *trust* [each other](http://x.y).\n\n- a point\n"
    found = texts.read(written(tmp_path, "a.md", text.encode()))
    words = " ".join(found.pages[0].split())
    assert words == "Head They trust each other. a point"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.epub", b"x", r"its text cannot be read: \.epub"),
        ("a", b"x", "no ending"),
        ("a.txt", b" \n\f ", "it is empty"),
        ("missing.pdf", None, "No such file"),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    """Another kind of file, an empty one and a missing one."""
    path = tmp_path / name
    if content is not None:
        written(tmp_path, name, content)
    with pytest.raises(InputFileError, match=says):
        texts.read(path)


def test_a_file_that_is_not_there_has_no_hash(tmp_path: Path) -> None:
    """It is no error to ask."""
    assert texts.sha256_of(tmp_path / "none.pdf") == ""
