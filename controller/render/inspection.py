"""What was found at one machine, as plain lines: who it is, every tag in its own words and in ours, and the promises not kept."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from controller.render.columns import columns
from devices.profile_rules import ENUMS, SOURCE_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from controller.texts import Text, Texts
    from devices.inspection import Inspection, TagRow
    from devices.profile import Profile
    from devices.site import MachineSite

    Chosen = Callable[[Text], str]

_HEAD: Final = ("tag", "raw", "value", "unit", "quality", "reason", "source", "drift")
_TIMES: Final = frozenset({SOURCE_TIME, "BoilBegan"})


class Told:
    """One machine told in one language. `chosen`: picks it from a text; `now`: plant time in ms at the last read."""

    def __init__(self, site: MachineSite, profile: Profile, found: Inspection, texts: Texts, chosen: Chosen) -> None:
        self._site, self._profile, self._found = site, profile, found
        self._texts, self._chosen = texts, chosen

    def lines(self) -> Iterator[str]:
        """Yield everything in order."""
        site, profile = self._site, self._profile
        yield f"{site.id}  {self._chosen_title()}  {profile.id}  {site.url}"
        yield from columns([(self._label(name), words) for name, words in self._summary()])
        if self._found.rows:
            yield ""
            yield from columns([[self._label(name) for name in _HEAD], *(self._cells(row) for row in self._found.rows)])
        yield ""
        if not self._found.broken:
            yield self._say("kept")
            return
        yield self._say("promises", count=len(self._found.broken))
        yield from columns([("-", self._broken(broken.rule, broken.facts)) for broken in self._found.broken])

    def _summary(self) -> Iterator[tuple[str, str]]:
        found, said = self._found, self._found.snapshot
        yield "link", self._say("reached", surveys=found.surveys, failures=found.failures)
        yield "security", self._security()
        if said is not None:
            words = {"state": said.state, "mode": said.mode, "step": said.step}
            named = {name: _word(word.name) for name, word in words.items()}
            yield "state", self._say("state", fault=said.fault, **named) + "  " + self._say("boot", boot=said.boot)
            numbered = {"epoch": said.epoch, "order": said.order, "batch": said.batch or "-"}
            status = _word(said.order_status.name)
            yield "order", self._say("order", status=status, **numbered) if said.order else self._say("order-none")
        yield "clock", self._clock()
        yield "watchdog", self._watchdog()
        yield "readiness", self._readiness()
        if found.requests:
            measured = {"median": found.median_s, "longest": found.longest_s, "gap": found.smallest_gap_s}
            in_ms = {name: "-" if math.isnan(value) else f"{1000 * value:.1f}" for name, value in measured.items()}
            yield "answers", self._say("times", requests=len(found.requests), **in_ms)

    def _security(self) -> str:
        site = self._site
        if site.security is not None:
            return (
                self._say("secured-opcua", user=site.security.user) if site.security.user else self._say("secured-tls")
            )
        return self._say("waived", waiver=site.waiver) if site.waiver else self._say("unsecured")

    def _clock(self) -> str:
        drift_ms = self._found.drift_ms
        if drift_ms is None:
            return self._say("clock-none")
        ahead = "clock-behind" if drift_ms < 0 else "clock-ahead"
        at = max((row.at for row in self._found.rows), default=0)
        return self._say(
            "clock", moment=self._moment(at), drift=self._say(ahead, seconds=f"{abs(drift_ms) / 1000:.1f}")
        )

    def _watchdog(self) -> str:
        dog = self._profile.watchdog
        return (
            self._say("watchdog-none")
            if dog is None
            else self._say("watchdog", policy=dog.policy, timeout=dog.timeout_s)
        )

    def _readiness(self) -> str:
        ready = self._profile.readiness
        levels = {"link": ready.link, "monitor": ready.monitor, "command": ready.command}
        return self._say("monitor-only" if ready.command == "todo" else "readiness", **levels)

    def _cells(self, row: TagRow) -> tuple[str, ...]:
        return (
            row.tag.name,
            row.raw or "-",
            self._value(row),
            row.tag.unit,
            "" if row.quality is None else self._label(row.quality, "quality"),
            self._chosen(self._texts.label("doubt", row.doubt)) if row.doubt else "",
            self._moment(row.at) if row.at else "-",
            f"{(row.at - self._found.now) / 1000:+.1f}" if row.at else "-",
        )

    def _value(self, row: TagRow) -> str:
        value = row.value
        if value is None:
            return "-"
        if row.tag.name in _TIMES and value:
            return self._moment(int(value))
        if (words := ENUMS.get(row.tag.name)) is not None and value in {int(word) for word in words}:
            return _word(words(int(value)).name)
        return f"{value:.5g}" if isinstance(value, float) else str(value)

    def _moment(self, at: int) -> str:
        """Say an instant to the second, in the time of the site; what is no time is shown as the number that it is."""
        try:
            return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(self._texts.zone):%Y-%m-%d %H:%M:%S}"
        except (OverflowError, ValueError, OSError):
            return str(at)

    def _broken(self, rule: str, facts: Mapping[str, object]) -> str:
        why = self._chosen(self._texts.label("doubt", str(facts.get("why", ""))))
        return self._say(rule, **{**facts, "why": why})

    def _chosen_title(self) -> str:
        title = self._profile.title
        return self._chosen(type(self._texts.say("probe", "kept"))(title.zh, title.en))

    def _label(self, name: str, group: str = "probe") -> str:
        return self._chosen(self._texts.label(group, name))

    def _say(self, key: str, **facts: Any) -> str:
        return self._chosen(self._texts.say("probe", key, facts))


def _word(name: str) -> str:
    """Write a word of PackML as the tables do."""
    return "".join(part.capitalize() for part in name.split("_"))
