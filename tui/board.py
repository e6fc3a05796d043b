"""What the parts that wait (sync, bench) need of the app that hosts them; it keeps them free of Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui.freshness import Need
    from tui.state import Verdict, View
    from tui.words import Words


class Board(Protocol):
    """Holds the present view and shows it."""

    @property
    def view(self) -> View:
        """The present view."""
        ...

    @property
    def words(self) -> Words:
        """The words of the present language."""
        ...

    def change(self, view: View) -> None:
        """Replace the view and paint it soon."""
        ...

    def needs(self) -> frozenset[Need]:
        """Return what the present screen shows."""
        ...

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of tasks that the present screen shows."""
        ...

    def now_s(self) -> float:
        """Return monotonic wall seconds."""
        ...

    def answered(self, verdict: Verdict) -> None:
        """Show what became of an act."""
        ...

    def tell(self, text: str) -> None:
        """Show one line about something that went wrong."""
        ...
