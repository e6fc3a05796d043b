"""One machine, live: what it does, every value with its quality and age, the boil that counts, the curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import figures
from tui.clocks import brief, clock, day_minute, minute, span
from tui.codes import short
from tui.ink import BAD, BRIGHT, DIM, FAINT, GOOD, NOTE, PLAIN, TILES, WARN, bar, beside, fit, flow, rule, say, wrap
from tui.paint.curve import Sample, curve
from tui.state import Link

if TYPE_CHECKING:
    from controller.wire import BoilView, MachineView, ReadingView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_NAME, _VALUE, _BAR = 17, 12, 24
_LITRE_ML = 1000
_OLD_S = 10.0
"""A fresh value older than this (wall seconds) is worth a look."""


def facts(view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return everything but the curve."""
    machine = view.machines.get(view.machine_id)
    if machine is None:
        return [say((words("machine.none"), FAINT))]
    return [
        *head(machine, view, words, now_s, width),
        *work(machine, view, words, now_s, width),
        *([rule(words("machine.readings"), width)] if machine["readings"] else []),
        *(reading(name, one, machine, view, words, now_s, width) for name, one in machine["readings"].items()),
        *boil(machine, view, words, now_s, width),
    ]


def head(machine: MachineView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return which machine it is, its phase, its road and what it does when nobody leads it."""
    state = figures.phase(machine)
    tile = (f" {words.of('phase', state)} ", TILES[figures.shown_tone(view, machine)])
    volume = f"{machine['volume_ml'][1] / _LITRE_ML:g} L" if len(machine["volume_ml"]) > 1 else ""
    name = say(
        (f" {machine['id']} ", BRIGHT),
        tile,
        "  ",
        words.of("kind", machine["kind"]),
        f" {volume} ",
        (machine["profile"], DIM),
    )
    details = flow(
        [
            link(machine, view, words, now_s),
            *([] if machine["link"] == "manual" else _told(machine, words)),
            *([say((words("machine.monitor-only"), WARN))] if machine["monitor_only"] else []),
            *(
                [say((words("machine.waiver", what=words.of("waiver", machine["waiver"])), WARN))]
                if machine["waiver"]
                else []
            ),
        ],
        width - 1,
    )
    fault = words.pick(machine["fault_zh"], machine["fault_en"])
    code = say((f" {machine['code']}", FAINT))
    return [
        *([beside(name, code, width)] if name.cell_length + code.cell_length <= width else [name, code]),
        *(say(" ", one) for one in details),
        *_out(machine, view, words, width),
        *([say((f" {words('machine.fault', code=machine['fault'])} {fault}", BAD))] if machine["fault"] else []),
    ]


def _out(machine: MachineView, view: View, words: Words, width: int) -> list[Line]:
    if not machine["out_by"]:
        return []
    at = day_minute(machine["out_at"], figures.site_zone(view))
    told = words("alarm.out", who=short(machine["out_by"]), at=at, note=machine["out_note"])
    return [say(" ", line) for line in wrap(say((told, WARN)), width - 1)]


def _told(machine: MachineView, words: Words) -> list[Line]:
    """Return what a machine on a wire says of itself."""
    state = f" {words.of('state', machine['state'])} {words.of('mode', machine['mode'])}"
    return [
        say((words("machine.state"), DIM), state),
        say((words("machine.watchdog"), DIM), f" {words.of('watchdog', machine['watchdog'])}"),
    ]


def link(machine: MachineView, view: View, words: Words, now_s: float) -> Line:
    """Return the road to the machine: fresh with its age, or since when it is lost."""
    since = clock(machine["link_since"], figures.site_zone(view))
    age = figures.age_s(view, machine, now_s)
    if view.link is not Link.ONLINE:
        return say((words("machine.last", age=brief(age)), DIM))
    match machine["link"]:
        case "manual":
            return say((words("machine.by-hand"), NOTE))
        case "fresh":
            return say((words("machine.fresh", age=brief(age)), WARN if age > _OLD_S else GOOD))
        case "never":
            return say((words("machine.never"), BAD))
        case _:
            return say((words("machine.stale", at=since), BAD))


def work(machine: MachineView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return what it holds, what is left of the step, what comes next, whether it is clean."""
    rest = figures.remaining_s(view, machine, now_s)
    parts: list[Line] = []
    if machine["batch"]:
        parts.append(
            say((words("col.batch"), DIM), f" {short(machine['batch'])} ", (machine["prescription_no"], BRIGHT))
        )
    if machine["order_step"]:
        parts.append(say((words("machine.step"), DIM), f" {words.of('step', machine['order_step'])}"))
    if machine["begun_by"]:
        began = minute(machine["begun_at"], figures.site_zone(view))
        parts.append(say((words("machine.attested", who=machine["begun_by"], at=began), WARN)))
    if rest:
        parts.append(say((words("machine.rest"), DIM), " ", (span(rest), BRIGHT)))
    if machine["next_batch"]:
        parts.append(say((words("machine.next"), DIM), f" {short(machine['next_batch'])}"))
    if machine["free_at"]:
        parts.append(say((words("machine.free"), DIM), f" {free(machine['free_at'], view, now_s)}"))
    if machine["packer"]:
        parts.append(say((words("machine.packer"), DIM), f" {machine['packer']}"))
    if machine["kind"] in {"decoction", "packing"} and not machine["batch"]:
        clean = machine["clean"]
        parts.append(say((words("machine.clean" if clean else "machine.dirty"), GOOD if clean else WARN)))
    return [say(" ", one) for one in flow(parts, width - 1)]


def free(at: int, view: View, now_s: float) -> str:
    """Return when it is forecast to be free; a dash where that time has passed, since then nobody knows."""
    return minute(at, figures.site_zone(view)) if at > figures.plant_now(view, now_s) else "—"


def reading(
    name: str, one: ReadingView, machine: MachineView, view: View, words: Words, now_s: float, width: int
) -> Line:
    """Return one value; one that is not live is grey and says since when, never the old number alone."""
    value = f"{one['value']:.1f} {words.of('unit', one['unit'])}"
    age = brief(figures.reading_age_s(view, machine, one, now_s))
    label = fit(say((f" {words.of('tag', name)}", PLAIN)), _NAME)
    if figures.is_live(view, machine, one):
        return say(
            label, fit(say((value, BRIGHT)), _VALUE, right=True), "  ", (words("machine.good"), GOOD), (f"  {age}", DIM)
        )
    if one["quality"] == "bad" and machine["link"] == "fresh":
        return say(
            label,
            fit(say((value, FAINT)), _VALUE, right=True),
            "  ",
            (words("machine.bad", why=one["reason"]), BAD),
            (f"  {age}", DIM),
        )
    since = clock(one["at"], figures.site_zone(view))
    return fit(
        say(
            label,
            fit(say((value, FAINT)), _VALUE, right=True),
            "  ",
            (words("machine.stale", at=since), DIM),
            (f"  {age}", FAINT),
        ),
        width,
    )


def boil(machine: MachineView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return the present boil: credited against required, the machine's own count, its end, the add-late window."""
    one = machine["boil"]
    if one is None:
        return []
    zone = figures.site_zone(view)
    done = figures.credited(one) >= 1.0
    times = flow(
        [
            say((words("machine.counter", minutes=f"{one['counter_s'] / 60:.1f}"), DIM)),
            say((words("machine.began", at=minute(one["began_at"], zone)), DIM)),
            say((words("machine.ends", at=minute(one["ends_at"], zone)), DIM)),
            *late(one, view, words, now_s),
        ],
        width - 1,
    )
    return [
        rule(words("machine.boil", name=words.of("boil", one["name"])), width, words.of("boil-state", one["state"])),
        say(
            " ",
            bar(figures.credited(one), _BAR, GOOD if done else WARN),
            (f" {span(one['credit_s'])}", BRIGHT),
            (f" / {span(one['required_s'])} {words('machine.credited')}", DIM),
        ),
        *(say(" ", line) for line in times),
    ]


def late(one: BoilView, view: View, words: Words, now_s: float) -> list[Line]:
    """Return the add-late window with the time to its next edge, where there is one."""
    if not one["opens_at"]:
        return []
    zone = figures.site_zone(view)
    frame = figures.window(one["opens_at"], one["closes_at"], figures.plant_now(view, now_s))
    times = words("machine.late", opens=minute(one["opens_at"], zone), closes=minute(one["closes_at"], zone))
    style = {"open": BAD, "early": WARN}.get(frame.state, DIM)
    return [say((times, DIM), " ", (words(f"window.{frame.state}", rest=span(frame.rest_s)), style))]


def graph(view: View, words: Words, size: tuple[int, int]) -> list[Line]:
    """Return the curve of the batch in the machine."""
    width, height = size
    one, machine = view.curve, view.machines.get(view.machine_id)
    if one is None or machine is None or one["batch"] != machine["batch"] or not machine["readings"]:
        return [rule(words("machine.curve"), width), say((words("machine.no-curve"), FAINT))]
    zone = figures.site_zone(view)
    samples = [Sample(point["at"], point["value"], point["quality"] == "good") for point in one["points"]]
    title = words("machine.curve-of", tag=words.of("tag", one["tag"]), unit=words.of("unit", one["unit"]))
    note = words("machine.threshold", value=f"{one['boil_celsius']:.1f}")
    lines = curve(samples, one["boil_celsius"], (width, height - 1), lambda at: minute(at, zone))
    return [rule(title, width, note), *(lines or [say((words("machine.no-curve"), FAINT))])]
