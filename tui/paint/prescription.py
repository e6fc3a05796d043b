"""One prescription, whole: who it is for, what goes in, the gates it passed, its batches and everything that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.clocks import day_minute
from tui.codes import short
from tui.figures import site_zone
from tui.ink import BAD, BRIGHT, DIM, FAINT, GOOD, NOTE, PLAIN, WARN, beside, fit, rule, say, wrap
from tui.paint import batch
from tui.paint.facts import entry
from tui.paint.prescriptions import number, patient, slack, status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.style import Style

    from controller.wire import BatchView, FindingView, ItemView, PrescriptionView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

    Section = Callable[[PrescriptionView, View, Words, int], list[Line]]

GATES = ("source", "storage", "review", "decoction", "delivery")
_HERB, _GRAMS, _LOT, _NUMBER = 14, 9, 16, 26


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
    one = present(case)
    if one is None:
        return [*lines, say((words("rx.no-batch"), FAINT))]
    for gate in GATES:
        points = [point for point in one["checkpoints"] if point["gate"] == gate]
        lines.append(say((f" {words.of('gate', gate)} ", BRIGHT), (f"{len(points)}", DIM)))
        lines += [batch.checkpoint(point, view, words, width) for point in points]
    return [*lines, *batch.missing(one, words, width)]


def batches(case: PrescriptionView, view: View, words: Words, width: int) -> list[Line]:
    """Return every batch, newest first, and the parcel."""
    lines: list[Line] = []
    for one in reversed(case["batches"]):
        lines += [*batch.whole(one, view, words, width), say()]
    return [
        *(lines or [rule(words("rx.batches"), width), say((words("rx.no-batch"), FAINT))]),
        *parcel(case, view, words, width),
    ]


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


def numbers(case: PrescriptionView, _view: View, words: Words, width: int) -> list[Line]:
    """Return the recipe's numbers as the present batch was planned with them, each with the layer that set it."""
    one = present(case)
    if one is None:
        return [rule(words("tab.recipe"), width), say((words("rx.no-batch"), FAINT))]
    plan = one["plan"]
    lines = [rule(words("tab.recipe"), width, f"{plan.get('recipe_version', '')} {plan.get('recipe_digest', '')[:12]}")]
    return [*lines, *(setting(row, words) for row in plan.get("settings", ()))]


def setting(row: Mapping[str, Any], words: Words) -> Line:
    """Return one number and who set it: what the general table says is dim, anything else is lit."""
    values = ", ".join(f"{value:g}" for value in row["values"])
    own, _, place = row["layer"].rpartition(" ")
    layer = " ".join(filter(None, (words.of("layer", own) if own else "", words.of("layer", place.partition(".")[0]))))
    style = DIM if row["layer"] == "general" else NOTE
    return say(
        fit(say((words.of("setting", row["name"]), PLAIN)), _NUMBER),
        fit(say((values, BRIGHT)), _GRAMS, right=True),
        "  ",
        (f"{layer}  {place if '.' in place else ''}".rstrip(), style),
    )


SECTIONS: dict[str, Section] = {
    "items": items,
    "findings": review,
    "gates": gates,
    "recipe": numbers,
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
