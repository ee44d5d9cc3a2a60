"""A document as a Word file.

The same document gives the same bytes: the properties and the times inside the file
are fixed, and nothing is compressed, since compressors differ from one machine to
the next. Word shows no SVG, so a picture is named and what it shows told in words.
"""

from __future__ import annotations

import io

import docx
from docx.document import Document as Word
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.shared import Length, Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as Line

from litreview.document import (
    Block,
    Code,
    Document,
    Heading,
    Listing,
    Mono,
    Paragraph,
    Part,
    Parts,
    Picture,
    Table,
    clean,
    clean_lines,
)
from litreview.packed import DAWN, steady

CODE, CELL = "Code block", "Cell"  # the names of our styles of paragraphs
MOST_LETTERS = 40  # of a column's text, for which it may claim a share of the width
FONT, MONO = "Arial", "Courier New"
BODY, SMALL, CODE_SIZE = Pt(10), Pt(8), Pt(8)
INK = RGBColor(0, 0, 0)
PAGE = Mm(210), Mm(297)  # A4
MARGIN = Mm(20)
ALERT = "Attention: "


# Of the template's 99 styles of tables, two are needed; the rest is 700 KB of nothing.
TABLES = ("Normal Table", "Table Grid")
# Further parts of the template that say nothing of this document.
IDLE = ("/stylesWithEffects", "/thumbnail")


def to_docx(document: Document) -> bytes:
    """Return the document as a DOCX file."""
    word = docx.Document()
    _clear_out(word)
    _set_up(word, document.title)
    word.add_heading(clean(document.title), level=0)
    for block in document.blocks:
        _write(word, block)
    content = io.BytesIO()
    word.save(content)
    return steady(content.getvalue())


def _clear_out(word: Word) -> None:
    """Remove what the template brings and no document of ours uses."""
    for style in list(word.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in TABLES:
            style.delete()
    package = word.part.package
    for links in (word.part.rels, package.rels if package else {}):
        for key in [k for k, one in links.items() if one.reltype.endswith(IDLE)]:
            del links[key]


def _set_up(word: Word, title: str) -> None:
    """Set page, styles and properties; whatever the template has may differ."""
    page = word.sections[0]
    page.page_width, page.page_height = PAGE
    page.left_margin = page.right_margin = MARGIN
    page.top_margin = page.bottom_margin = MARGIN
    for style in word.styles:
        if style.type == WD_STYLE_TYPE.PARAGRAPH and hasattr(style, "font"):
            style.font.name = FONT
            style.font.color.rgb = INK
    word.styles["Normal"].font.size = BODY
    code = word.styles.add_style(CODE, WD_STYLE_TYPE.PARAGRAPH)
    code.font.name, code.font.size = MONO, CODE_SIZE
    cell = word.styles.add_style(CELL, WD_STYLE_TYPE.PARAGRAPH)
    cell.font.name, cell.font.size = FONT, SMALL
    cell.paragraph_format.space_after = Pt(0)
    told = word.core_properties
    told.title, told.author, told.comments = clean(title), "litreview", ""
    told.created = told.modified = DAWN
    told.last_modified_by, told.revision = "litreview", 1
    told.language = "en-GB"


def _write(word: Word, block: Block) -> None:
    """Write one block at the document's end."""
    match block:
        case Heading(text, level):
            word.add_heading(clean(text), level=min(level - 1, 9))
        case Paragraph(parts, alert):
            line = word.add_paragraph()
            if alert:
                line.add_run(ALERT).bold = True
            _fill(line, parts, bold=alert)
        case Listing(items):
            for item in items:
                _fill(word.add_paragraph(style="List Bullet"), item)
        case Code(text):
            word.add_paragraph(clean_lines(text).strip("\n"), style=CODE)
        case Table():
            _table(word, block)
        case Picture(file, words):
            word.add_paragraph(f"The picture is in the file {file}. {clean(words)}")


def _fill(line: Line, parts: Parts, *, bold: bool = False) -> None:
    """Add parts to a line; their own blanks part them."""
    for part in parts:
        run = line.add_run(_words(part))
        run.bold = bold or None
        if isinstance(part, Mono):
            run.font.name = MONO


def _words(part: Part) -> str:
    if isinstance(part, Mono):
        return clean(part.text)
    words = clean(part)
    first = " " if part[:1].isspace() else ""
    return first + words + (" " if words and part[-1:].isspace() else "")


def _table(word: Word, table: Table) -> None:
    """Add a table whose first row stands on top of each of its pages."""
    columns = len(table.head)
    grid = word.add_table(rows=1 + len(table.rows), cols=columns, style="Table Grid")
    grid.autofit = False
    # All cells at once: python-docx works them out anew for each row that is asked.
    cells = grid._cells  # noqa: SLF001 - as its documentation advises for long tables
    widths = _widths(table)
    for place, row in enumerate((table.head, *table.rows)):
        for number, part in enumerate(row):
            cell = cells[place * columns + number]
            cell.width = widths[number]
            line = cell.paragraphs[0]
            line.style = CELL
            _fill(line, (part,), bold=place == 0)
            if number in table.numeric:
                line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    # A heading row has no word in python-docx (ISO/IEC 29500-1, 17.4.78).
    first = grid.rows[0]._tr  # noqa: SLF001 - the only way to the element
    first.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    word.add_paragraph()


def _widths(table: Table) -> list[Length]:
    """Share the page's width among the columns by what stands in them."""
    wanted = []
    for column in zip(table.head, *table.rows, strict=True):
        texts = [_words(part) for part in column]
        longest = max(map(len, texts))
        word = max(len(word) for text in texts for word in (text.split() or [""]))
        wanted.append(max(4, min(longest, MOST_LETTERS), min(word, MOST_LETTERS // 2)))
    room = int(PAGE[0] - 2 * MARGIN)
    return [Length(room * share // sum(wanted)) for share in wanted]
