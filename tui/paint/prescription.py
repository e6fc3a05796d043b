"""One prescription, whole: who it is for, what goes in, the gates it passed, its batches and everything that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import day_minute, minute
from tui.codes import short, tidy
from tui.figures import credited, site_zone
from tui.ink import BAD, BRIGHT, DIM, FAINT, GOOD, NOTE, PLAIN, WARN, bar, beside, fit, rule, say, wrap
from tui.paint.facts import entry
from tui.paint.prescriptions import number, patient, slack, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textual.style import Style

    from controller.wire import BatchView, CheckpointView, FindingView, HoldView, ItemView, PrescriptionView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

    Section = Callable[[PrescriptionView, View, Words, int], list[Line]]

GATES = ("source", "storage", "review", "decoction", "delivery")
_VERDICT = {"passed": GOOD, "deviation": WARN, "failed": BAD, "refused": BAD}
_MARK = {"passed": "+", "deviation": "~", "failed": "x", "refused": "x"}
_HERB, _GRAMS, _LOT = 14, 9, 16
_BAR = 16


def head(case: PrescriptionView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return two lines: what it is and where it stands; who it is for and when it is promised."""
    zone = site_zone(view)
    promised = say(
        (words("col.promised"), DIM),
        f" {day_minute(case['promised_at'], zone)}  ",
        (words("col.slack"), DIM),
        " ",
        slack(case, view, now_s),
    )
    who = case["patient"]
    person = say(
        patient(who),
        (f"  {words.of('sex', who['sex'])} {words('rx.years', age=who['age_years'])}", PLAIN),
        "  ",
        cautions(case, words),
    )
    return [
        beside(say(number(case, words), "  ", (case["hospital"], DIM), "  ", status(case, words)), promised, width),
        beside(person, say((short(case["id"]), DIM)), width),
    ]


def cautions(case: PrescriptionView, words: Words) -> Line:
    """Return what a pharmacist must know of the patient; unknown is said, not left out."""
    who = case["patient"]
    parts: list[tuple[str, Style]] = []
    for name, state in (("pregnant", who["pregnant"]), ("lactating", who["lactating"])):
        if state is not False:
            parts.append((words(f"rx.{name}" if state else f"rx.{name}-unknown") + " ", BAD if state else WARN))
    if who["allergies"] is None:
        parts.append((words("rx.allergies-unknown"), WARN))
    elif who["allergies"]:
        parts.append((words("rx.allergies", what=", ".join(who["allergies"])), BAD))
    return say(*parts)


def recipe(case: PrescriptionView, words: Words) -> Line:
    """Return what is to be made of it."""
    made = words("rx.recipe", doses=case["doses"], servings=case["servings_per_dose"], ml=case["serving_ml"])
    kinds = "  ".join(
        (words.of("preparation", case["preparation"]), words.of("class", case["recipe_class"]),
         words.of("route", case["route"]), words.of("delivery", case["delivery"]))
    )  # fmt: skip
    return say((made, BRIGHT), "  ", (kinds, DIM))


def items(case: PrescriptionView, _view: View, words: Words, width: int) -> list[Line]:
    """Return the herbs: grams per dose, what was weighed, from which lot, and how each is treated."""
    return [
        rule(words("rx.items", count=len(case["items"])), width),
        recipe(case, words),
        say(
            (words("rx.prescriber"), DIM),
            f" {case['prescriber']}  ",
            (words("rx.diagnosis"), DIM),
            f" {case['diagnosis']}",
        ),
        *(item(one, words, width) for one in case["items"]),
    ]


def item(one: ItemView, words: Words, width: int) -> Line:
    """Return one herb."""
    weighed = "+".join(f"{grams:g}" for grams in one["weighed"])
    handling = "" if one["handling"] == "none" else words.of("handling", one["handling"])
    line = say(
        fit(say((one["herb"], BRIGHT)), _HERB),
        fit(say(f"{one['grams']:g} g"), _GRAMS, right=True),
        "  ",
        fit(say((weighed and f"{weighed} / ", GOOD), (f"{one['total_grams']:g} g", DIM)), _GRAMS * 2),
        fit(say((one["lot"], DIM)), _LOT),
    )
    return beside(line, say((handling, NOTE)), width)


def gates(case: PrescriptionView, view: View, words: Words, width: int) -> list[Line]:
    """Return the checkpoints of the present batch by gate, and those that are still missing."""
    lines = [rule(words("rx.gates"), width)]
    batch = present(case)
    if batch is None:
        return [*lines, say((words("rx.no-batch"), FAINT))]
    for gate in GATES:
        points = [point for point in batch["checkpoints"] if point["gate"] == gate]
        lines.append(say((f" {words.of('gate', gate)} ", BRIGHT), (f"{len(points)}", DIM)))
        lines += [checkpoint(point, view, words, width) for point in points]
    return [*lines, *missing(batch, words, width)]


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


def batches(case: PrescriptionView, view: View, words: Words, width: int) -> list[Line]:
    """Return every batch, newest first, and the parcel."""
    lines: list[Line] = []
    for batch in reversed(case["batches"]):
        lines += [*batch_lines(batch, view, words, width), say()]
    return [
        *(lines or [rule(words("rx.batches"), width), say((words("rx.no-batch"), FAINT))]),
        *parcel(case, view, words, width),
    ]


def batch_lines(batch: BatchView, view: View, words: Words, width: int) -> list[Line]:
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
        *(line for one in boil_lines(batch, view, words) for line in wrap(one, width)),
        *(say((bags, PLAIN)) for _ in range(bool(bags))),
        *(line for one in batch["holds"] for line in hold(one, view, words, width)),
        *_deviations(batch, words, width),
    ]


def boil_lines(batch: BatchView, view: View, words: Words) -> Iterator[Line]:
    """Yield one line for every boil of the plan: credited against required, the machine's own count, the add-late window."""
    zone = site_zone(view)
    for boil in batch["boils"]:
        done = credited(boil) >= 1.0
        frame = {"opens": minute(boil["opens_at"], zone), "closes": minute(boil["closes_at"], zone)}
        late = f"  {words('machine.late', **frame)}" if boil["opens_at"] else ""
        counted = words("machine.counter", minutes=f"{boil['counter_s'] / 60:.1f}")
        yield say(
            fit(say((words.of("boil", boil["name"]), BRIGHT)), _GRAMS),
            bar(credited(boil), _BAR, GOOD if done else WARN),
            f" {boil['credit_s'] / 60:.1f} / {boil['required_s'] / 60:g} min",
            (f"  {counted}{late}", DIM),
        )


def hold(one: HoldView, view: View, words: Words, width: int) -> list[Line]:
    """Return one hold: why, since when, and what may be signed."""
    choices = " / ".join(words.of("choice", choice) for choice in one["choices"])
    since = minute(one["at"], site_zone(view))
    return [
        *wrap(
            say((words("rx.held"), BAD), " ", (words.pick(one["text_zh"], one["text_en"]), BRIGHT), f" {one['note']}"),
            width,
        ),
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


def parcel(case: PrescriptionView, view: View, words: Words, width: int) -> list[Line]:
    """Return the parcel and what is to be said on it."""
    one = case["parcel"]
    if one is None:
        return []
    handed = (
        day_minute(one["handed_over_at"], site_zone(view)) if one["handed_over_at"] else words("rx.not-handed-over")
    )
    return [
        rule(words("rx.parcel"), width, words.of("delivery", one["method"])),
        say((one["code"], BRIGHT), "  ", (words("rx.pickup"), DIM), f" {one['pickup_code']}"),
        say((words("rx.handed-over"), DIM), f" {handed} {short(one['courier'])}"),
        *(say("  - ", (label, NOTE)) for label in one["labels"]),
    ]


def findings(case: PrescriptionView, words: Words, width: int) -> list[Line]:
    """Return what review has found; what still needs somebody is lit."""
    lines = [rule(words("rx.findings", count=len(case["findings"])), width)]
    for one in case["findings"]:
        lines += finding(one, words, width)
    return lines if case["findings"] else [*lines, say((words("rx.no-findings"), GOOD))]


def finding(one: FindingView, words: Words, width: int) -> list[Line]:
    """Return one finding: who must settle it, what it says, its source, what is proposed."""
    open_ = one["settles"] == "prescriber" and not one["overridden_by"]
    style = BAD if open_ else WARN if one["settles"] == "reviewer" else DIM
    settled = words("rx.overridden", by=one["overridden_by"]) if one["overridden_by"] else ""
    proposal = words("rx.proposal", what=words.of("value", one["proposal"])) if one["proposal"] else ""
    text = say((f"{words.of('settles', one['settles'])} ", style), (words.pick(one["text_zh"], one["text_en"]), PLAIN))
    return [
        *wrap(text, width),
        say("  ", (f"{one['rule']}  {one['source']}", FAINT), "  ", (proposal, NOTE), (settled, GOOD)),
    ]


def timeline(case: PrescriptionView, view: View, words: Words, width: int) -> list[Line]:
    """Return everything that happened, newest first; the minutes of a boil are with its batch."""
    facts = sorted((fact for fact in case["timeline"] if fact["kind"] != "BoilMeasured"), key=lambda fact: -fact["seq"])
    return [rule(words("rx.timeline"), width, str(len(facts))), *(entry(fact, words, view, width) for fact in facts)]


def review(case: PrescriptionView, _view: View, words: Words, width: int) -> list[Line]:
    """Return the findings, as a section."""
    return findings(case, words, width)


SECTIONS: dict[str, Section] = {
    "items": items,
    "findings": review,
    "gates": gates,
    "batches": batches,
    "timeline": timeline,
}
"""The pages of a prescription, in the order of the tab key."""


def tabs(words: Words, here: str) -> Line:
    """Return the names of the pages; the one in sight is lit."""
    return say(*((f" {words(f'tab.{name}')} ", NOTE if name != here else BRIGHT) for name in SECTIONS))


def present(case: PrescriptionView) -> BatchView | None:
    """Return the batch at work, None before approval."""
    return next((batch for batch in case["batches"] if batch["id"] == case["batch"]), None)


def section(name: str, case: PrescriptionView, view: View, words: Words, width: int) -> Sequence[Line]:
    """Return one page."""
    return SECTIONS[name](case, view, words, width)
