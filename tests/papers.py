"""Make small PDFs, sound and otherwise, for the tests of reading full texts."""

from __future__ import annotations

from collections.abc import Sequence

SIZE, LEADING = 11, 14  # points


def pdf(*pages: Sequence[str], labels: str = "", encrypted: bool = False) -> bytes:
    """Return a PDF with these lines on each page.

    `labels` is a dictionary of page labels; an `encrypted` one wants a password.
    """
    kids = [4 + 2 * number for number in range(len(pages))]
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {labels} >>",
        2: f"<< /Type /Pages /Count {len(pages)} "
        f"/Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
        "/Encoding /WinAnsiEncoding >>",
    }
    for kid, lines in zip(kids, pages, strict=True):
        objects[kid] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources "
            f"<< /Font << /F1 3 0 R >> >> /Contents {kid + 1} 0 R >>"
        )
        shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
        stream = f"BT /F1 {SIZE} Tf {LEADING} TL 60 780 Td\n{shown}ET"
        length = len(stream.encode("cp1252"))
        objects[kid + 1] = f"<< /Length {length} >>\nstream\n{stream}\nendstream"
    trailer = ""
    if encrypted:
        number = max(objects) + 1
        secret = "00" * 32
        objects[number] = (
            f"<< /Filter /Standard /V 1 /R 2 /P -44 /O <{secret}> /U <{secret}> >>"
        )
        trailer = f"/Encrypt {number} 0 R /ID [<{secret}> <{secret}>]"
    return _file(objects, trailer)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(objects: dict[int, str], trailer: str) -> bytes:
    content = b"%PDF-1.4\n"
    places = {}
    for number, text in sorted(objects.items()):
        places[number] = len(content)
        content += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = len(content)
    entries = "".join(f"{places[number]:010} 00000 n \n" for number in sorted(places))
    size = len(objects) + 1
    end = (
        f"xref\n0 {size}\n0000000000 65535 f \n{entries}trailer\n"
        f"<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"
    )
    return content + end.encode("cp1252")
