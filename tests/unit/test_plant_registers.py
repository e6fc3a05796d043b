"""The simulated machine's own words on the wire, and those of each table's golden file."""

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from devices.errors import ProfileError
from devices.plant.machine import Machine
from devices.plant.orders import order_from, parameters
from devices.plant.packml import Mode, State, Step
from devices.plant.pot import Pot
from devices.plant.registers import RegisterMap, checksum, crc16, from_words, pack, raw_of, to_words
from devices.plant.tables import PROFILES, Table, Tag, load_table, table_from

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
    if table.block.is_numbered:
        assert (order.epoch, order.number) == (command["epoch"], meant["number"])
        assert (order.batch, order.step) == (meant["batch"], meant["step"])
    verb = table.verbs[order.verb]
    assert verb.name == meant["verb"]
    assert parameters(verb, order) == command.get("arrives", meant["parameters"])


def test_a_table_of_a_machine_that_is_not_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="'coil'"):
        table_from({"id": "x", "kind": "decoction", "protocol": "modbus", "tags": {}, "modbus": {"table": "coil"}})
    with pytest.raises(ProfileError, match=r"wooden-tub\.toml"):
        load_table("wooden-tub")


@pytest.mark.parametrize("name", sorted(name for name in GOLDEN if "registers" in GOLDEN[name]))
def test_every_state_and_mode_of_a_machine_has_words_of_its_maker(name: str) -> None:
    registers, values = RegisterMap(load_table(name)), GOLDEN[name]["values"]
    said: set[str] = set()
    for state in (State.STOPPED, State.IDLE, State.EXECUTE, State.ABORTED, State.COMPLETE):
        said.add(str(list(registers.words({**values, "StateCurrent": state}))))
    assert len(said) == (5 if "StateCurrent" in values else 1)
    assert list(registers.words({**values, "UnitModeCurrent": Mode.MANUAL, "StepCurrent": Step.FLUSH}))


def test_what_a_maker_has_no_words_for_cannot_be_shown() -> None:
    registers, values = RegisterMap(load_table("pot-modbus-b")), GOLDEN["pot-modbus-b"]["values"]
    with pytest.raises(ValueError, match=r"StateCurrent: this maker has nothing for .*HELD"):
        list(registers.words({**values, "StateCurrent": State.HELD}))


def test_a_count_in_bigger_steps_never_runs_ahead_and_a_measurement_is_rounded() -> None:
    minutes = Tag("TimeRemaining", "u16", 0, "", writable=False, scale=60)
    tenths = Tag("ActualTemperature", "i16", 0, "", writable=False, scale=0.1, lost=32767)
    assert [raw_of(minutes, seconds) for seconds in (0, 59, 60, 119)] == [0, 0, 1, 1]
    assert [raw_of(tenths, celsius) for celsius in (98.64, 98.66, -0.26, math.nan)] == [986, 987, -3, 32767]


def test_without_a_number_for_its_own_faults_a_machine_is_refused(tmp_path: Path) -> None:
    raw = tomllib.loads((PROFILES / "pot-modbus-b.toml").read_text(encoding="utf-8"))
    del raw["faults"]["103"]["word"]
    pot = Pot("pot", volume_ml=12000, pressure_kpa=101.3, has_packer=False)
    with pytest.raises(ProfileError, match=r"\[faults\] has no number for the word sensor"):
        Machine("pot", table_from(raw), pot, folder=tmp_path, now=0)


def test_a_maker_who_mixes_word_orders_is_understood() -> None:
    raw = tomllib.loads((PROFILES / "pot-modbus-b.toml").read_text(encoding="utf-8"))
    raw["tags"]["BoilSeconds"]["word_order"] = "big"
    image = dict(RegisterMap(table_from(raw)).words(GOLDEN["pot-modbus-b"]["values"]))
    assert (image[1020], image[1022]) == ([1, 1589], [15627, 27393])
