"""What the terminal knows grows older by the clock, is replaced and never mixed up; lines are as wide as their place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.facts import FACTS
from tests.screens import plant_data, recipe_data
from tests.screens.plant_data import MINUTE, NOW, POTS, Line, code, fact, machine, reading
from tui import figures, state
from tui.clocks import CHINA, brief, clock, iso, span, zone_of
from tui.freshness import LEAST_GAP_S, PERIOD_S, Freshness, Need, outdated
from tui.paint import alarms, chrome, desk, overview, prescription, prescriptions, pressing, signing
from tui.paint import machine as machine_painter
from tui.paint import recipe as recipe_painter
from tui.paint.curve import Sample, curve
from tui.state import Hand, Link, View
from tui.words import Words

NOW_S = 1000.0
ZH = Words("zh_CN")


def full(**more: Any) -> View:
    """Return a view with everything of the sample plant in it."""
    line = Line()
    view = state.with_line(View(link=Link.ONLINE), line.glance(), NOW_S)  # pyright: ignore[reportArgumentType]
    view = state.with_machines(view, line.machines, NOW_S, complete=True)  # pyright: ignore[reportArgumentType]
    view = state.with_rows(view, {"items": line.rows, "cursor": None}, NOW_S)  # pyright: ignore[reportArgumentType]
    view = replace(view, alarms=line.alarms, tasks=line.tasks, **more)
    for one in line.facts:
        view = state.with_fact(view, one)  # pyright: ignore[reportArgumentType]
    return view


def test_plant_time_goes_on_at_the_speed_of_the_plant() -> None:
    line = {**Line().glance(), "speed": 60}
    view = state.with_line(View(), line, NOW_S)  # pyright: ignore[reportArgumentType]
    assert figures.plant_now(view, NOW_S + 2) == NOW + 2 * 60 * 1000
    assert figures.plant_now(View(), NOW_S) == 0


def test_ages_grow_with_the_wall_and_rests_shrink_with_the_plant() -> None:
    view = full()
    pot = view.machines["pot-01"]
    assert figures.age_s(view, pot, NOW_S + 7) == pytest.approx(7.4)
    assert figures.remaining_s(view, pot, NOW_S + 20) == pytest.approx(400)
    assert figures.remaining_s(view, pot, NOW_S + 9999) == 0


def test_a_value_is_live_only_while_road_link_and_quality_are_good() -> None:
    view = full()
    pot, value = view.machines["pot-01"], view.machines["pot-01"]["readings"]["ActualTemperature"]
    assert figures.is_live(view, pot, value)
    assert not figures.is_live(replace(view, link=Link.OFFLINE), pot, value)
    assert not figures.is_live(view, {**pot, "link": "stale"}, value)
    assert not figures.is_live(view, pot, {**value, "quality": "bad"})


@pytest.mark.parametrize(
    ("more", "phase"),
    [
        ({}, "idle"),
        ({"link": "stale", "fault": 3}, "lost"),
        ({"link": "never"}, "unseen"),
        ({"fault": 3, "held": True}, "fault"),
        ({"held": True, "step": "HOLD_BOIL"}, "held"),
        ({"mode": "MAINTENANCE"}, "manual"),
        ({"step": "HoldBoil"}, "boil"),
        ({"step": "HEAT_TO_BOIL"}, "heat"),
        ({"batch": "B-1"}, "wait"),
        ({"next_batch": "B-1", "clean": False}, "next"),
        ({"clean": False}, "dirty"),
    ],
)
def test_what_needs_a_person_wins_over_what_a_machine_works_at(more: dict[str, Any], phase: str) -> None:
    assert figures.phase(machine("pot-01", "decoction", **more)) == phase  # pyright: ignore[reportArgumentType]


def test_a_scale_is_never_dirty() -> None:
    assert figures.phase(machine("scale-1", "scale", clean=False)) == "idle"  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("opens", "closes", "expected"),
    [(0, 0, "none"), (5, 9, "early"), (-5, 9, "open"), (-9, -5, "closed"), (-5, 0, "open")],
)
def test_a_window_is_early_open_or_closed(opens: int, closes: int, expected: str) -> None:
    at = [NOW + minutes * MINUTE if minutes else 0 for minutes in (opens, closes)]
    assert figures.window(*at, NOW).state == expected


def test_a_fact_is_taken_once() -> None:
    view = full()
    seen = view.recent
    assert state.with_fact(view, fact(view.seq, "AlarmCleared", 0, "x")).recent == seen  # pyright: ignore[reportArgumentType]
    assert len(state.with_fact(view, fact(view.seq + 1, "AlarmCleared", 0, "x")).recent) == len(seen) + 1  # pyright: ignore[reportArgumentType]


def test_an_answer_about_what_is_no_longer_open_is_dropped() -> None:
    view = state.opened(full(), code("R", 3))
    late = plant_data.case(9, plant_data.row(9, "held"))
    assert state.with_case(view, late).case is None  # pyright: ignore[reportArgumentType]
    turned = state.turned_to(view, "pot-02")
    assert state.with_curve(turned, plant_data.curve("B", "pot-01")).curve is None  # pyright: ignore[reportArgumentType]


def test_locking_forgets_the_person_and_puts_everything_down() -> None:
    view = state.logged_in(full(hand=Hand("T-AAAA")), "A-1", "somebody", NOW_S)
    assert not state.must_lock(view, NOW_S + 299)
    assert state.must_lock(view, NOW_S + 301)
    assert state.must_lock(state.touched(view, NOW_S + 200), NOW_S + 301) is False
    assert (state.locked(view).session.actor, state.locked(view).hand) == ("", state.EMPTY)


def test_a_lost_link_keeps_the_moment_it_was_lost() -> None:
    view = state.linked(View(), Link.OFFLINE, 5.0, "a")
    assert state.linked(view, Link.OFFLINE, 9.0, "b").link_since_s == 5.0


# --- freshness ---


def test_a_fact_makes_old_what_it_may_have_changed() -> None:
    view = state.opened(View(), "R-1")
    assert Need.CASE in outdated(fact(1, "HerbWeighed", 0, "R-1"), view)  # pyright: ignore[reportArgumentType]
    assert Need.CASE not in outdated(fact(1, "HerbWeighed", 0, "R-2"), view)  # pyright: ignore[reportArgumentType]
    for kind in (name for name in FACTS if name.startswith("Alarm")):
        assert outdated(fact(1, kind, 0, "a"), view) == {Need.ALARMS, Need.LINE}  # pyright: ignore[reportArgumentType]
    assert Need.RECIPE in outdated(fact(1, "RecipeApproved", 0, "recipe"), view)  # pyright: ignore[reportArgumentType]
    assert Need.RECIPE not in outdated(fact(1, "HerbWeighed", 0, "R-2"), view)  # pyright: ignore[reportArgumentType]
    assert not outdated(fact(1, "BoilMeasured", 0, "R-2"), view)  # pyright: ignore[reportArgumentType]


def test_a_storm_of_facts_is_one_fetch_in_a_while() -> None:
    fresh, needs = Freshness(), frozenset({Need.LINE})
    assert fresh.due(needs, 0.0) == [Need.LINE]
    fetches = 0
    for tick in range(100):
        fresh.spoil(Need.LINE)
        fetches += len(fresh.due(needs, 0.01 * tick))
    assert fetches == 1
    assert fresh.due(needs, LEAST_GAP_S * 3) == [Need.LINE]
    assert fresh.due(needs, LEAST_GAP_S * 3 + PERIOD_S[Need.LINE] - 0.1) == []
    assert fresh.due(needs, LEAST_GAP_S * 3 + PERIOD_S[Need.LINE]) == [Need.LINE]


def test_what_is_forgotten_is_due_at_once_and_what_nobody_shows_never() -> None:
    fresh = Freshness()
    fresh.due(frozenset({Need.CASE}), 0.0)
    fresh.forget(Need.CASE)
    assert fresh.due(frozenset({Need.CASE, Need.LINE}), 0.01) == [Need.LINE, Need.CASE]
    assert fresh.due(frozenset(), 99.0) == []


# --- clocks ---


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [(0, "0:00", "0s"), (65, "1:05", "1m"), (-720, "-12:00", "-12m"), (3661, "1:01:01", "1h"), (90000, "1d 01h", "1d")],
)
def test_spans_and_ages_read_as_people_say_them(seconds: float, long: str, short: str) -> None:
    assert span(seconds) == long
    assert brief(seconds) == short


def test_site_time_is_the_sites_and_survives_a_machine_without_time_zones() -> None:
    assert clock(NOW, zone_of("Asia/Shanghai")) == "10:20:00"
    assert zone_of("No/Where") is CHINA
    assert iso(NOW, CHINA) == "2026-11-22T10:20:00.000+08:00"
    assert clock(0, CHINA) == "--:--:--"


def test_instants_are_shown_in_the_time_of_the_site_once_the_controller_has_said_it() -> None:
    assert figures.site_zone(View()) is CHINA
    view = state.with_line(View(), {**Line().glance(), "timezone": "Asia/Urumqi"}, NOW_S)  # pyright: ignore[reportArgumentType]
    assert clock(NOW, figures.site_zone(view)) == "08:20:00"


# --- painters ---


@pytest.mark.parametrize("celsius", [-12.3, 9.94, 99.6, 99.94, 99.96, 100.04, 104.97])
@pytest.mark.parametrize("rest_s", [10, 600, 3600 * 23, 86400 * 9])
def test_a_pots_temperature_and_its_minutes_never_touch(celsius: float, rest_s: int) -> None:
    pot = machine("pot-01", "decoction", remaining_s=rest_s, readings={"ActualTemperature": reading(celsius, "Cel")})
    view = state.with_machines(full(), [pot], NOW_S, complete=True)  # pyright: ignore[reportArgumentType]
    (tile,) = overview.families(view, ZH, NOW_S)[ZH.of("group", "pot")]
    temperature, rest = tile.below[0].split()
    assert abs(float(temperature) - celsius) <= 0.5
    assert rest == brief(rest_s)


@pytest.mark.parametrize(
    ("more", "phase"),
    [
        ({}, "idle"),
        ({"batch": "B-1", "order_step": "boil.1"}, "manual"),
        ({"batch": "B-1", "order_step": "boil.1", "begun_at": NOW}, "boil"),
        ({"batch": "B-1", "order_step": "drain.1"}, "manual"),
        ({"batch": "B-1", "held": True}, "held"),
    ],
)
def test_a_pot_worked_by_hand_is_neither_lost_nor_unseen(more: dict[str, Any], phase: str) -> None:
    pot: Any = machine("pot-19", "decoction", link="manual", by_hand=True, **more)
    assert figures.phase(pot) == phase


@pytest.mark.parametrize(
    ("more", "phase"),
    [
        ({}, "watched"),
        ({"step": "HOLD_BOIL", "mode": "MANUAL"}, "watched"),
        ({"fault": 3}, "fault"),
        ({"link": "stale"}, "lost"),
        ({"held": True, "batch": "B-1"}, "held"),
    ],
)
def test_a_machine_that_is_monitor_only_is_marked_on_the_map_and_on_its_page(more: dict[str, Any], phase: str) -> None:
    pot: Any = machine("pot-19", "decoction", monitor_only=True, **more)
    assert figures.phase(pot) == phase
    view = replace(state.with_machines(full(), [pot], NOW_S, complete=True), machine_id="pot-19")
    for words, told in ((ZH, "只监不控"), (Words("en"), "monitor only")):
        assert told in "\n".join(line.plain for line in machine_painter.head(pot, view, words, NOW_S, 80))
        assert told in "\n".join(line.plain for line in overview.chosen(view, words, "pot-19", NOW_S, 80))


def test_the_screen_of_a_pot_worked_by_hand_says_whose_word_it_shows_and_since_when() -> None:
    pot: Any = machine("pot-19", "decoction", link="manual", batch="B-1", begun_by="测试煎药员01", begun_at=NOW)
    view = replace(state.with_machines(full(), [pot], NOW_S, complete=True), machine_id="pot-19")
    for words, told in ((ZH, "测试煎药员01 陈述 10:20 起"), (Words("en"), "attested by 测试煎药员01 since 10:20")):
        text = "  ".join(line.plain for line in machine_painter.facts(view, words, NOW_S, 100))
        assert told in text
        assert words("machine.by-hand") in text
        assert "PRODUCE" not in text


@pytest.mark.parametrize(("minutes", "told"), [(25, "10:45"), (0, "—"), (-5, "—")])
def test_a_forecast_that_has_passed_is_not_shown_as_one(minutes: int, told: str) -> None:
    view = full()
    pot: Any = machine("pot-01", "decoction", free_at=NOW + minutes * MINUTE)
    text = "  ".join(line.plain for line in machine_painter.work(pot, view, ZH, NOW_S, 80))
    assert f"预计空闲 {told}" in text
    assert (machine_painter.free(pot["free_at"], view, NOW_S + minutes * 60 + 1)) == "—"


def samples(values: list[float | None]) -> list[Sample]:
    return [Sample(NOW + minute * MINUTE, value) for minute, value in enumerate(values)]


def test_a_gap_in_a_curve_stays_a_gap() -> None:
    lines = curve(samples([20.0] * 20 + [None] + [20.0] * 0), 99.5, (60, 10), str)
    assert lines
    with_gap: list[float | None] = [20.0] * 10 + [None] + [20.0] * 10
    points = [one for number, one in enumerate(samples(with_gap)) if number not in {11, 12, 13, 14}]
    floor = curve(points, 99.5, (60, 10), lambda at: "10:00")[-2].plain
    assert "×××" in floor
    row = next(line.plain for line in reversed(curve(points, 99.5, (60, 10), str)[:-2]) if line.plain.strip())
    assert "   " in row.strip(), "nothing is drawn across the gap"


def test_a_curve_goes_up_to_its_threshold_and_names_it() -> None:
    lines = [line.plain for line in curve(samples([float(20 + 4 * n) for n in range(21)]), 99.5, (60, 12), str)]
    assert "99.5" in "".join(lines[:2])
    assert "╌" in "".join(lines)


def test_the_curve_of_the_batch_before_is_not_shown_for_the_one_in_the_pot() -> None:
    view = full(machine_id="pot-01")
    pot = view.machines["pot-01"]
    points: Any = [{"at": NOW + at * MINUTE, "value": 20.0 + at, "quality": "good"} for at in range(60)]
    for batch, shown in ((pot["batch"], False), (code("B", "before"), True)):
        one: Any = {
            "batch": batch,
            "machine": "pot-01",
            "tag": "ActualTemperature",
            "unit": "Cel",
            "boil_celsius": 99.5,
        }
        lines = machine_painter.graph(replace(view, curve={**one, "points": points}), ZH, (60, 12))
        assert (ZH("machine.no-curve") in "".join(line.plain for line in lines)) is shown


@pytest.mark.parametrize("width", [46, 60, 78])
def test_the_state_of_the_road_is_never_cut(width: int) -> None:
    view = replace(full(), link=Link.OFFLINE, session=replace(View().session, station="review-1", name_zh="审方台1"))
    (band,) = chrome.band(view, ZH, NOW_S + 61, width)
    assert "OFFLINE" in band.plain
    assert "审方台1" in band.plain


@pytest.mark.parametrize("width", [46, 78])
def test_what_presses_says_where_it_stands_at_any_width(width: int) -> None:
    view = full()
    for one in view.rows:
        told = prescriptions.pressed(one, view, ZH, NOW_S, width)
        assert told.cell_length == width
        assert one["prescription_no"] in told.plain
        assert one["machine"] in told.plain


def test_there_is_no_curve_without_room_or_values() -> None:
    assert curve([], 99.5, (60, 12), str) == []
    assert curve(samples([None, None]), 99.5, (60, 12), str) == []
    assert curve(samples([1.0, 2.0]), 99.5, (60, 3), str) == []


@given(
    st.lists(st.one_of(st.none(), st.floats(-20, 130)), min_size=1, max_size=60),
    st.integers(20, 140),
    st.integers(5, 40),
)
def test_any_curve_fits_its_place(values: list[float | None], width: int, height: int) -> None:
    lines = curve(samples(values), 99.5, (width, height), lambda at: "10:00")
    assert len(lines) in {0, height}
    assert all(line.cell_length <= max(width, 17) for line in lines)


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
@pytest.mark.parametrize("width", [78, 110, 158])
def test_no_painter_writes_beyond_its_width(locale: Any, width: int) -> None:
    words = Words(locale)
    view = state.opened(full(machine_id="pot-01"), code("R", 9))
    case = plant_data.case(9, next(one for one in Line().rows if one["id"] == code("R", 9)))
    view = replace(view, case=case, curve=plant_data.curve(code("B", 1), "pot-01"))
    waiting: Any = recipe_data.recipe()
    painted = [
        *overview.stages(view, words, width),
        *overview.pressing(view, words, width),
        *pressing.urgent(view, words, NOW_S, (width, 20)),
        *pressing.ticker(view, words, (width, 20)),
        *overview.chosen(view, words, "pot-09", NOW_S, width),
        *machine_painter.facts(view, words, NOW_S, width),
        *machine_painter.graph(view, words, (width, 20)),
        *(line for alarm in view.alarms for line in alarms.detail(alarm, view, words, width)),
        *(line for name in prescription.SECTIONS for line in prescription.section(name, case, view, words, width)),  # pyright: ignore[reportArgumentType]
        *(line for task in view.tasks for line in signing.detail(task, view, words, width)),
        *recipe_painter.head(waiting, words, width),
        *recipe_painter.whole(waiting, view, words, width),
    ]
    assert len(painted) > 100
    assert not [line.plain for line in painted if line.cell_length > width]


def one_alarm(state_: str) -> Any:
    return next(one for one in plant_data.alarms() if one["state"] == state_)


def test_alarms_stand_by_state_before_priority() -> None:
    states = [one["state"] for one in alarms.ordered(full())]
    assert list(dict.fromkeys(states)) == ["UNACK", "LATCH", "RTNUN", "ACKED", "SHLVD", "DSUPR", "OOSRV", "NORMAL"]


def test_what_is_shelved_said_by_another_or_over_presses_nobody() -> None:
    view = full()
    asked = [one["state"] for one in view.alarms if alarms.presses(one)]
    assert sorted(asked) == ["ACKED", "LATCH", "RTNUN", "UNACK", "UNACK"]
    assert alarms.unseen(view) == 4
    quiet = replace(view, rows=(), alarms=[one_alarm("SHLVD"), one_alarm("DSUPR"), one_alarm("NORMAL")])
    assert alarms.unseen(quiet) == 0
    assert ZH("overview.calm") in pressing.urgent(quiet, ZH, NOW_S, (80, 9))[1].plain
    assert "中 0" in "  ".join(line.plain for line in overview.pressing(quiet, ZH, 80))


@pytest.mark.parametrize(
    ("state_", "told", "silent"),
    [
        ("UNACK", ["尚未确认", "须在 15 分钟内响应"], "搁置"),
        ("SHLVD", ["搁置到 11-22 09:00", "须在 30 分钟内响应"], "尚未确认"),
        ("DSUPR", ["并入报警 links-lost:line"], "尚未确认"),
        ("RTNUN", ["尚未确认", "恢复"], "并入"),
    ],
)
def test_an_alarm_says_how_soon_who_put_it_aside_in_site_time_and_which_one_says_it(
    state_: str, told: list[str], silent: str
) -> None:
    view = state.with_line(full(), {**Line().glance(), "timezone": "Asia/Urumqi"}, NOW_S)  # pyright: ignore[reportArgumentType]
    text = " ".join(line.plain for line in alarms.detail(one_alarm(state_), view, ZH, 120))
    assert not [one for one in told if one not in text]
    assert silent not in text


def test_a_suppressed_alarm_gives_the_words_of_the_one_that_says_it() -> None:
    group: Any = {**one_alarm("ACKED"), "id": "links-lost:line", "text_zh": "多台设备同时失去联系"}
    view = replace(full(), alarms=[group, one_alarm("DSUPR")])
    text = " ".join(line.plain for line in alarms.detail(one_alarm("DSUPR"), view, ZH, 120))
    assert "并入报警 links-lost:line 多台设备同时失去联系" in " ".join(text.split())


def test_slack_is_carried_on_by_the_clock_and_turns_red() -> None:
    view = full()
    late = next(row for row in view.rows if row["late"])
    assert prescriptions.slack(late, view, NOW_S + 60).plain == "-13:00"
    ended = {**late, "status": "delivered"}
    assert prescriptions.slack(ended, view, NOW_S).plain == "-"  # pyright: ignore[reportArgumentType]


def test_tasks_of_the_code_in_hand_come_first_then_windows_that_close_then_promises() -> None:
    view = full(hand=Hand(code("T", 13)))
    kinds = ("add-late", "charge", "place-pail")
    found = desk.ordered([one for one in view.tasks if one["kind"] in kinds], view, NOW_S)
    assert [one["kind"] for one in found] == ["place-pail", "add-late", "add-late", "charge"]


def test_machines_stand_in_families_in_the_order_of_the_line_and_of_their_numbers() -> None:
    names = ["store-1", "pot-10", "pot-9", "scale-1", "recheck-1", "soak-2", "pack-1"]
    kinds = {"pot": "decoction", "soak": "soaking", "pack": "packing", "store": "storage"}
    found = figures.groups([machine(name, kinds.get(name.partition("-")[0], "scale")) for name in names])  # pyright: ignore[reportArgumentType]
    assert list(found) == ["pot", "soak", "pack", "recheck", "scale", "store"]
    assert [one["id"] for one in found["pot"]] == ["pot-9", "pot-10"]


def test_every_state_of_a_pot_has_a_word_and_a_colour() -> None:
    view = full()
    for number, more in POTS.items():
        pot = machine(f"pot-{number:02d}", "decoction", **more, readings={"ActualTemperature": reading(50.0, "Cel")})
        state_ = figures.phase(pot)  # pyright: ignore[reportArgumentType]
        assert ZH.of("phase", state_) != state_
        assert overview.families(view, ZH, NOW_S)["煎药机"][number - 1].tone in overview.TILES
