"""What the terminal knows, as one value that is replaced and never changed: folds of events, answers and a person's acts.

Screens read a `View` and paint it. Monotonic wall seconds (`*_s`) tell how old a thing is; `*_at` are ms of plant time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tui.desk import EMPTY, Hand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from controller.wire import (
        AlarmView,
        CurveView,
        FactView,
        LineView,
        MachineView,
        PrescriptionPage,
        PrescriptionRow,
        PrescriptionView,
        TaskView,
    )
    from controller.wire.alarm_load import AlarmLoadView
    from controller.wire.recipe import RecipeView

RECENT = 60
"""How many facts the ticker keeps."""

LOCK_AFTER_S = 300.0
"""Wall seconds without a key or scan after which the terminal forgets who stands there."""


QUIET = frozenset({"BoilMeasured", "OrderAccepted", "MachineObserved", "CheckpointRecorded"})
"""Facts that come by the minute and that nobody would tell a colleague."""


class Link(StrEnum):
    """The road to the controller."""

    KEYLESS = "keyless"
    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"


class Tone(StrEnum):
    """How an act ended, as a colour."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Session:
    """Who stands at which station, and what is done there. `used_s`: monotonic seconds of the last key or scan."""

    station: str = ""
    kind: str = ""
    name_zh: str = ""
    name_en: str = ""
    actor: str = ""
    person: str = ""
    used_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to the last act: a headline and what there is to know."""

    tone: Tone
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """One line that stands in place of the keys until a monotonic instant."""

    text: str = ""
    tone: Tone = Tone.BAD
    until_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Weigh:
    """A herb is to be weighed, `times` more portions of `grams` each."""

    batch: str
    herb: str
    grams: float
    tolerance_g: float
    times: int


@dataclass(frozen=True, slots=True)
class Minutes:
    """A part made apart is there; how long did it take? `least`: minutes asked for, 0 where none."""

    batch: str
    herb: str
    code: str
    least: int


Ask = Weigh | Minutes


@dataclass(frozen=True, slots=True)
class Query:
    """Which prescriptions are listed: of one status (empty: open ones), the page after `cursors[-1]`."""

    status: str = ""
    cursors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything on the screens. `machine_s`: when each machine was last heard of; `held`: what has come of a code so far."""

    link: Link = Link.CONNECTING
    link_since_s: float = 0.0
    link_why: str = ""
    seq: int = 0
    line: LineView | None = None
    line_s: float = 0.0
    machines: Mapping[str, MachineView] = field(default_factory=dict[str, "MachineView"])
    machine_s: Mapping[str, float] = field(default_factory=dict[str, float])
    alarms: Sequence[AlarmView] = ()
    load: AlarmLoadView | None = None
    load_month: str = ""
    recipe: RecipeView | None = None
    tasks: Sequence[TaskView] = ()
    rows: Sequence[PrescriptionRow] = ()
    rows_s: float = 0.0
    cursor: str = ""
    query: Query = Query()
    recent: tuple[FactView, ...] = ()
    case_id: str = ""
    case: PrescriptionView | None = None
    machine_id: str = ""
    curve: CurveView | None = None
    session: Session = Session()
    held: str = ""
    hand: Hand = EMPTY
    ask: Ask | None = None
    verdict: Verdict | None = None
    notice: Notice = Notice()


def linked(view: View, link: Link, at_s: float, why: str = "") -> View:
    """Take that the road to the controller changed; `link_since_s` moves only then."""
    since = view.link_since_s if link is view.link else at_s
    return replace(view, link=link, link_since_s=since, link_why=why)


def with_line(view: View, line: LineView, at_s: float) -> View:
    """Take the line at a glance."""
    return replace(view, line=line, line_s=at_s)


def with_machines(view: View, changed: Iterable[MachineView], at_s: float, *, complete: bool = False) -> View:
    """Take the machines that changed; `complete`: there are no others."""
    machines = {} if complete else dict(view.machines)
    heard = {} if complete else dict(view.machine_s)
    for machine in changed:
        machines[machine["id"]] = machine
        heard[machine["id"]] = at_s
    return replace(view, machines=machines, machine_s=heard)


def with_fact(view: View, fact: FactView) -> View:
    """Take a fact of the stream; one that was seen already changes nothing."""
    if fact["seq"] <= view.seq:
        return view
    recent = view.recent if fact["kind"] in QUIET else (fact, *view.recent[: RECENT - 1])
    return replace(view, seq=fact["seq"], recent=recent)


def rewound(view: View, seq: int) -> View:
    """Start reading facts after `seq`: another database, or a gap too long to catch up with."""
    return replace(view, seq=seq, recent=())


def with_rows(view: View, page: PrescriptionPage, at_s: float) -> View:
    """Take a page of the prescriptions."""
    return replace(view, rows=page["items"], rows_s=at_s, cursor=page["cursor"] or "")


def with_case(view: View, case: PrescriptionView) -> View:
    """Take one prescription, unless another one has been opened meanwhile."""
    return replace(view, case=case) if case["id"] == view.case_id else view


def opened(view: View, case_id: str) -> View:
    """Open a prescription; what was shown of another one goes."""
    known = view.case if view.case and view.case["id"] == case_id else None
    return replace(view, case_id=case_id, case=known)


def turned_to(view: View, machine_id: str) -> View:
    """Turn to a machine; the curve of another one goes."""
    return replace(view, machine_id=machine_id, curve=view.curve if machine_id == view.machine_id else None)


def with_curve(view: View, curve: CurveView) -> View:
    """Take a curve, unless another machine has been turned to meanwhile."""
    return replace(view, curve=curve) if curve["machine"] == view.machine_id else view


def logged_in(view: View, actor: str, name: str, at_s: float) -> View:
    """Somebody scanned a badge."""
    return replace(view, session=replace(view.session, actor=actor, person=name, used_s=at_s))


def stationed(view: View, station: str) -> View:
    """Take that the terminal stands at a station (empty: it only shows)."""
    return replace(view, session=Session(station=station))


def introduced(view: View, whoami: Mapping[str, Any]) -> View:
    """Take what the station's key is good for."""
    station: Mapping[str, str] = whoami["station"] or {}
    session = replace(
        view.session,
        kind=station.get("kind", str(whoami["role"])),
        name_zh=station.get("name_zh", ""),
        name_en=station.get("name_en", ""),
    )
    return replace(view, session=session)


def touched(view: View, at_s: float) -> View:
    """Take that a key was pressed."""
    return replace(view, session=replace(view.session, used_s=at_s))


def locked(view: View) -> View:
    """Nobody stands here any more: what was in hand is put down."""
    session = replace(view.session, actor="", person="")
    return replace(view, session=session, hand=EMPTY, ask=None)


def must_lock(view: View, at_s: float) -> bool:
    """Say whether the person has been away too long."""
    return bool(view.session.actor) and at_s - view.session.used_s > LOCK_AFTER_S
