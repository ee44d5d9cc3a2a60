"""Codebooks to begin with, chosen at `init`.

`first` shows what a codebook is made of; `cmo` has the places that a realist
synthesis fills (contexts, mechanisms in their two halves, outcomes); `generic` has
the plain headings of a thematic or framework synthesis. Each is a valid codebook, and
each teaches that a passage is coded with a facet, never with its parent. A team
renames and replaces what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping

from litreview.errors import UsageError
from litreview.protocol import starter_codebook
from litreview.yamlfile import suggestion

FIRST = "first"

REALIST = """\
title: A realist codebook to begin with
version: "1"
language: en

# Context + mechanism (a resource that is offered, and how people reason about it)
# -> outcome. Replace these constructs with those of your programme theory.
groups:
  - {id: context, label: Context}
  - {id: mechanism, label: Mechanism}
  - {id: outcome, label: Outcome}

constructs:
  - id: ctx.leadership
    label: Leadership
    group: context
    cmo_role: context
    level: school
    definition: What leaders do that lets the programme work, or keeps it from working.
    include_when: A passage tells what a leader did, said, allowed or refused.
    exclude_when: It tells only who the leaders are.
    sources: [example_2020]
  - id: ctx.resources
    label: Time and means
    group: context
    cmo_role: context
    level: school
    definition: Time, money, staff and rooms that were there before the programme.
    include_when: They were there, or missing, when the programme came.
    exclude_when: The programme itself brings them; that is mech.resource.
    sources: [example_2020]
  - id: ctx.norms
    label: Norms and relationships
    group: context
    cmo_role: context
    level: team
    definition: What people here take for granted, and how they get on.
    sources: [example_2020]
  - id: mech
    label: Mechanism
    group: mechanism
    cmo_role: mechanism
    level: teacher
    definition: What makes the programme work; code one of its two halves.
    sources: [example_2020]
  - id: mech.resource
    label: Resource offered
    group: mechanism
    parent: mech
    cmo_role: mechanism
    level: programme
    definition: What the programme brings in, such as advice, materials or time.
    exclude_when: It was there before; that is ctx.resources.
    sources: [example_2020]
  - id: mech.reasoning
    label: Reasoning of those concerned
    group: mechanism
    parent: mech
    cmo_role: mechanism
    level: teacher
    definition: How people respond to what is offered, in what they think and want.
    include_when: A passage says why people did something, or what changed their mind.
    sources: [example_2020]
  - id: out.intended
    label: Intended outcome
    group: outcome
    cmo_role: outcome
    level: teacher
    definition: A change that the programme is meant to bring about.
    sources: [example_2020]
  - id: out.unintended
    label: Unintended outcome
    group: outcome
    cmo_role: outcome
    level: teacher
    definition: A change that nobody meant to bring about, for better or worse.
    sources: [example_2020]

references:
  - {id: example_2020, cite: "Replace this with the work the definition rests on."}
"""

THEMATIC = """\
title: A thematic codebook to begin with
version: "1"
language: en

# cmo_role is asked of every construct; where your synthesis has no configurations,
# take it as: context (what surrounds it), mechanism (how it works), outcome (what
# comes of it).
groups:
  - {id: topic, label: What it is about}
  - {id: experience, label: How it is lived}
  - {id: result, label: What comes of it}

constructs:
  - id: topic.practice
    label: What is done
    group: topic
    cmo_role: mechanism
    level: teacher
    definition: The practice, programme or policy that the study deals with.
    sources: [example_2020]
  - id: topic.setting
    label: Where and with whom
    group: topic
    cmo_role: context
    level: school
    definition: Who takes part, and the place where it happens.
    sources: [example_2020]
  - id: exp.conditions
    label: What helps and hinders
    group: experience
    cmo_role: context
    level: school
    definition: What makes it easier or harder; code one of its two sides.
    sources: [example_2020]
  - id: exp.enabler
    label: What helps
    group: experience
    parent: exp.conditions
    cmo_role: context
    level: school
    definition: Something that is said to make it easier, or possible at all.
    sources: [example_2020]
    pole_of: conditions
  - id: exp.barrier
    label: What hinders
    group: experience
    parent: exp.conditions
    cmo_role: context
    level: school
    definition: Something that is said to make it harder, or impossible.
    sources: [example_2020]
    pole_of: conditions
    scoring: reverse
  - id: exp.view
    label: Views of those concerned
    group: experience
    cmo_role: mechanism
    level: teacher
    definition: What participants think and feel about it, in their own words.
    sources: [example_2020]
  - id: res.effect
    label: Effects
    group: result
    cmo_role: outcome
    level: pupil
    definition: A change that the study reports, measured or told.
    sources: [example_2020]
  - id: res.gap
    label: Open questions
    group: result
    cmo_role: outcome
    level: system
    definition: What the authors say is not known, or should be studied.
    sources: [example_2020]

references:
  - {id: example_2020, cite: "Replace this with the work the definition rests on."}
"""

CODEBOOKS: Mapping[str, str] = {
    FIRST: starter_codebook(),
    "cmo": REALIST,
    "generic": THEMATIC,
}


def codebook(name: str = FIRST) -> str:
    """Return the YAML of a starter codebook; refuse a name that there is not."""
    found = CODEBOOKS.get(name)
    if found is None:
        raise UsageError(
            f"there is no starter codebook {name!r}",
            why=suggestion(name, CODEBOOKS),
            fix=f"use one of {', '.join(CODEBOOKS)}",
        )
    return found
