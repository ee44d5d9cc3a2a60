"""Two reviews that differ only in what bob said, and a way to ask them things.

Both are made by the same commands in the same order; where bob speaks, each review
hears other words. Every vote of bob's that differs is on a report that still waits
for votes, so nobody else may be able to tell the two reviews apart.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from litreview import cli

REVIEW = """\
title: Two reviews that look alike
people:
  - {handle: dana, role: lead}
  - {handle: ann, role: screener}
  - {handle: bob, role: screener}
  - {handle: eve, role: screener}
  - {handle: cleo, role: arbiter}
stages:
  title_abstract: {per_record: 3}
  full_text: {per_record: 3}
order: [random, newest, relevance]
stopping: {rule: share, share: 0.1, why: To have a rule that holds.}
"""
STRATEGY = """\
title: Trust in schools
purpose: To have a strategy to look at.
sources: [openalex, crossref]
blocks:
  concept: [trust, confidence]
  place: [school]
"""
STAGES = {"t": "title_abstract", "f": "full_text"}
ALIKE = "Trust among teachers in disadvantaged schools"
TITLES = [f"Report {number} on a subject of its own" for number in range(1, 23)]
TITLES[18:20] = [ALIKE, f"{ALIKE} again"]  # likely enough to ask a person
RECORDS = "record_id,title,authors,year,container_title\n" + "".join(
    f'r{number},"{title}","Doe, Jane",{2000 + number % 2},Journal {number % 3}\n'
    for number, title in enumerate(TITLES, start=1)
)
VOTES = "record_id,screener,stage,verdict\n1,fay,title_abstract,include\n"

# What everybody says alike in both reviews, brought in as a file: who, about which
# records, at which stage, what ("+s" names a stream). Complete in the end are 7, 8,
# 9, 18 and 21 at title and abstract, 9 at full text, and 10 and 11, in conflict.
SAME = (
    ("ann bob eve", (7, 8, 9, 18, 21), "t", "include"),
    ("ann bob eve", (9,), "f", "include +theorises_concept"),
    ("ann eve", (10, 11, 12), "t", "include"),
    ("bob", (10, 11), "t", "exclude"),
    ("ann", (3,), "t", "include"),
    ("ann", (4, 14, 20), "t", "exclude"),
    ("eve", (5,), "t", "exclude"),
    ("dana", (6,), "t", "exclude X-DATE"),
    ("ann", (8,), "f", "exclude X-POP"),
    ("ann", (18,), "f", "include +theorises_concept"),
)
# What bob says, and in the other review, of records that then still wait for votes
# ("-" takes a vote back).
BOB = (
    (2, "t", "include", "exclude X-POP"),
    (3, "t", "include", "exclude X-LANG"),
    (4, "t", "maybe", "exclude X-LANG"),
    (5, "t", "exclude", "include"),
    (6, "t", "exclude X-DATE", "exclude X-TYPE"),
    (7, "f", "include +theorises_concept", "exclude X-TYPE"),
    (8, "f", "exclude X-POP", "exclude X-TYPE"),
    (12, "t", "include", "exclude"),  # complete with this, until eve takes hers back
    (13, "t", "include", "exclude"),
    (13, "t", "maybe", "include"),
    (14, "t", "include", "include"),  # merged with 15: one of him is of two minds
    (15, "t", "include", "exclude"),
    (16, "t", "include", "exclude"),
    (16, "t", "-", "-"),
    (18, "f", "include +validates_instrument", "exclude X-DESIGN"),
    (19, "t", "include", "include"),
    (20, "t", "include", "exclude"),
)
NOTES = ("it does fit", "this one does not fit at all")
# What bob notes beside such records, and the label that he puts on them.
BESIDE = (("lovely, that one", "to keep"), ("a bore from end to end", "to bin"))

# What bob reads in the one report that is included, and in the other review. Tables
# count passages, so he finds the same construct in both.
READ = (
    ("They say why.", "p. 7", "bob's head", "A trust"),
    ("Nobody ever says why.", "section 2", "bob's pupil", "A ministry"),
)

Answer = tuple[int, str, str, dict[str, str]]

MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<uid>"),
    (re.compile(r"\d+\.\d+ s\b|(?<=\"seconds\": )\d+\.\d+(e-\d+)?"), "<seconds>"),
)
# The manifest has the hash of each file with its times; the files are compared.
HASH = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass
class World:
    """A workspace that can be asked anything and put back as it was."""

    root: Path
    kept: dict[Path, bytes] = field(default_factory=dict)

    def ask(self, handle: str, *words: str, keys: str = "") -> Answer:
        """Run a command; return status, stdout, stderr and files, times masked."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        before = sys.stdin
        sys.stdin = io.StringIO(keys)
        try:
            # In the workspace: what a command makes where it is run stays there.
            with chdir(self.root), redirect_stdout(out), redirect_stderr(err):
                status = cli.run(["-w", str(self.root), "--as", handle, *words])
        finally:
            sys.stdin = before
        said = []
        for stream in (out, err):
            stream.flush()
            said.append(self._masked(_text(stream.buffer.getvalue())))
        return status, said[0], said[1], self._written()

    def do(self, handle: str, *words: str) -> str:
        """Run a command that must succeed; return its stdout."""
        status, out, err, _files = self.ask(handle, *words)
        assert status == 0, (words, err)
        return out

    def _masked(self, text: str) -> str:
        for pattern, word in MASKS:
            text = pattern.sub(word, text)
        return text.replace(str(self.root), "<root>")

    def _files(self) -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in self.root.rglob("*") if path.is_file()
        }

    def _written(self) -> dict[str, str]:
        """Return the files that differ from those kept, but for databases."""
        found = {}
        for path, content in self._files().items():
            if self.kept.get(path) == content or _is_database(content):
                continue
            text = self._masked(_text(content))
            name = str(path.relative_to(self.root))
            found[name] = HASH.sub("<hash>", text) if "manifest" in name else text
        return found

    def keep(self) -> None:
        """Remember everything as it is now."""
        self.kept = self._files()

    def restore(self) -> None:
        """Put everything back as it was when it was kept."""
        now = self._files()
        for path in now.keys() - self.kept.keys():
            path.unlink()
        for path, content in self.kept.items():
            if now.get(path) != content:
                path.write_bytes(content)


def _text(content: bytes) -> str:
    """Return what a file says; of a packed one (DOCX, XLSX) what its parts say."""
    if not content.startswith(b"PK\x03\x04"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "\n".join(
            f"{name}\n{packed.read(name).decode('utf-8', 'backslashreplace')}"
            for name in packed.namelist()
        )


def _is_database(content: bytes) -> bool:
    # A copy of the database holds everything, as the README says of the file itself.
    return content.startswith((b"SQLite format 3", b"-- ", b"\x37\x7f\x06"))


def pair(folder: Path) -> tuple[World, World]:
    """Make the two reviews; what they share is made once and copied."""
    one, other = World(folder / "one-review"), World(folder / "two-review")
    _begin(one)
    shutil.copytree(one.root, other.root)
    for world, second in ((one, False), (other, True)):
        _let_bob_speak(world, second=second)
        world.keep()
    return one, other


def _begin(world: World) -> None:
    root = world.root
    root.mkdir()
    imports = root / "queries" / "imports"
    world.do("dana", "init", str(root), "--title", "Alike")
    for path, text in {
        root / "screening" / "review.yaml": REVIEW,
        root / "queries" / "trust.yaml": STRATEGY,
        imports / "records.csv": RECORDS,
        imports / "votes.csv": VOTES,
        imports / "same.csv": "".join(_votes_file()),
    }.items():
        path.write_text(text, "utf-8")
    world.do("dana", "sync")
    world.do("dana", "import", str(imports / "records.csv"), "--source", "a library")
    world.do("dana", "record", "remove", "17", "--reason", "an empty page")
    world.do("dana", "dedupe", "find")
    for stage in STAGES.values():
        # The rounds of `init` ask for two votes; here it takes three.
        words = ["--seed", "1", "--per-record", "3", "--stage", stage]
        world.do("dana", "screen", "assign", *words)
    world.do("dana", "screen", "import", str(imports / "same.csv"))
    world.do("dana", "screen", "assign", "--seed", "2", "--stage", "full_text")
    world.do("cleo", "screen", "resolve", "11", "exclude")
    world.do("dana", "fulltext", "set", "21", "not-retrieved")
    code = ("--quote", "They trust.", "--at", "p. 4")
    world.do("ann", "code", "add", "9", "lead.explains", *code)
    world.do("ann", "cmo", "add", "--mechanism", "lead.explains", "--evidence", "1")
    # Dana codes it too, so that she is no mere overseer.
    code = ("--quote", "They meet.", "--at", "p. 5")
    world.do("dana", "code", "add", "9", "lead.protects_time", *code)
    (root / "nine.txt").write_text("They trust. They meet. They say why.", "utf-8")
    world.do("dana", "fulltext", "set", "9", "retrieved", "--where", "nine.txt")
    item = ("staff", "lead.explains", "They tell us why.", "--evidence", "1")
    world.do("ann", "item", "add", *item)


def _votes_file() -> Iterator[str]:
    yield "record_id,screener,stage,verdict,reason,streams\n"
    for people, records, stage, said in SAME:
        verdict, *rest = said.split()
        reason = "".join(word for word in rest if word[0] != "+")
        streams = "".join(word[1:] for word in rest if word[0] == "+")
        for record in records:
            for who in people.split():
                end = f"{verdict},{reason},{streams}\n"
                yield f"{record},{who},{STAGES[stage]},{end}"


def _let_bob_speak(world: World, *, second: bool) -> None:
    for record, stage, first, other in BOB:
        said = other if second else first
        words = ballot(record, stage, said)
        words += [] if said == "-" else ["--note", NOTES[second]]
        world.do("bob", "screen", *words)
        if record in {3, 8, 14} or (second and record in {4, 18}):
            note, label = BESIDE[second]
            world.do("bob", "screen", "note", str(record), note)
            world.do("bob", "screen", "label", str(record), label)
    world.do("bob", "screen", "label", "9", "seen by all")
    for again in ("12", "18"):
        world.do("eve", "screen", "withdraw", again)
    world.do("dana", "dedupe", "decide", "14", "15", "duplicate")
    quote, place, speaker, firm = READ[second]
    whose = ("--speaker", speaker, "--organisation", firm)
    words = ["9", "lead.explains", "--quote", quote, "--at", place, *whose]
    world.do("bob", "code", "add", *words)
    # Only these have no votes yet.
    world.do("dana", "screen", "pilot", "--size", "2", "--seed", "1")
    for record, told in ((1, ("include", "exclude X-POP")), (22, ("exclude", "maybe"))):
        words = ballot(record, "t", told[second])
        world.do("bob", "screen", *words, "--note", NOTES[second])
    world.do("ann", "screen", *ballot(22, "t", "include"))


def ballot(record: int, stage: str, said: str) -> list[str]:
    """Return the words of `screen` that cast a vote or take it back."""
    place = ["--stage", STAGES[stage]]
    if said == "-":
        return ["withdraw", str(record), *place]
    verdict, *rest = said.split()
    words = ["decide", str(record), verdict, *place]
    for word in rest:
        words += ["--stream", word[1:]] if word[0] == "+" else ["--reason", word]
    return words
