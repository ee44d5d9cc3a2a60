"""Full texts as pages of plain text: PDF, plain text, HTML and Markdown.

A PDF has its own pages; in plain text a form feed begins one. HTML and Markdown have
none, so where a quotation stands there is not told by page. A file that is encrypted,
broken or a mere picture of text is refused in words, since a person can do something
about each of these.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from litreview.errors import InputFileError

FORM_FEED = "\f"
# What a page of HTML holds that nobody reads, and what ends a line there.
SILENT = {"script", "style", "title", "template", "noscript"}
BLOCKS = {
    *("p", "div", "br", "li", "tr", "td", "th", "table", "section", "article"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dd", "dt", "pre", "hr"),
}
_MARKUP = re.compile(r"(?m)^\s{0,3}(?:#{1,6}|>|[-*+]|\d+\.)\s+|[*_`]{1,3}")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# Words in PDFium's messages that tell what is wrong.
_LOCKED = ("password", "security")


@dataclass(frozen=True)
class Text:
    """A file's text, page by page, and the hash of the file as it lies there.

    `paged` tells whether its pages are those of the document. `labels` are what the
    document itself calls its pages, where it does ("iv", "412").
    """

    pages: tuple[str, ...] = field(repr=False)
    sha256: str
    paged: bool
    labels: tuple[str, ...] = ()


def read(path: Path, shown: Path | str | None = None) -> Text:
    """Read a file's text.

    `shown` is how a refusal names the file. Raises `InputFileError` for a file that
    is missing, of a kind that is not read here, encrypted, broken or without text.
    """
    name = shown or path
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputFileError(
            name,
            None,
            f"its text cannot be read: {path.suffix or 'no ending'}",
            fix=f"give one of {', '.join(_READERS)}",
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputFileError(
            name,
            None,
            f"cannot be read: {error.strerror or error}",
            fix="check the name; `litreview fulltext set ID retrieved --where PATH` "
            "records another place",
        ) from error
    found = reader(content, name)
    if not any(page.strip() for page in found.pages):
        raise InputFileError(
            name,
            None,
            "it has no text",
            why="its pages are pictures, as a scanner makes them"
            if path.suffix.lower() == ".pdf"
            else "it is empty",
            fix="put it through text recognition (OCR), and record that file",
        )
    return found


def sha256_of(path: Path) -> str:
    """Return the hash of a file as it lies there; "" where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _pdf(content: bytes, name: Path | str) -> Text:
    # Imported here because only few commands read a PDF.
    import pypdfium2  # noqa: PLC0415

    try:
        with pypdfium2.PdfDocument(content) as document:
            pages = tuple(_pdf_pages(document))
            labels = tuple(document.get_page_label(k) for k in range(len(pages)))
    except pypdfium2.PdfiumError as error:
        locked = any(word in str(error).lower() for word in _LOCKED)
        raise InputFileError(
            name,
            None,
            "it is encrypted" if locked else "it is no PDF that can be read",
            why="it opens with a password only"
            if locked
            else "it is broken, cut off, or something else called .pdf",
            fix="save a copy without the password"
            if locked
            else "fetch it again, or print it to a new PDF",
        ) from error
    return Text(pages, _hash(content), paged=True, labels=labels)


def _pdf_pages(document: object) -> Iterator[str]:
    for page in document:  # type: ignore[attr-defined]
        text = page.get_textpage()
        yield text.get_text_bounded()
        text.close()
        page.close()


def _plain(content: bytes, _name: Path | str) -> Text:
    pages = tuple(_decoded(content).split(FORM_FEED))
    if len(pages) > 1 and not pages[-1].strip():
        pages = pages[:-1]  # a form feed may end the last page
    return Text(pages, _hash(content), paged=len(pages) > 1)


def _html(content: bytes, _name: Path | str) -> Text:
    reader = _Reader()
    reader.feed(_decoded(content))
    reader.close()
    return Text(("".join(reader.parts),), _hash(content), paged=False)


def _markdown(content: bytes, _name: Path | str) -> Text:
    plain = _MARKUP.sub("", _LINK.sub(r"\1", _decoded(content)))
    return Text((plain,), _hash(content), paged=False)


class _Reader(HTMLParser):
    """Collects what a reader of a page of HTML sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        """Begin a line with a block; stop listening in what nobody sees."""
        self._silent += tag in SILENT
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line with a block; listen again."""
        self._silent = max(0, self._silent - (tag in SILENT))
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self._silent:
            self.parts.append(data)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_READERS: Mapping[str, Callable[[bytes, Path | str], Text]] = {
    ".pdf": _pdf,
    ".txt": _plain,
    ".html": _html,
    ".htm": _html,
    ".md": _markdown,
}
