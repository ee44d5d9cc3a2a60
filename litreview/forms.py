"""Forms: what is read out of each included report besides its passages.

``screening/forms/<name>.yaml`` declares the fields of one form: facts of the study,
effects with their comparator, or an appraisal. A figure counts as complete only with
its page; an effect also needs its unit and what it was compared with. An appraisal
says how good a report is for the purpose; it never excludes anything by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from litreview.errors import LitreviewError
from litreview.protocol import ID
from litreview.wording import phrase
from litreview.yamlfile import Node, refuse_twice, suggestion

FEWEST = 2  # values that make a choice
NUMBER = re.compile(
    r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d+)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII
)
TRUE, FALSE = ("yes", "true"), ("no", "false")


class Use(StrEnum):
    """What a form is for."""

    EXTRACTION = "extraction"
    APPRAISAL = "appraisal"


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"
    RATING = "rating"
    EFFECT = "effect"


LISTED = (Kind.CHOICE, Kind.CHOICES, Kind.RATING)
FIGURES = (Kind.NUMBER, Kind.EFFECT)  # what needs a page


@dataclass(frozen=True)
class Field:
    """One field; `allowed` is what may be chosen, a rating's from low to high.

    `needs_page` says that a value without its page is incomplete.
    """

    id: str
    label: str
    kind: Kind
    allowed: tuple[str, ...] = ()
    required: bool = False
    needs_page: bool = False
    help: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Form:
    """A form with its fields, in the order of the file.

    `streams` limits it to reports that serve one of them; none means all. `repeats`
    says that a report may have it several times (effects, samples).
    """

    name: str
    title: str
    use: Use
    fields: tuple[Field, ...]
    streams: tuple[str, ...] = ()
    repeats: bool = False
    source: str = ""

    def find(self, field_id: str) -> Field:
        """Return a field by its id, or refuse one that the form does not have."""
        found = next((one for one in self.fields if one.id == field_id), None)
        if found is not None:
            return found
        known = [one.id for one in self.fields]
        raise LitreviewError(
            f"the form {self.name!r} has no field {field_id!r}",
            why=suggestion(field_id, known),
            fix=f"use one of: {', '.join(known)}",
        )


def parse_form(node: Node, *, name: str = "") -> Form:
    """Read one form; raises `InputFileError` at the first mistake."""
    node.fields(
        required={"title", "use", "fields"},
        optional={"streams", "repeats", "source"},
    )
    refuse_twice(node["fields"].items(), "id")
    return Form(
        name=name,
        title=node.words("title"),
        use=node.member("use", Use),
        fields=tuple(_field(item) for item in node["fields"]),
        streams=node.sentences("streams"),
        repeats="repeats" in node and node["repeats"].boolean(),
        source=node.words("source", ""),
    )


def _field(node: Node) -> Field:
    node.fields(
        required={"id", "label", "kind"},
        optional={"values", "required", "page", "help"},
    )
    kind = node.member("kind", Kind)
    values = node.sentences("values")
    if kind in LISTED and len(set(values)) < max(FEWEST, len(values)):
        raise node.error(
            f"a field of the kind {kind} needs at least {FEWEST} values, none twice"
        )
    if kind not in LISTED and values:
        raise node["values"].error(f"a field of the kind {kind} has no list of values")
    return Field(
        id=node.identifier("id", ID, "sample_size"),
        label=node.words("label"),
        kind=kind,
        allowed=values,
        required="required" in node and node["required"].boolean(),
        needs_page=kind in FIGURES or ("page" in node and node["page"].boolean()),
        help=node.words("help", ""),
        line=node.line,
    )


# -- values --------------------------------------------------------------------------


def read_value(
    entry: Field, text: str, *, unit: str = "", comparator: str = ""
) -> dict[str, object]:
    """Return what a person wrote for a field as it is stored, or refuse it.

    An empty text takes the value back: the empty object. Keys: value (text, number,
    bool or a list of texts), and for an effect unit and comparator. A number keeps
    its spelling in `as_printed`.
    """
    words = phrase(text, entry.label, required=False)
    if entry.kind != Kind.EFFECT and (unit or comparator):
        raise LitreviewError(
            f"{entry.id!r} takes no unit and no comparator",
            why=f"it is a field of the kind {entry.kind}, not an effect",
        )
    if not words:
        return {}
    if entry.kind in FIGURES:
        found: dict[str, object] = {"value": _number(entry, words), "as_printed": words}
        if entry.kind == Kind.EFFECT:
            found["unit"] = phrase(unit, "unit", required=False)
            found["comparator"] = phrase(comparator, "comparator", required=False)
        return found
    if entry.kind == Kind.YES_NO:
        return {"value": _yes(entry, words)}
    if entry.kind == Kind.CHOICES:
        parts = [part.strip() for part in words.split(";") if part.strip()]
        return {"value": [_one_of(entry, part) for part in dict.fromkeys(parts)]}
    if entry.kind in LISTED:
        return {"value": _one_of(entry, words)}
    return {"value": words}


def _number(entry: Field, words: str) -> float | int:
    if not NUMBER.fullmatch(words):
        raise LitreviewError(
            f"{words!r} is no number for {entry.id!r}",
            fix="write digits, with a point for decimals: 1,250 or 0.31",
        )
    plain = words.replace(",", "")
    return int(plain) if plain.lstrip("+-").isdigit() else float(plain)


def _yes(entry: Field, words: str) -> bool:
    if words.lower() in TRUE + FALSE:
        return words.lower() in TRUE
    raise LitreviewError(f"{words!r} is neither yes nor no for {entry.id!r}")


def _one_of(entry: Field, words: str) -> str:
    if words in entry.allowed:
        return words
    raise LitreviewError(
        f"{words!r} is no value of {entry.id!r}",
        why=suggestion(words, entry.allowed),
        fix=f"use one of: {', '.join(entry.allowed)}",
    )


def lacks(entry: Field, value: Mapping[str, object], page: str) -> list[str]:
    """Return what keeps a value from being complete; an empty one lacks itself."""
    if not value:
        return ["value"]
    missing = ["page"] if entry.needs_page and not page else []
    if entry.kind == Kind.EFFECT:
        missing += [part for part in ("unit", "comparator") if not value.get(part)]
    return missing


def in_words(value: Mapping[str, object]) -> str:
    """Return a stored value as a reader sees it; numbers as they were printed."""
    if not value:
        return ""
    said = value.get("as_printed", value.get("value", ""))
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, list):
        return "; ".join(map(str, said))
    unit, other = value.get("unit", ""), value.get("comparator", "")
    parts = [str(said), str(unit) if unit else "", f"against {other}" if other else ""]
    return " ".join(part for part in parts if part)
