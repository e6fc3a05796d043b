"""Who works here, and by which recipes."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.people import Person


@dataclass(frozen=True, slots=True)
class RecipeApproved:
    """A recipe table was approved. `content`: all its numbers, canonical JSON, whose sha256 is `digest`."""

    at: int
    version: str
    digest: str
    content: str
    by: str
    note: str

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return "recipe"


@dataclass(frozen=True, slots=True)
class PersonEnrolled:
    """A person was entered or changed."""

    at: int
    person: Person

    @property
    def about(self) -> str:
        """Whose timeline this belongs to."""
        return self.person.badge
