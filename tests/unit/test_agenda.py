"""The agenda against a plain sorted list, whatever is entered and taken out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.model.agenda import Agenda

# Few ranks, so that many entries share one, as the promises of a day do.
CHANGES = st.lists(st.tuples(st.integers(0, 300), st.one_of(st.none(), st.integers(0, 3))), max_size=600)


@given(CHANGES)
def test_is_a_sorted_list(changes: list[tuple[int, int | None]]) -> None:
    agenda, plain = Agenda(), dict[str, int]()
    for number, rank in changes:
        key = f"R-{number}"
        if rank is None:
            plain.pop(key, None)
            agenda = agenda.drop(key)
        else:
            plain[key] = rank
            agenda = agenda.put(key, rank)
    expected = sorted((rank, key) for key, rank in plain.items())
    assert list(agenda) == expected
    assert agenda.first() == (expected[0] if expected else None)
    assert len(agenda) == len(expected)


def test_history_does_not_count() -> None:
    forwards, backwards = Agenda(), Agenda()
    for number in range(500):
        forwards = forwards.put(f"R-{number}", 1)
        backwards = backwards.put(f"R-{499 - number}", 1)
    assert forwards == backwards
    assert forwards.pages != backwards.pages
    assert forwards != backwards.drop("R-7")
    assert forwards != object()


def test_a_day_of_promises_stays_cheap_to_change() -> None:
    agenda = Agenda()
    for number in range(5_000):
        agenda = agenda.put(f"R-{number:05}", 1)
    assert max(map(len, agenda.pages)) <= 64
    assert len(agenda.pages) < 5_000 / 16
