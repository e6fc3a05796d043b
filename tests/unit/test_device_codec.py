from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import codec
from devices.errors import CodecError
from devices.model import Mode, Order, OrderStatus, Quality, RefusedReason, State, Step
from devices.profile import Profile, Tag, all_profiles
from devices.protocol import Scan
from tests.contract.words import order

PROFILES = {name: profile for name, profile in all_profiles().items() if profile.protocol != "manual"}
MODBUS = sorted(name for name, profile in PROFILES.items() if profile.protocol == "modbus")
OPCUA = sorted(name for name, profile in PROFILES.items() if profile.protocol == "opcua")
COMMANDED = sorted(name for name, profile in PROFILES.items() if profile.command is not None)


def _golden(name: str) -> dict[str, Any]:
    return json.loads((resources.files("devices.profiles") / "golden" / f"{name}.json").read_text(encoding="utf-8"))


def _bytes(registers: list[int]) -> bytes:
    return b"".join(register.to_bytes(2, "big") for register in registers)


def _golden_scan(profile: Profile, golden: dict[str, Any]) -> Scan:
    """What a link brings when the machine says the golden words."""
    if profile.protocol == "opcua":
        found = [golden["nodes"][tag.node][1] for tag in profile.scanned]
        return Scan(found, {}, [golden["source_time"]] * len(found))
    assert profile.modbus is not None
    values: list[Any] = [None] * len(profile.scanned)
    image = {int(at) + n: word for at, words in golden["registers"].items() for n, word in enumerate(words)}
    for block in codec.blocks(profile.scanned, profile.modbus.max_block):
        block.unpack(_bytes([image[block.address + n] for n in range(block.count)]), values)
    return Scan(values)


def test_every_profile_has_its_golden_words() -> None:
    files = {entry.name for entry in (resources.files("devices.profiles") / "golden").iterdir()}
    assert {f"{name}.json" for name in PROFILES} == {name for name in files if name.endswith(".json")}


@pytest.mark.parametrize("name", MODBUS)
def test_golden_registers_mean_the_golden_values(name: str) -> None:
    profile, golden = PROFILES[name], _golden(name)
    scan = _golden_scan(profile, golden)
    assert dict(zip([tag.name for tag in profile.scanned], scan.values, strict=True)) == golden["values"]


@pytest.mark.parametrize("name", OPCUA)
def test_golden_nodes_have_the_types_of_the_profile(name: str) -> None:
    profile, golden = PROFILES[name], _golden(name)
    assert {tag.node: tag.type for tag in profile.scanned} == {
        node: kind for node, (kind, _) in golden["nodes"].items()
    }


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_golden_words_make_the_golden_snapshot(name: str) -> None:
    profile, golden = PROFILES[name], _golden(name)
    said = codec.Decoder(profile, "m-1").snapshot(_golden_scan(profile, golden), 12.5)
    values = golden["values"]
    assert (said.machine, said.received_s) == ("m-1", 12.5)
    assert said.at == values.get("SourceTime", golden.get("source_time"))
    assert (said.boot, said.state, said.mode) == (
        values.get("BootCount", 0),
        State(values.get("StateCurrent", 0)),
        Mode(values.get("UnitModeCurrent", 0)),
    )
    assert (said.step, said.fault) == (Step(values.get("StepCurrent", 0)), values.get("ErrorConditions", 0))
    assert (said.epoch, said.order, said.order_value) == tuple(
        values.get(tag, 0) for tag in ("Epoch", "Order", "OrderValue")
    )
    assert said.order_status is OrderStatus(values.get("OrderStatus", 0))
    assert said.refused_order == values.get("RefusedOrder", 0)
    assert said.refused_reason is RefusedReason(values.get("RefusedReason", 0))
    assert said.batch == values.get("BatchTag", "")
    assert (said.counter_s, said.boil_began_at) == (values.get("BoilSeconds", 0), values.get("BoilBegan", 0))
    assert said.remaining_s == values.get("TimeRemaining", 0)
    assert {tag: reading.value for tag, reading in said.readings.items()} == {
        tag.name: values[tag.name] for tag in profile.scanned if tag.reading
    }
    assert {(reading.quality, reading.at, reading.reason) for reading in said.readings.values()} == {
        (Quality.GOOD, said.at, "")
    }


@pytest.mark.parametrize("name", COMMANDED)
def test_an_order_becomes_the_golden_block(name: str) -> None:
    profile, golden = PROFILES[name], _golden(name)["command"]
    asked = Order(machine="m-1", not_after=0, **golden["order"])
    values = codec.command_values(profile, asked, golden["epoch"])
    assert profile.command is not None
    if profile.protocol == "modbus":
        assert profile.command.address == golden["address"]
        assert profile.modbus is not None
        types = [kind for _, kind in profile.command.fields]
        assert codec.words(types, values, profile.modbus.word_order) == golden["registers"]
    else:
        assert (profile.command.object, profile.command.method) == (golden["object"], golden["method"])
        assert list(values) == [value for _, value in golden["arguments"]]


def test_the_checksum_is_the_one_of_the_modbus_standard() -> None:
    assert codec.crc16(b"123456789") == 0x4B37
    assert codec.crc16(b"") == 0xFFFF


NUMBERS = {
    "u16": st.integers(0, 2**16 - 1),
    "i16": st.integers(-(2**15), 2**15 - 1),
    "u32": st.integers(0, 2**32 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "u64": st.integers(0, 2**64 - 1),
    "f32": st.floats(width=32, allow_nan=False),
    "text20": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
}


@given(st.data(), st.sampled_from(sorted(NUMBERS)), st.sampled_from(["big", "little"]))
def test_whatever_goes_into_registers_comes_out_of_them(data: st.DataObject, kind: Any, word_order: Any) -> None:
    value = data.draw(NUMBERS[kind])
    tag = Tag(name="X", type=kind, address=3, word_order=word_order)
    (block,) = codec.blocks([tag], 125)
    found: list[Any] = [None]
    block.unpack(_bytes(codec.words([kind], [value], word_order)), found)
    assert found == [value]


@given(st.binary(max_size=200))
def test_any_bytes_make_a_whole_snapshot_or_an_error(data: bytes) -> None:
    profile = PROFILES["pot-modbus"]
    values: list[Any] = [None] * len(profile.scanned)
    (block,) = codec.blocks(profile.scanned, 125)
    try:
        block.unpack(data, values)
        said = codec.Decoder(profile, "m").snapshot(Scan(values), 0.0)
    except CodecError:
        return
    assert len(data) == 2 * block.count
    assert said.state in State
    assert said.batch.isascii()
    assert said.batch.isprintable()
    assert said.readings.keys() == {"ActualTemperature", "SetTemperature", "HeaterPower", "Level"}


@given(st.binary(min_size=90, max_size=90))
def test_bytes_of_the_right_length_are_read_exactly_as_the_table_says(data: bytes) -> None:
    profile = PROFILES["pot-modbus"]
    values: list[Any] = [None] * len(profile.scanned)
    (block,) = codec.blocks(profile.scanned, 125)
    try:
        block.unpack(data, values)
    except CodecError:
        text = data[38:58].rstrip(b"\0")
        assert not (text.isascii() and text.decode("latin-1").isprintable())
        return
    found = dict(zip([tag.name for tag in profile.scanned], values, strict=True))
    assert found["Epoch"] == int.from_bytes(data[20:24], "big")
    temperature = struct.unpack(">f", data[74:78])[0]
    assert found["ActualTemperature"] == temperature or math.isnan(temperature)


def test_the_low_word_first_is_not_the_high_word_first() -> None:
    assert codec.words(["u32"], [0x0001_0002], "big") == [1, 2]
    assert codec.words(["u32"], [0x0001_0002], "little") == [2, 1]
    assert codec.words(["u64"], [0x0001_0002_0003_0004], "little") == [4, 3, 2, 1]
    assert codec.words(["text20"], ["AB"], "little") == [0x4142, *[0] * 9]


def test_a_scale_turns_raw_registers_into_units() -> None:
    tags = [
        Tag(name="T", type="i16", address=0, scale=0.1, reading=True, low=-10, high=100),
        Tag(name="W", type="u32", address=1, scale=0.5, word_order="little", reading=True, low=0, high=9),
    ]
    (block,) = codec.blocks(tags, 125)
    values: list[Any] = [None, None]
    block.unpack(_bytes([0xFFF6, 7, 0]), values)
    assert values == [pytest.approx(-1.0), 3.5]


def test_reads_are_planned_without_gaps_and_within_what_one_request_may_ask() -> None:
    tags = [Tag(name=f"T{at}", type="u32", address=at) for at in (0, 2, 4, 6, 10, 12)]
    planned = codec.blocks(tags, 5)
    assert [(block.address, block.count, block.first) for block in planned] == [(0, 4, 0), (4, 4, 2), (10, 4, 4)]
    assert [(half.address, half.count, half.first) for half in planned[1].halves()] == [(4, 2, 2), (6, 2, 3)]
    assert planned[1].halves()[0].halves() == ()


@pytest.mark.parametrize("raw", [b"B-1\0\0x", b"B-\x1b[2J", b"B-1\n", "甲".encode(), b"\x7f"])
def test_a_text_that_is_more_than_plain_letters_is_an_error(raw: bytes) -> None:
    (block,) = codec.blocks([Tag(name="BatchTag", type="text20", address=0)], 125)
    with pytest.raises(CodecError, match="BatchTag"):
        block.unpack(raw.ljust(20, b"\0"), [None])


@pytest.mark.parametrize(
    ("kind", "value"),
    [("u16", -1), ("u16", 65536), ("u32", 2**32), ("text20", "x" * 21), ("text20", "药"), ("u16", "1")],
)
def test_a_value_that_does_not_fit_is_an_error_and_never_cut(kind: str, value: int | str) -> None:
    with pytest.raises(CodecError):
        codec.words([kind], [value], "big")


def _pot_scan(**said: Any) -> Scan:
    values = {**_golden("pot-modbus")["values"], **said}
    return Scan([values[tag.name] for tag in PROFILES["pot-modbus"].scanned])


@pytest.mark.parametrize(
    ("tag", "value"),
    [("StateCurrent", 18), ("UnitModeCurrent", 4), ("StepCurrent", 10), ("OrderStatus", 4), ("RefusedReason", 8)],
)
def test_a_word_that_no_machine_may_say_is_an_error(tag: str, value: int) -> None:
    with pytest.raises(CodecError, match=tag):
        codec.Decoder(PROFILES["pot-modbus"], "pot-03").snapshot(_pot_scan(**{tag: value}), 0.0)


def test_a_missing_status_word_is_an_error_and_a_missing_reading_is_a_bad_one() -> None:
    decoder = codec.Decoder(PROFILES["pot-modbus"], "pot-03")
    with pytest.raises(CodecError, match="pot-03 Order: no usable status word: illegal-address"):
        decoder.snapshot(replace(_pot_scan(), flaws={"Order": "illegal-address"}), 0.0)
    said = decoder.snapshot(replace(_pot_scan(Level=None), flaws={"Level": "illegal-address"}), 0.0)
    assert math.isnan(said.readings["Level"].value)
    assert (said.readings["Level"].quality, said.readings["Level"].reason) == (Quality.BAD, "illegal-address")
    assert said.readings["ActualTemperature"].quality is Quality.GOOD


def test_an_uncertain_value_is_kept_with_its_reason() -> None:
    said = codec.Decoder(PROFILES["pot-modbus"], "m").snapshot(
        replace(_pot_scan(), flaws={"Level": "status-Uncertain"}), 0.0
    )
    assert (said.readings["Level"].value, said.readings["Level"].quality) == (8123.5, Quality.BAD)


def test_unused_parameters_of_the_block_are_zero() -> None:
    values = codec.command_values(PROFILES["pot-modbus"], order(verb="stop"), 1)
    assert values[2:9] == (9, "B-20261122-0031-1", "charge", 0, 0, 0, 0)
    assert values[-1] == 0xA55A
