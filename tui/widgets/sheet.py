"""A sheet of lines: `show` gives it a function that makes the lines for a width and a height, and it paints what is in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui.ink import BAD, FAINT, beside, fit, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.style import Style

    from tui.ink import Line

    Paint = Callable[[int, int], Sequence[Line]]


def strip_of(line: Line, width: int, under: Style) -> Strip:
    """Return one line of the screen: `line` cut or filled to `width`, over the style `under`."""
    return Strip(fit(line, width).render_segments(under), width)


class Sheet(Widget, inherit_bindings=False):
    """Lines of text. Where there are more than fit, the keys of the screen move them by `move`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._paint: Paint | None = None
        self._lines: Sequence[Line] | None = None
        self._painted_for = Size(0, 0)
        self._top = 0

    def show(self, paint: Paint) -> None:
        """Paint by this function from now on."""
        before = len(self._lines or ())
        self._paint = paint
        self._lines = None
        self.refresh(layout=self.styles.is_auto_height and len(self.lines) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's form
        """Return how many lines there are, for a sheet whose height follows them."""
        return max(1, len(self._made(Size(width, container.height)))) if width else 1

    def move(self, lines: int) -> None:
        """Scroll by that many lines, as far as there are any."""
        self._top = max(0, min(self._top + lines, len(self.lines) - self.content_size.height))
        self.refresh()

    def page(self, pages: int) -> None:
        """Scroll by whole pages."""
        self.move(pages * max(1, self.content_size.height - 1))

    def rewind(self) -> None:
        """Go back to the first line: another thing is shown."""
        self._top = 0

    @property
    def lines(self) -> Sequence[Line]:
        """All lines for the present size."""
        size = self.content_size
        if self._lines is None or self._painted_for != size:
            self._lines = self._made(size) if size else ()
            self._painted_for = size
        return self._lines

    def _made(self, size: Size) -> Sequence[Line]:
        """Make the lines; a painter that fails costs its own place on the screen, never the screen."""
        try:
            return self._paint(size.width, size.height) if self._paint else ()
        except Exception as error:  # noqa: BLE001 - see above
            return [say((repr(error), BAD))]

    def render_line(self, y: int) -> Strip:
        """Paint one line; the last in sight says how many more there are."""
        lines, row, size = self.lines, self._top + y, self.content_size
        line = lines[row] if row < len(lines) else say()
        below = len(lines) - row - 1
        if y == size.height - 1 and below > 0 and size.height > 1:
            line = beside(line, say((f"  +{below}", FAINT)), size.width)
        return strip_of(line, size.width, self.visual_style)


class Scroll(Sheet, can_focus=True):
    """A sheet that the arrow and page keys move while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "lines(-1)", show=False),
        Binding("down", "lines(1)", show=False),
        Binding("pageup", "pages(-1)", show=False),
        Binding("pagedown", "pages(1)", show=False),
    ]

    def action_lines(self, lines: int) -> None:
        """Move by lines."""
        self.move(lines)

    def action_pages(self, pages: int) -> None:
        """Move by pages."""
        self.page(pages)
