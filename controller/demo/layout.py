"""A site file is written from counts, so that the example, the demo and the benches have the same centre at their size.

`python -m controller.demo.layout > config.toml` renews the example at the root of the project.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from controller.model.codes import PAIL, VESSEL, make_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HEADER = """\
# A decoction centre as the controller, the simulated plant and simulated staff see it.
# Written by `python -m controller.demo.layout`; yours is free to differ."""
HOSPITALS = {
    "RS-TCM": "示例中医院",
    "RS-FENGJIA": "示例冯家卫生院",
    "RS-HAIYANGSUO": "示例海阳所卫生院",
    "RS-YINTAN": "示例银滩医院",
    "RS-YULI": "示例育黎卫生院",
    "RS-RUSHANZHAI": "示例乳山寨卫生院",
    "RS-NANHUANG": "示例南黄卫生院",
}
SIZES = ((6, (800, 6000)), (8, (1500, 12000)), (4, (2500, 20000)))
"""Out of 18 pots: how many of which (smallest load, volume) in mL."""

ZONES = (
    ("room", "常温区", "room", (10, 30)),
    ("cool", "阴凉区", "cool", (2, 20)),
    ("precious", "贵细柜", "precious", (2, 20)),
    ("toxic", "毒性药柜", "toxic", (10, 30)),
)
HUMIDITY = (35, 75)
STATIONS = (
    ("review", 2, "审方台", "review desk"),
    ("dispensing", 6, "调剂台", "dispensing bench"),
    ("verification", 3, "复核台", "verification bench"),
    ("floor", 3, "煎药区", "decoction floor"),
    ("release", 1, "放行台", "release desk"),
    ("dispatch", 1, "发药台", "dispatch desk"),
)
HEADS = {"pharmacist": 4, "dispenser": 6, "checker": 3, "operator": 5, "packer": 3, "courier": 2, "ward": 1}
MINUTES = {
    "answer": 5.0, "review": 2.0, "bind-pail": 0.5, "draw": 0.4, "weigh": 0.3, "verify": 3.0, "place-pail": 1.0,
    "charge": 1.5, "empty-pot": 3.0, "add-main": 1.0, "add-late": 0.3, "separate": 1.0, "release": 2.0, "box": 0.1,
    "box-packet": 0.2, "hand-over": 1.0, "deliver": 1.0, "hold": 3.0, "excursion": 5.0,
}  # fmt: skip
"""Plant minutes of one act of simulated staff."""

TRANSIT_MINUTES = 60
PAILS = 60


@dataclass(frozen=True, slots=True)
class Counts:
    """How many machines of each kind; the defaults are those of a county centre."""

    pots_modbus: int = 12
    pots_opcua: int = 6
    soaks: int = 20
    packers: int = 6
    bench_scales: int = 6
    recheck_scales: int = 3

    @property
    def pots(self) -> int:
        """All pots."""
        return self.pots_modbus + self.pots_opcua

    @property
    def modbus(self) -> int:
        """Machines over Modbus TCP, the storage sensors included."""
        return self.pots_modbus + self.soaks + self.bench_scales + self.recheck_scales + len(ZONES)

    @property
    def opcua(self) -> int:
        """Machines over OPC UA."""
        return self.pots_opcua + self.packers


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of 127.0.0.1: one per machine and one for the API."""

    modbus: Sequence[int]
    opcua: Sequence[int]
    api: int


EXAMPLE_PORTS = Ports(modbus=range(15001, 17001), opcua=range(24841, 25841), api=8080)


def layout(
    *,
    counts: Counts | None = None,
    ports: Ports = EXAMPLE_PORTS,
    speed: int = 1,
    state: str = "var",
    database: str = "",
    stock: str = "stock.toml",
    people: str = "people.toml",
    hospitals: Mapping[str, str] = HOSPITALS,
    prescriptions: str = "",
    script: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the text of a config.toml.

    `state`: folder of everything that changes, relative to the file. `database`: URL, empty for SQLite in `state`.
    `prescriptions`: the file they come from, for staff who amend one.
    `script`: detours of simulated staff by prescription_no (see `controller.staff.script`).
    """
    counts = counts or Counts()
    wrote = {"prescriptions": prescriptions} if prescriptions else {}
    tables: list[str] = [
        HEADER,
        _table("[site]", name="示例煎药中心", timezone="Asia/Shanghai", pressure_kpa=101.3, pressure_cooking=False),
        _table("[clock]", speed=speed),
        _table("[line]", id="A", stock=stock, people=people),
        _table("[api]", host="127.0.0.1", port=ports.api),
        _table("[database]", url=database or f"sqlite:///{state}/line.db".replace("/./", "/")),
        _table("[paths]", state=state),
        "# Simulated staff only.\n" + _table("[staff]", transit_minutes=TRANSIT_MINUTES, **wrote),
        _table("[staff.heads]", **HEADS),
        "# Plant minutes one act takes.\n" + _table("[staff.minutes]", **MINUTES),
        *(_table(f"[staff.script.{toml_value(number)}]", **act) for number, act in (script or {}).items()),
        *(_table("[[hospital]]", code=code, name=name) for code, name in hospitals.items()),
        *(_table("[[courier]]", id=f"courier-{number}", name=f"示例快递{number}") for number in (1, 2)),
        *_stations(),
        *(_zone(number, *zone) for number, zone in enumerate(ZONES, 1)),
        _table("[pails]", codes=[vessel_code(PAIL, f"pail-{number}") for number in range(1, PAILS + 1)]),
        *_machines(counts, ports),
    ]
    return "\n\n".join(tables) + "\n"


def vessel_code(prefix: str, name: str) -> str:
    """Return the code on the label of the pail or vessel `name`: always the same, and like no other."""
    return make_code(prefix, b32encode(hashlib.sha256(name.encode()).digest())[:16].decode())


def _stations() -> Iterator[str]:
    for kind, count, name_zh, name_en in STATIONS:
        for number in range(1, count + 1):
            yield _table("[[station]]", id=f"{kind}-{number}", kind=kind,
                         name_zh=f"{name_zh}{number}", name_en=f"{name_en} {number}")  # fmt: skip


def _zone(number: int, name: str, name_zh: str, name_en: str, celsius: tuple[int, int]) -> str:
    return _table("[[zone]]", id=name, name_zh=name_zh, name_en=name_en,
                  celsius=celsius, humidity=HUMIDITY, sensor=f"store-{number}")  # fmt: skip


def _machines(counts: Counts, ports: Ports) -> Iterator[str]:
    modbus, opcua = iter(ports.modbus), iter(ports.opcua)

    def over_modbus(name: str, kind: str, profile: str, **more: Any) -> str:
        url = f"modbus://127.0.0.1:{next(modbus)}/1"
        return _table("[[machine]]", id=name, kind=kind, profile=f"{profile}-modbus", url=url, **more)

    def over_opcua(name: str, kind: str, profile: str, **more: Any) -> str:
        url = f"opc.tcp://127.0.0.1:{next(opcua)}"
        return _table(
            "[[machine]]", id=name, kind=kind, profile=f"{profile}-opcua", url=url, waiver="opcua-none", **more
        )

    for number in range(1, counts.pots + 1):
        name = f"pot-{number:02}"
        # The two links are mixed over the sizes: no size depends on one protocol alone.
        second = number * counts.pots_opcua // counts.pots > (number - 1) * counts.pots_opcua // counts.pots
        yield (over_opcua if second else over_modbus)(
            name, "decoction", "pot", code=vessel_code(VESSEL, name), volume_ml=_volume(number, counts.pots),
            use="internal", packer=f"pack-{(number - 1) % counts.packers + 1}",
        )  # fmt: skip
    for number in range(1, counts.soaks + 1):
        name = f"soak-{number:02}"
        yield over_modbus(name, "soaking", "soak", code=vessel_code(VESSEL, name), volume_ml=(0, 30000))
    for number in range(1, counts.packers + 1):
        yield over_opcua(f"pack-{number}", "packing", "packer")
    for number in range(1, counts.bench_scales + 1):
        yield over_modbus(f"scale-{number}", "scale", "scale", station=f"dispensing-{number}")
    for number in range(1, counts.recheck_scales + 1):
        yield over_modbus(f"recheck-{number}", "scale", "scale", station=f"verification-{number}")
    for number, (zone, *_) in enumerate(ZONES, 1):
        yield over_modbus(f"store-{number}", "storage", "storage", zone=zone)


def _volume(number: int, pots: int) -> tuple[int, int]:
    """Return the size of pot `number` of `pots`, in the proportions of SIZES."""
    share, total = (number - 1) / pots, sum(count for count, _ in SIZES)
    for count, volume in SIZES:
        share -= count / total
        if share < -1e-9:  # noqa: PLR2004 - rounding of the sums of thirds and ninths
            return volume
    return SIZES[-1][1]


def _table(header: str, **values: Any) -> str:
    return "\n".join([header, *(f"{key} = {toml_value(value)}" for key, value in values.items())])


def toml_value(value: object) -> str:
    """Write one TOML value: text, number, flag, list, or a mapping as an inline table."""
    match value:
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return "{ " + ", ".join(f"{toml_value(key)} = {toml_value(inner)}" for key, inner in pairs) + " }"
        case list() | tuple():
            return f"[{', '.join(map(toml_value, cast('list[object]', value)))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    print(layout(), end="")  # noqa: T201 - the text is the result
