"""The page of alarms, made from the table and its texts: `python -m tests.house.alarm_page` writes it, a test compares it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from controller.formulary import load_alarms
from controller.texts import load_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.model.alarm import AlarmRule

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "alarms.md"
HEAD = """# Alarms

Alarms by ANSI/ISA-18.2-2016 (IEC 62682). The numbers are those of `controller/formulary/alarms.toml`, the words those of
`controller/texts/texts.toml`; this page is made from both. Why it is so:
[decision 13](../decisions/0013-a-safety-alarm-falls-silent-only-with-an-empty-machine.md).

## States

| state | on the screen | meaning |
|---|---|---|
| `UNACK` | 未确认 NEW | the condition holds and nobody has acknowledged it: it is said again, and escalated |
| `ACKED` | 已确认 seen | the condition holds, somebody has seen it |
| `LATCH` | 待确认 latched | the condition is over, the rule is latched: it stands, and calls, until acknowledged |
| `RTNUN` | 已恢复 over | the condition is over, nobody acknowledged it; it calls no more |
| `SHLVD` | 已搁置 shelved | put aside by a pharmacist until a time; then it comes back unacknowledged |
| `DSUPR` | 已抑制 hushed | another alarm says it for this one, or the state of its machine explains it |
| `OOSRV` | 已停用 out | it, or its empty machine, was taken out of service by name |

Marks on the screen: `^1` escalated by one step, `+3` said again three times, `x5` its condition came again five times, `-11:00`
shelved until then.

## Rules
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_rules(), "", *_load()])


def _rules() -> Iterator[str]:
    table, texts = load_alarms(), load_texts(ZoneInfo("Asia/Shanghai"))
    yield "| rule | priority | respond | calls | shelvable | latched | delay on/off | deadband | quiet during |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, rule in table.rules.items():
        yield _row(name, rule)
    repeat = ", ".join(f"{priority} {minutes} min" for priority, minutes in table.repeat_minutes.items())
    yield ""
    yield f"Respond: minutes of people. Said again while nobody has acknowledged it: {repeat}."
    yield "Delays: seconds of the process; a lost link waits 5 s more before it is reported."
    yield f"{table.group_from} lost links, or {table.group_from} distrusted peers, are one alarm that names the first."
    yield f"A shelf is at most {table.longest_shelf_minutes} minutes."
    facts = {"source": "X", "detail": "D"}
    for name in table.rules:
        said = [texts.say(section, name, facts) for section in ("alarm", "cause", "action")]
        yield ""
        yield f"### {name}"
        yield ""
        for label, text in zip(("What and what follows", "Cause", "Action"), said, strict=True):
            yield f"- {label}: {text.zh} {text.en}"
        for key in texts.sections["alarm"]:
            rule, _, source = key.partition(".")
            if rule == name and source:
                text = texts.say("alarm", key, facts)
                yield f"- What follows where it is `{source}`: {text.zh} {text.en}"


def _row(name: str, rule: AlarmRule) -> str:
    deadband = ", ".join(f"{value} {much:g}" for value, much in rule.deadband.items())
    begins = f"limit {rule.limit:g}" if rule.limit else ""
    cells = (
        f"`{name}`",
        rule.priority,
        f"{rule.respond_minutes} min",
        ", ".join(rule.calls),
        "yes" if rule.shelvable else "no",
        "yes" if rule.latched else "",
        f"{rule.on_delay_s} / {rule.off_delay_s} s" if rule.on_delay_s or rule.off_delay_s else "",
        "; ".join(filter(None, (begins, deadband))),
        ", ".join(rule.quiet_during),
    )
    return f"| {' | '.join(cells)} |"


def _load() -> Iterator[str]:
    load = load_alarms().load
    share = ", ".join(f"{priority} {part:.0%}" for priority, part in load.share.items())
    yield "## The load of a month"
    yield ""
    yield "Key `k` on the alarm screen, `decoction alarms --month YYYY-MM`, or `GET /api/v1/alarms/kpi`."
    yield "An alarm counts when it asks somebody."
    yield ""
    yield f"- Alarms per {load.window_minutes} minutes and console: average at most 1, most at most {load.flood_from}."
    yield f"- Flood: more than {load.flood_from} of them. Wanted: under 1 % of the time."
    yield f"- Stale: stood longer than {load.stale_hours} h, counted where it ended or stands now. Wanted: none."
    yield f"- Chattering: the condition came {load.chatter_from} times within {load.chatter_s} s. Wanted: none."
    yield f"- Priorities: {share} of what was raised: a figure of the month, not of the rules, which are few."
    yield "- Acknowledged, shelved or taken out of service within the time to respond. Wanted: all."
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
