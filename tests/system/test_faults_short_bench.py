"""The short forms of the figures of machines that are dead and of machines over OPC UA."""

from __future__ import annotations

from tests.bench import isolation, opcua


def test_healthy_machines_are_polled_beside_dead_ones_and_none_is_missed() -> None:
    (figure,) = isolation.measure(quick=True)
    assert 0 < figure.value < 1_000
    assert 0 < figure.reference_value < 1_000
    assert figure.note.startswith("0 missed")


def test_a_value_over_opcua_costs_ours_and_the_reference_something_of_one_kind() -> None:
    (figure,) = opcua.measure(quick=True)
    assert 10 < figure.value < 20_000
    assert 10 < figure.reference_value < 20_000
    assert figure.ratio < 5
