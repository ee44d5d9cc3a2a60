"""One row for what the append-only tables do not already say.

Votes, pair verdicts, codes and edits tell their own story. What is left goes
here: people joining and leaving, unblinding, files exported, settings changed.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from litreview.declarative import JsonValue
from litreview.models import AuditEvent, Person


def note(
    session: Session,
    kind: str,
    *,
    by: Person | None,
    subject: str = "",
    detail: JsonValue | None = None,
) -> AuditEvent:
    """Append one event; `kind` is a dotted word such as ``person.left``."""
    event = AuditEvent(
        kind=kind,
        subject=subject,
        detail=detail if detail is not None else {},
        person_id=by.id if by else None,
    )
    session.add(event)
    session.flush()
    return event
