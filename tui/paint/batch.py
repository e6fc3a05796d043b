"""One batch: where it is, who had it in hand, its boils, its holds and the checkpoints it has passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import minute
from tui.codes import short, tidy
from tui.figures import credited, site_zone
from tui.ink import BAD, BRIGHT, DIM, GOOD, PLAIN, WARN, bar, beside, fit, rule, say, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.wire import BatchView, CheckpointView, HoldView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_VERDICT = {"passed": GOOD, "deviation": WARN, "failed": BAD, "refused": BAD}
_MARK = {"passed": "+", "deviation": "~", "failed": "x", "refused": "x"}
_NAME, _BAR = 9, 16


def checkpoint(point: CheckpointView, view: View, words: Words, width: int) -> Line:
    """Return one checkpoint: its verdict, its measured value with limits, by whom and when."""
    style = _VERDICT.get(point["verdict"], PLAIN)
    value = (
        say()
        if point["value"] is None
        else say(f"  {point['value']:g} {words.of('unit', point['unit'])} ", (_limits(point), DIM))
    )
    attested = (f" {words('rx.attested')}", WARN) if point["attested"] else ("", PLAIN)
    subject = about(point["name"], point["about"])
    line = say(
        ("  " + _MARK.get(point["verdict"], "?"), style),
        f" {words.of('checkpoint', point['name'])}",
        (f" {subject}", DIM),
        value,
        (f" {words.of('value', tidy(point['evidence']))}", DIM),
        attested,
    )
    return beside(line, say((f" {short(point['by'])} {minute(point['at'], site_zone(view))}", DIM)), width)


def about(name: str, of: str) -> str:
    """Return what a checkpoint is about; `separate.HERB` carries its herb in its name."""
    kind, _, herb = name.partition(".")
    return of or (herb if kind == "separate" else "")


def _limits(point: CheckpointView) -> str:
    low, high = point["low"], point["high"]
    if low is None and high is None:
        return ""
    return f"[{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}]"


def missing(batch: BatchView, words: Words, width: int) -> list[Line]:
    """Return the checkpoints that release will still ask for."""
    if not batch["missing"]:
        return []
    names = "  ".join(f"{words.of('checkpoint', name)} {about(name, of)}".strip() for name, of in batch["missing"])
    return wrap(say((words("rx.missing", count=len(batch["missing"])), WARN), " ", (names, DIM)), width)


def whole(batch: BatchView, view: View, words: Words, width: int) -> list[Line]:
    """Return one batch: where it is, who had it in hand, its boils, holds and deviations."""
    people = "  ".join(
        f"{words(f'rx.{role}')} {' '.join(map(short, names))}"
        for role, names in (
            ("dispensers", batch["dispensers"]),
            ("verifier", [batch["verifier"]]),
            ("operators", batch["operators"]),
            ("releaser", [batch["released_by"]]),
        )
        if any(names)
    )
    places = "  ".join(
        f"{words.of('place', name)} {place}"
        for name, place in (
            ("pail", short(batch["pail"])),
            ("soak", batch["soak_machine"]),
            ("pot", batch["pot"]),
            ("packer", batch["packer"]),
        )
        if place
    )
    bags = words("rx.bags", packed=len(batch["bags"]), boxed=batch["boxed"]) if batch["bags"] else ""
    return [
        rule(
            words("rx.batch", id=short(batch["id"]), attempt=batch["attempt"]), width, words.of("stage", batch["stage"])
        ),
        *(wrap(say(places), width) if places else ()),
        *(wrap(say((people, DIM)), width) if people else ()),
        *(line for one in boils(batch, view, words) for line in wrap(one, width)),
        *(say((bags, PLAIN)) for _ in range(bool(bags))),
        *(line for one in batch["holds"] for line in hold(one, view, words, width)),
        *_deviations(batch, words, width),
    ]


def boils(batch: BatchView, view: View, words: Words) -> Iterator[Line]:
    """Yield one line for every boil of the plan: credited against required, the machine's own count, the add-late window."""
    zone = site_zone(view)
    for boil in batch["boils"]:
        done = credited(boil) >= 1.0
        frame = {"opens": minute(boil["opens_at"], zone), "closes": minute(boil["closes_at"], zone)}
        late = f"  {words('machine.late', **frame)}" if boil["opens_at"] else ""
        counted = words("machine.counter", minutes=f"{boil['counter_s'] / 60:.1f}")
        yield say(
            fit(say((words.of("boil", boil["name"]), BRIGHT)), _NAME),
            bar(credited(boil), _BAR, GOOD if done else WARN),
            f" {boil['credit_s'] / 60:.1f} / {boil['required_s'] / 60:g} min",
            (f"  {counted}{late}", DIM),
        )


def hold(one: HoldView, view: View, words: Words, width: int) -> list[Line]:
    """Return one hold: why, since when, and what may be signed."""
    choices = " / ".join(words.of("choice", choice) for choice in one["choices"])
    since, text = minute(one["at"], site_zone(view)), words.pick(one["text_zh"], one["text_en"])
    note = "" if one["note"] in text else f" {tidy(one['note'])}"
    return [
        *wrap(say((words("rx.held"), BAD), " ", (tidy(text), BRIGHT), note), width),
        *wrap(
            say((f"{words.of('cause', one['cause'])} {one['machine']} {words('rx.since', at=since)}  {choices}", DIM)),
            width,
        ),
    ]


def _deviations(batch: BatchView, words: Words, width: int) -> Iterator[Line]:
    for one in batch["deviations"]:
        who = short(str(one.get("accepted_by") or "")) or words("rx.open-deviation")
        text = words.pick(str(one.get("text_zh", "")), str(one.get("text_en", "")))
        yield from wrap(
            say(
                (words("rx.deviation"), WARN),
                f" {text} ",
                (f"{one.get('note', '')} {who}", DIM),
            ),
            width,
        )
