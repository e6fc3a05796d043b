"""What an answer or a refusal means, in words: a headline with what to do next, then rule, facts, who may override; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tui.clocks import clock
from tui.codes import tidy
from tui.state import Tone, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from controller.wire import Problem
    from tui.client import Reply
    from tui.words import Words


_NAMED_BY = {"status": "status", "stage": "stage", "role": "role", "roles": "role"}
"""Facts whose values have a section of words of their own."""


def judged(reply: Reply, words: Words, zone: tzinfo) -> Verdict:
    """Return what became of an act; instants are shown as times of `zone`."""
    if reply.problem is not None:
        return refused(reply.problem, words, zone)
    answer = reply.answer
    if answer is None:
        return lost("", words)
    shows: Mapping[str, object] | None = answer.get("shows")
    title = words.pick(answer["text_zh"], answer["text_en"]) or words.of("act", answer["action"])
    if shows:
        beside = {name: value for name, value in shows.items() if str(value) not in title}
        return Verdict(Tone.NOTE, title, tuple(_pairs(beside, words, zone)))
    return Verdict(Tone.GOOD, tidy(title))


def refused(problem: Problem, words: Words, zone: tzinfo) -> Verdict:
    """Return a refusal whole: what and the nearest legal action (in its text), rule, facts, who may override, places."""
    rule = problem.get("rule", "")
    text = words.pick(problem.get("text_zh", ""), problem.get("text_en", ""))
    title = text or problem.get("detail", "") or problem.get("title", "")
    return Verdict(Tone.BAD, title, tuple(_reasons(problem, rule, words, zone)))


def _reasons(problem: Problem, rule: str, words: Words, zone: tzinfo) -> Iterator[str]:
    if rule:
        yield words("verdict.rule", rule=rule)
    facts = list(_pairs(problem.get("facts", {}), words, zone))
    if facts:
        yield words("verdict.facts", facts="  ".join(facts))
    who = problem.get("who_may_override", [])
    if who:
        yield words("verdict.who", who=", ".join(words.of("role", role) for role in who))
    for error in problem.get("errors", []):
        yield f"{error['pointer']}: {error['message']}"


def lost(why: str, words: Words) -> Verdict:
    """Return what to say when nobody knows whether the act happened."""
    return Verdict(Tone.BAD, words("verdict.lost"), (words("verdict.lost-next"), why))


def local(key: str, words: Words, *lines: str) -> Verdict:
    """Return a refusal of the terminal's own: nothing was sent."""
    return Verdict(Tone.BAD, words(key), lines)


def _pairs(facts: Mapping[str, object], words: Words, zone: tzinfo) -> Iterator[str]:
    for name, value in facts.items():
        if value not in ("", None, [], {}):
            yield f"{words.of('fact-name', name)} {_plain(name, value, words, zone)}"


def _plain(name: str, value: object, words: Words, zone: tzinfo) -> str:
    if isinstance(value, list):
        return ", ".join(words.of(_NAMED_BY.get(name, "value"), str(one)) for one in cast("list[object]", value))
    if isinstance(value, int) and name.endswith("_at"):
        return clock(value, zone)
    if isinstance(value, float):
        return f"{value:g}"
    return words.of(_NAMED_BY.get(name, "value"), str(value))
