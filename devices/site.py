"""The site file as machines see it, and the plant clock that every process of a site shares.

Reads [site], [clock], [paths] and [[machine]] of config.toml; the controller reads the rest of the file itself.
Plant time = anchor + speed x (CLOCK_BOOTTIME - anchor's boot time), in ms since the Unix epoch: it goes on through
suspension and never follows a step of the wall clock. Stdlib only, since the simulated plant reads the same file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from devices.errors import ClockError, SiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SPEED = 240
KINDS = ("decoction", "soaking", "packing", "scale", "storage")
MANUAL = "manual"
"""What stands for the URL of a machine that is on no wire: people work it."""
SCHEMES = ("modbus", "opc.tcp", "memory", MANUAL)
WAIVER = "opcua-none"
"""What stands in `waiver` of a machine that is spoken to over OPC UA without signature and encryption."""


@dataclass(frozen=True, slots=True)
class Security:
    """[machine.security]: how a machine and we know each other. Files are PEM; none of them is read here.

    `certificate`, `key`: ours. The machine's is `pinned`, or signed by one of `authorities` for the host of the URL and not in
    one of the lists `revoked`. OPC UA also has a `policy` and a `user`, whose password is the one line of `password_file` or
    the environment variable `password_env`.
    """

    certificate: Path
    key: Path
    pinned: Path | None = None
    authorities: tuple[Path, ...] = ()
    revoked: tuple[Path, ...] = ()
    policy: str = ""
    user: str = ""
    password_file: Path | None = None
    password_env: str = ""


@dataclass(frozen=True, slots=True)
class MachineSite:
    """One [[machine]]. `volume_ml`: (smallest load, volume of the vessel); (0, 0) where it holds nothing.

    `code` is the label on the vessel; `zone` the storage zone of a sensor; `station` the bench of a scale. Modbus is spoken over
    TLS where there is `security`; OPC UA is spoken with `security`, or without any under a `waiver`, never with both.
    """

    id: str
    kind: str
    profile: str
    url: str
    code: str
    volume_ml: tuple[int, int] = (0, 0)
    use: str = ""
    packer: str = ""
    zone: str = ""
    station: str = ""
    waiver: str = ""
    security: Security | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """The physical place. `pressure_kpa`: mean air pressure; `state`: folder of everything that changes.

    `profiles`: folder of the site's own profile tables, None where ours are all it needs.
    """

    name: str
    timezone: str
    pressure_kpa: float
    pressure_cooking: bool
    speed: int
    state: Path
    machines: Mapping[str, MachineSite]
    profiles: Path | None = None


def load_site(path: Path) -> Site:
    """Read the site file at `path`; relative folders are relative to it. Raises SiteError with every problem."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SiteError(f"{path}: 没有这个文件 (no such file)") from error
    except OSError as error:
        raise SiteError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SiteError(f"{path}: {error}") from error
    return site_from(raw, base=path.resolve().parent)


def site_from(raw: Mapping[str, Any], *, base: Path) -> Site:
    """Check the parsed site file. `base`: folder that relative paths start from. Raises SiteError, a line for each problem."""
    site, problems = read_site(raw, base=base)
    if problems:
        raise SiteError("\n".join(problems))
    return site


def read_site(raw: Mapping[str, Any], *, base: Path) -> tuple[Site, list[str]]:
    """Read what can be read and say everything that is wrong: a wrong value is as if left out, and so is a wrong machine."""
    problems: list[str] = []
    table = _Table(raw, "config", problems)
    place, clock, paths = table.sub("site"), table.sub("clock"), table.sub("paths")
    place.only("name", "timezone", "pressure_kpa", "pressure_cooking")
    clock.only("speed")
    paths.only("state", "profiles")
    machines: dict[str, MachineSite] = {}
    for row in table.rows("machine"):
        before = len(problems)
        machine = _machine(row, base)
        if machine.id in machines:
            row.wrong("id", f"{machine.id!r} is there twice")
        if len(problems) == before:
            machines[machine.id] = machine
    packers = {row.text("id", "") for row in table.rows("machine") if row.text("kind", "") == "packing"}
    problems += (
        f"machine {machine.id}: packer {machine.packer!r} is not a packing machine of this site"
        for machine in machines.values()
        if machine.packer and machine.packer not in packers
    )
    site = Site(
        name=place.text("name", "decoction centre"),
        timezone=place.text("timezone", "Asia/Shanghai"),
        pressure_kpa=place.number("pressure_kpa", 101.3, low=50.0, high=110.0),
        pressure_cooking=place.flag("pressure_cooking", default=False),
        speed=clock.whole("speed", 1, low=1, high=MAX_SPEED),
        state=(base / paths.text("state", "var")).resolve(),
        machines=machines,
        profiles=(base / own).resolve() if (own := paths.text("profiles", "")) else None,
    )
    return site, list(dict.fromkeys(problems))


def _machine(row: _Table, base: Path) -> MachineSite:
    row.only(*(field.name for field in fields(MachineSite)))
    kind, url, waiver = row.text("kind"), row.text("url"), row.text("waiver", "")
    security = _security(row.sub("security"), base) if row.has("security") else None
    scheme = url.partition(":")[0]
    if kind and kind not in KINDS:
        row.wrong("kind", f"{kind!r} is none of {', '.join(KINDS)}")
    if url and (scheme not in SCHEMES or (scheme == MANUAL and url != MANUAL)):
        row.wrong("url", f"{url!r} starts with none of {', '.join(SCHEMES)}")
    if waiver not in ("", WAIVER):
        row.wrong("waiver", f"{waiver!r} is not {WAIVER!r}")
    # What the screen shows as running without security is what does: a waiver that waives nothing would be a lie there.
    elif waiver and (security is not None or scheme not in ("", "opc.tcp")):
        row.wrong("waiver", f"{waiver!r} is for a machine over OPC UA that has no security")
    return MachineSite(
        id=row.text("id"),
        kind=kind,
        profile=row.text("profile"),
        url=url,
        code=row.text("code", row.text("id")),
        volume_ml=row.pair("volume_ml"),
        use=row.text("use", ""),
        packer=row.text("packer", ""),
        zone=row.text("zone", ""),
        station=row.text("station", ""),
        waiver=waiver,
        security=security,
    )


def _security(table: _Table, base: Path) -> Security:
    table.only(*(field.name for field in fields(Security)))

    def one(key: str) -> Path | None:
        return base / name if (name := table.text(key, "")) else None

    return Security(
        certificate=base / table.text("certificate"),
        key=base / table.text("key"),
        pinned=one("pinned"),
        authorities=tuple(base / name for name in table.texts("authorities")),
        revoked=tuple(base / name for name in table.texts("revoked")),
        policy=table.text("policy", ""),
        user=table.text("user", ""),
        password_file=one("password_file"),
        password_env=table.text("password_env", ""),
    )


class _Table:
    """A TOML table read strictly: what is wrong is added to `problems` by its place, and its default stands for it."""

    def __init__(self, raw: Mapping[str, Any], where: str, problems: list[str]) -> None:
        self._raw, self._where, self._problems = raw, where, problems

    def wrong(self, key: str, what: str) -> None:
        self._problems.append(f"{self._where}.{key}: {what}")

    def sub(self, key: str) -> _Table:
        value = self._raw.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "not a table")
            value = {}
        where = key if self._where == "config" else f"{self._where}.{key}"
        return _Table(cast("dict[str, Any]", value), where, self._problems)

    def has(self, key: str) -> bool:
        return key in self._raw

    def rows(self, key: str) -> list[_Table]:
        rows = self._raw.get(key, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in cast("list[object]", rows)):
            self.wrong(key, "not a list of tables")
            rows = []
        tables = enumerate(cast("list[dict[str, Any]]", rows))
        return [_Table(row, f"{key}[{index}]", self._problems) for index, row in tables]

    def text(self, key: str, default: str | None = None) -> str:
        value = self._raw.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            self.wrong(key, "a text is needed")
            return default or ""
        return value

    def texts(self, key: str) -> list[str]:
        value = self._raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in cast("list[object]", value)):
            self.wrong(key, "a list of texts is needed")
            return []
        return cast("list[str]", value)

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        value = self._raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            self.wrong(key, f"a number from {low:g} to {high:g} is needed")
            return float(default)
        return float(value)

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        value = self.number(key, default, low=low, high=high)
        if not value.is_integer():
            self.wrong(key, "a whole number is needed")
            return default
        return int(value)

    def only(self, *keys: str) -> None:
        """Name every key that nobody reads: it is a typing mistake."""
        for stray in sorted(self._raw.keys() - set(keys)):
            self.wrong(stray, "not a key")

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._raw.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "true or false is needed")
            return default
        return value

    def pair(self, key: str) -> tuple[int, int]:
        value = self._raw.get(key, [0, 0])
        match value:
            case [int(low), int(high)] if 0 <= low <= high and bool not in (type(low), type(high)):
                return low, high
            case _:
                self.wrong(key, "two whole numbers, smallest load and volume in mL, are needed")
                return 0, 0


def boot_id() -> str:
    """Return the identity of this boot of the machine we run on."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def boot_seconds() -> float:
    """Return seconds since boot, counting suspension."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class PlantClock:
    """Plant time from the anchor in `clock.json`; holds a shared lock so that the anchor counts as living.

    The first process of a site makes the anchor; a process with another speed is refused while one lives.
    """

    def __init__(self, *, speed: int, first: int, boot: float, path: Path | None = None, lock: int = -1) -> None:
        self.speed = speed
        self._first = first
        self._boot = boot
        self._path = path
        self._lock = lock
        self._floor = 0

    @classmethod
    def open(cls, state: Path, speed: int, *, first: int | None = None) -> Self:
        """Join or make the anchor of the folder `state`. `first`: ms plant time a new anchor starts at.

        Raises ClockError when a living process runs at another speed.
        """
        state.mkdir(parents=True, exist_ok=True)
        path = state / "clock.json"
        lock = os.open(state / "clock.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _renew_anchor(path, speed, first)
            fcntl.flock(lock, fcntl.LOCK_SH)
            anchor = _read_anchor(path)
            if anchor is None or anchor["boot_id"] != boot_id() or anchor["speed"] != speed:
                held = "none" if anchor is None else anchor["speed"]
                raise ClockError(
                    f"plant clock in {path} runs at speed {held}, this process was asked for {speed}",
                    advice="stop the other processes of this site or use their speed",
                )
        except BaseException:
            os.close(lock)
            raise
        return cls(speed=speed, first=int(anchor["first"]), boot=float(anchor["boot"]), path=path, lock=lock)

    def now(self) -> int:
        """Return plant time, ms since the Unix epoch; never below `not_before`."""
        return max(self._floor, self._first + int((boot_seconds() - self._boot) * 1000 * self.speed))

    def not_before(self, at: int) -> None:
        """Never again answer a time below `at`: the time of the last fact."""
        self._floor = max(self._floor, at)

    def wall_seconds(self, plant_ms: float) -> float:
        """Turn a plant duration in ms into seconds on the wall."""
        return plant_ms / 1000 / self.speed

    def keep_seen(self) -> None:
        """Write the present time into the anchor file, so that a new anchor goes on from it."""
        if self._path is None:
            return
        anchor = _read_anchor(self._path)
        if anchor is not None:
            _write_anchor(self._path, {**anchor, "seen": self.now()})

    def close(self) -> None:
        """Let go of the anchor."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def period_s(profile_period_s: float, speed: int) -> float:
    """Return the poll period in wall seconds: the profile's, shortened with the clock, never under 0.25 s."""
    return max(profile_period_s / speed, 0.25)


def grace_s(profile_period_s: float, speed: int) -> float:
    """Return g of invariant I10: three poll periods in plant seconds."""
    return 3 * period_s(profile_period_s, speed) * speed


def _renew_anchor(path: Path, speed: int, first: int | None) -> None:
    """Make the anchor where there is none of this boot and speed. The caller holds the lock alone."""
    old = _read_anchor(path)
    if old is not None and old["boot_id"] == boot_id() and old["speed"] == speed:
        return
    seen = 0 if old is None else int(old["seen"])
    now = int(time.time() * 1000)
    start = first if first is not None and first > seen else (max(now, seen) if speed == 1 or not seen else seen)
    _write_anchor(path, {"boot_id": boot_id(), "speed": speed, "first": start, "boot": boot_seconds(), "seen": start})


def _read_anchor(path: Path) -> dict[str, Any] | None:
    try:
        anchor: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ClockError(f"{path}: {error}", advice="remove the file when no process of this site runs") from error
    found: dict[str, Any] = cast("dict[str, Any]", anchor) if isinstance(anchor, dict) else {}
    if not {"boot_id", "speed", "first", "boot", "seen"} <= found.keys():
        raise ClockError(f"{path}: not an anchor", advice="remove the file when no process of this site runs")
    return found


def _write_anchor(path: Path, anchor: Mapping[str, Any]) -> None:
    """Replace the anchor whole, so that a reader never sees half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(anchor))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
