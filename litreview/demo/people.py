"""Invented people: family names put together from parts, common given names.

Nobody is meant. Some names carry diacritics, apostrophes and particles, because
real ones do and because matching must bear them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_STARTS = (
    "Ald Bram Cald Dun Ells Farr Gand Holl Ister Jarr Kell Lov Marr Nor Osk Pell Quar "
    "Rosk Stell Thorn Ulf Verl Wend Yarr Zell"
)
_ENDS = (
    "by dale erby fold gate holm ington kirk low mere nall oby rick stow thorpe wick"
)
_GIVEN = (
    "Ada Ben Clara Daniel Elif Frances Grace Hugo Imran Joanna Kofi Leila Marta Nadia "
    "Oluwaseun Priya Quentin Rosa Samir Tomasz Ursula Violet Wei Xanthe Yusuf Zo\u00eb "
    "Anne-Marie \u0141ukasz Bj\u00f8rn In\u00eas"
)
_ODD = ("O'Dunmere", "van Quarholm", "Ya\u00f1ezby", "\u00c5lfold", "de la Roskgate")
STARTS = tuple(_STARTS.split())
ENDS = tuple(_ENDS.split())
GIVEN = tuple(_GIVEN.split())
ODD_SHARE = 0.06  # of the names with something that trips a comparison
MIDDLE_SHARE = 0.35  # of the people with a middle initial


@dataclass(frozen=True, slots=True)
class Person:
    """An author; a group has its whole name as the family name."""

    family: str
    given: str = ""
    group: bool = False

    def initials(self) -> Person:
        """Return the same person with initials instead of given names."""
        parts = self.given.replace("-", " ").replace(".", " ").split()
        return Person(
            self.family, " ".join(f"{part[0]}." for part in parts), self.group
        )

    def full_name(self) -> str:
        """Return given and family name as one text."""
        return f"{self.given} {self.family}".strip()


def invent_person(random: Random) -> Person:
    """Make up one author."""
    if random.random() < ODD_SHARE:
        family = random.choice(_ODD)
    else:
        family = random.choice(STARTS) + random.choice(ENDS)
    given = random.choice(GIVEN)
    if random.random() < MIDDLE_SHARE:
        given += f" {random.choice('ABCDEFGHJKLMNPRSTW')}."
    return Person(family, given)


def invent_people(random: Random) -> tuple[Person, ...]:
    """Make up the authors of one work: one to five, none twice."""
    count = random.choice((1, 2, 2, 3, 3, 3, 4, 5))
    people = {
        person.family: person
        for person in (invent_person(random) for _ in range(count))
    }
    return tuple(people.values())
