"""Splits a large write to the registry into calls of bounded size, as each call blocks Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hero_router.model import Change
from hero_router.store.keys import APPLY_BATCH, DOCUMENT_BATCH


@dataclass(slots=True)
class Step:
    """One call of `apply.lua`: changes, and documents by digest."""

    changes: list[Change] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)

    def has_room(self, document: str) -> bool:
        """Whether one more change with this document fits."""
        size = sum(map(len, self.documents.values()))
        fits = not size or size + len(document) <= DOCUMENT_BATCH
        return fits and len(self.changes) < APPLY_BATCH


def cut(changes: Sequence[Change], documents: Mapping[str, str]) -> list[Step]:
    """Split changes and documents into steps; a document is in the step of its first record."""
    steps, rest = [Step()], dict(documents)

    def room(document: str) -> Step:
        if not steps[-1].has_room(document):
            steps.append(Step())
        return steps[-1]

    for change in changes:
        digest = change.record.document if change.record else ""
        document = rest.pop(digest, None)
        step = room(document or "")
        step.changes.append(change)
        if document is not None:
            step.documents[digest] = document
    for digest, document in rest.items():
        room(document).documents[digest] = document
    return steps
