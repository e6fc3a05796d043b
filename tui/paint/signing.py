"""What a person signs for: the batch with its gates, boils and holds, the choices under their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.acts import choices_of
from tui.clocks import span
from tui.figures import plant_now
from tui.ink import BAD, BRIGHT, DIM, FAINT, KEY, PLAIN, flow, rule, say, wrap
from tui.paint import batch as painter
from tui.paint import prescription
from tui.paint.desk import tone
from tui.widgets.table import Column

if TYPE_CHECKING:
    from controller.wire import BatchView, PrescriptionView, TaskView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

KINDS = ("hold", "excursion", "recipe", "release", "verify")


def columns(words: Words) -> list[Column]:
    """Return the columns of the queue."""
    return [
        Column(words("col.task"), 8),
        Column(words("col.prescription"), 16),
        Column(words("col.what")),
        Column(words("col.slack"), 9, right=True),
    ]


def cells(task: TaskView, view: View, words: Words, now_s: float) -> list[Line]:
    """Return one row of the queue."""
    rest = (task["rank"] - plant_now(view, now_s)) / 1000
    return [
        say((words.of("task", task["kind"]), tone(task))),
        say((task["prescription_no"], BRIGHT)),
        say(words.pick(task["text_zh"], task["text_en"])),
        say((span(rest), BAD if rest < 0 else PLAIN)) if task["case"] else say(("-", FAINT)),
    ]


def choices(task: TaskView | None, words: Words, width: int) -> list[Line]:
    """Return what may be signed, each with its key."""
    if task is None:
        return []
    offered = enumerate(choices_of(task), 1)
    return flow((say((f" {number} ", KEY), words.of("choice", choice)) for number, choice in offered), width)


def detail(task: TaskView | None, view: View, words: Words, width: int) -> list[Line]:
    """Return the facts behind a task."""
    if task is None:
        return [say((words("signing.none"), FAINT))]
    case = view.case
    lines = [*choices(task, words, width), *wrap(say(words.pick(task["text_zh"], task["text_en"])), width)]
    if case is None or case["id"] != task["case"]:
        return [*lines, *_details(task, words, width)]
    batch = next((one for one in case["batches"] if one["id"] == task["batch"]), None)
    return [*lines, *(_of_batch(task, case, batch, view, words, width) if batch else ())]


def _details(task: TaskView, words: Words, width: int) -> list[Line]:
    pairs = [say((words.of("fact-name", name), DIM), f" {value}") for name, value in task["details"].items()]
    return flow(pairs, width)


def _of_batch(
    task: TaskView, case: PrescriptionView, batch: BatchView, view: View, words: Words, width: int
) -> list[Line]:
    lines = [say(prescription.patient(case["patient"]), "  ", prescription.recipe(case, words))]
    if task["kind"] == "verify":
        return [*lines, *(prescription.item(one, words, width) for one in case["items"])]
    failed = [point for point in batch["checkpoints"] if point["verdict"] not in {"passed", "deviation"}]
    return [
        *lines,
        *painter.whole(batch, view, words, width),
        *(
            [rule(words("signing.failed", count=len(failed)), width)]
            + [painter.checkpoint(point, view, words, width) for point in failed]
            if failed
            else []
        ),
        *painter.missing(batch, words, width),
        say((words("signing.recorded", count=len(batch["checkpoints"])), DIM)),
    ]
