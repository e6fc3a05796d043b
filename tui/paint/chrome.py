"""The frame of every screen: the band at the top (line, time, road, person), the screens by key, the keys of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import clock, span
from tui.codes import short
from tui.figures import plant_now, site_zone, speed
from tui.ink import (
    BAND,
    BAND_BRIGHT,
    BAND_DIM,
    BAND_HERE,
    BAND_KEY,
    BLOCK_BAD,
    BLOCK_GOOD,
    BLOCK_NOTE,
    BLOCK_WARN,
    DIM,
    KEY,
    beside,
    fit,
    join,
    say,
)
from tui.paint.alarms import unseen
from tui.state import LOCK_AFTER_S, Link, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

SCREENS = ("overview", "prescriptions", "machine", "alarms", "review", "scan", "signing", "dispatch")
"""Screens in the order of their keys F2 to F9."""

BLOCKS = {Tone.GOOD: BLOCK_GOOD, Tone.BAD: BLOCK_BAD, Tone.NOTE: BLOCK_NOTE}
"""Blocks of colour by how an act ended."""

_WARN_BEFORE_LOCK_S = 60.0


def band(view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return the top line: whose line, what time there, is the road open, who stands here."""
    line = view.line
    name = words("head.line", line=line["line"], name=line["name"]) if line else words("head.title")
    time = clock(plant_now(view, now_s), site_zone(view))
    late = view.link is not Link.ONLINE
    state = say(
        (f" {time} ", BAND_DIM if late else BAND),
        (f"x{speed(view)} " if speed(view) != 1 else "", BAND_DIM),
        road(view, words, now_s),
    )
    who = person(view, words, now_s)
    room = max(0, width - state.cell_length - who.cell_length)  # the name gives way, never the road
    title = say((f" {name} ", BAND_BRIGHT))
    return [beside(say(title if title.cell_length <= room else fit(title, room), state), who, width)]


def road(view: View, words: Words, now_s: float) -> Line:
    """Return the state of the road to the controller; a lost one in red with its age."""
    age = span(now_s - view.link_since_s)
    match view.link:
        case Link.ONLINE:
            return say((f" {words('link.online')} ", BLOCK_GOOD))
        case Link.OFFLINE:
            return say((f" {words('link.offline', age=age)} ", BLOCK_BAD))
        case Link.KEYLESS:
            return say((f" {words('link.keyless')} ", BLOCK_WARN))
        case Link.CONNECTING:
            return say((f" {words('link.connecting')} ", BLOCK_WARN))


def person(view: View, words: Words, now_s: float) -> Line:
    """Return the station and who is logged in there, with the time to the lock when it is near."""
    session = view.session
    if not session.station:
        return say((f" {words('head.watching')} ", BAND_DIM))
    who = session.person or short(session.actor) if session.actor else words("head.nobody")
    place = words.pick(session.name_zh, session.name_en) or session.station
    rest = LOCK_AFTER_S - (now_s - session.used_s)
    soon = f" {span(rest)}" if session.actor and rest < _WARN_BEFORE_LOCK_S else ""
    return say((f" {place} ", BAND), (f" {who}{soon} ", BAND_BRIGHT if session.actor else BAND_DIM))


def screens(view: View, words: Words, here: str, width: int) -> list[Line]:
    """Return the screens with their keys; the one in sight is lit, alarms that nobody has seen are counted in red."""
    parts: list[Line] = []
    for number, name in enumerate(SCREENS, 2):
        count = unseen(view) if name == "alarms" else 0
        style = BAND_HERE if name == here else BAND
        badge = (str(count), BLOCK_BAD) if count else ("", BAND)
        parts.append(
            say((f"F{number}", BAND_HERE if name == here else BAND_KEY), (f" {words(f'nav.{name}')}", style), badge)
        )
    return [fit(say(" ", join(parts, " ")), width)]


def keys(pairs: Sequence[tuple[str, str]], view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return the keys of a screen; a code on its way, or a notice while its time lasts, stands in their place."""
    if view.held:
        return [fit(say((f" {words('desk.prompt')} {view.held}_ ", BLOCK_NOTE)), width)]
    if now_s < view.notice.until_s:
        return [fit(say((f" {view.notice.text} ", BLOCKS[view.notice.tone])), width)]
    parts = [say((words.of("keyname", key), KEY), " ", (words(text), DIM)) for key, text in pairs]
    roomy = join(parts, "  ")
    return [fit(say(" ", roomy if roomy.cell_length < width else join(parts, " ")), width)]
