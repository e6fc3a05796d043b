"""The simulated machine's own words on the wire, and those of each table's golden file."""

import json
from typing import Any

import pytest

from devices.errors import ProfileError
from devices.plant.orders import order_from
from devices.plant.registers import RegisterMap, checksum, crc16, from_words, pack, to_words
from devices.plant.tables import PROFILES, Table, load_table, table_from

GOLDEN = {path.stem: json.loads(path.read_text()) for path in (PROFILES / "golden").glob("*.json")}


@pytest.fixture
def pot() -> Table:
    return load_table("pot-modbus")


def test_the_checksum_is_that_of_modbus() -> None:
    assert crc16(b"123456789") == 0x4B37


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("u16", 0xA55A, [0xA55A]),
        ("i16", -2, [0xFFFE]),
        ("u32", 0x12345678, [0x1234, 0x5678]),
        ("u64", 1_795_316_453_209, [0, 0x01A2, 0x0133, 0x0F59]),
        ("f32", 98.5, [0x42C5, 0x0000]),
        ("text20", "B-0017", [0x422D, 0x3030, 0x3137, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_values_lie_in_words_as_the_manual_says(kind: str, value: float | str, words: list[int]) -> None:
    assert to_words(kind, value, "big") == words
    assert from_words(kind, words, "big") == value


def test_little_word_order_puts_the_low_word_first_but_leaves_texts_alone() -> None:
    assert to_words("u32", 0x12345678, "little") == [0x5678, 0x1234]
    assert from_words("u32", [0x5678, 0x1234], "little") == 0x12345678
    assert to_words("text20", "AB", "little") == to_words("text20", "AB", "big")


def test_what_does_not_fit_its_type_is_an_error() -> None:
    for kind, value in (("u16", 65536), ("u16", -1), ("text20", "x" * 21), ("u7", 1)):
        with pytest.raises(ValueError):
            pack(kind, value)


def test_an_order_comes_back_from_its_block_and_one_flipped_bit_makes_it_unsound(pot: Table) -> None:
    assert pot.block is not None
    fields = {"epoch": 3, "number": 70_000, "verb": 3, "batch": "B-0017", "step": "boil.1"}
    fields |= {"p1": 1200, "p2": 9950, "p3": 0, "p4": 0, "commit": 0xA55A}
    fields["checksum"] = checksum(pot.block, fields)
    registers = RegisterMap(pot)
    words = [word for name, kind in pot.block.fields for word in to_words(kind, fields[name], "big")]
    assert len(words) == registers.block_size == 35
    order = order_from(pot.block, registers.fields(words))
    assert (order.epoch, order.number, order.batch, order.step) == (3, 70_000, "B-0017", "boil.1")
    assert order.parameters == (1200, 9950, 0, 0)
    assert order.sound
    for bit in range(16 * 33):
        words[bit // 16] ^= 1 << bit % 16
        assert not order_from(pot.block, registers.fields(words)).sound, f"bit {bit}"
        words[bit // 16] ^= 1 << bit % 16


def test_a_text_that_is_not_ascii_is_not_sound(pot: Table) -> None:
    assert pot.block is not None
    fields = {"epoch": 1, "number": 1, "verb": 9, "batch": "é", "step": "", "p1": 0, "p2": 0, "p3": 0, "p4": 0}
    fields["checksum"] = checksum(pot.block, fields)
    assert not order_from(pot.block, fields).sound
    assert not order_from(pot.block, fields | {"batch": "药"}).sound


@pytest.mark.parametrize("name", sorted(name for name in GOLDEN if "registers" in GOLDEN[name]))
def test_the_machine_shows_its_values_in_the_words_of_the_golden_file(name: str) -> None:
    image: dict[int, int] = {}
    for at, words in RegisterMap(load_table(name)).words(GOLDEN[name]["values"]):
        image |= dict(enumerate(words, start=at))
    golden = {int(at) + i: w for at, words in GOLDEN[name]["registers"].items() for i, w in enumerate(words)}
    assert image == golden


@pytest.mark.parametrize("name", sorted(name for name in GOLDEN if "command" in GOLDEN[name]))
def test_the_machine_understands_the_order_of_the_golden_file(name: str) -> None:
    table, command = load_table(name), GOLDEN[name]["command"]
    assert table.block is not None
    if "registers" in command:
        fields: dict[str, Any] = RegisterMap(table).fields(command["registers"])
        assert fields["commit"] == table.block.commit
    else:
        fields = {name: value for (name, _), (_, value) in zip(table.block.fields, command["arguments"], strict=True)}
    order, meant = order_from(table.block, fields), command["order"]
    assert order.sound
    assert (order.epoch, order.number) == (command["epoch"], meant["number"])
    assert (order.batch, order.step) == (meant["batch"], meant["step"])
    verb = table.verbs[order.verb]
    assert verb.name == meant["verb"]
    given = {limit.name: value for limit, value in zip(verb.limits, order.parameters, strict=False)}
    assert given == meant["parameters"]


def test_a_table_of_a_machine_that_is_not_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="'pressure'"):
        table_from({"id": "x", "kind": "decoction", "protocol": "modbus", "tags": {}, "vessel": "pressure"})
    with pytest.raises(ProfileError, match=r"wooden-tub\.toml"):
        load_table("wooden-tub")
