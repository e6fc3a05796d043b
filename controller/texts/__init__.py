"""What the line says to people, in Chinese first and English complete; one table, `texts.toml`, and no text anywhere else.

`load_texts(zone)` reads it strictly. An id that is not in the table is shown as it is, so that nothing is ever hidden;
`missing` names those, and a test looks for them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECTIONS = ("rule", "next", "hold", "outage", "lint", "alarm", "cause", "action", "task", "done", "probe", "label")


class TextsError(Exception):
    """The table of texts is not one: the place and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the two languages of the line."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts by section and id.

    `rule`: why something was refused. `next`: the nearest legal action. `hold`: why a batch waits. `outage`: what a batch went
    through while nobody watched. `lint`: what a recipe table and the pots do not keep between them. `alarm`: what is wrong and
    what follows from it, `cause` why, `action` what to do. `task`: what to do next. `done`: what a fact says. `probe`: what was
    found at a machine on site. `label`: names of statuses, stages, gates, checkpoints, handlings.
    """

    sections: Mapping[str, Mapping[str, Text]]
    zone: tzinfo

    def say(self, section: str, key: str, facts: Mapping[str, Any] | None = None) -> Text:
        """Return a text with `facts` in their places: a missing fact is `?`, an unknown key is shown as it is.

        A fact named `*_at` is an instant (ms) and shown as a time of the site; one whose value has a label is shown by it.
        """
        text = self._find(section, key)
        if text is None:
            return Text(key, key)
        if "{" not in text.zh and "{" not in text.en:
            return text
        shown = {name: self._shown(name, value) for name, value in (facts or {}).items()}
        zh = _Facts({name: value.zh for name, value in shown.items()})
        en = _Facts({name: value.en for name, value in shown.items()})
        return Text(text.zh.format_map(zh), text.en.format_map(en))

    def label(self, group: str, key: str) -> Text:
        """Return the name of a word of ours, such as `stage` `soaking`."""
        return self._find("label", f"{group}.{key}") or Text(key, key)

    def moment(self, at: int) -> str:
        """Return an instant (ms) as date and minute of the site, a dash for 0."""
        return f"{datetime.fromtimestamp(at / 1000, self.zone):%Y-%m-%d %H:%M}" if at else "-"

    def missing(self, section: str, keys: Iterable[str]) -> list[str]:
        """Return those of `keys` that have no text, in order."""
        return sorted(key for key in set(keys) if self._find(section, key) is None)

    def _find(self, section: str, key: str) -> Text | None:
        """Look up an id; where it has a detail of its own (`link-stale.pot-03`), the id without it."""
        texts = self.sections[section]
        while key and key not in texts:
            key = key.rpartition(".")[0]
        return texts.get(key)

    def _shown(self, name: str, value: Any) -> Text:
        if isinstance(value, int) and name.endswith("_at"):
            moment = self.moment(value)
            return Text(moment, moment)
        if isinstance(value, float):
            return Text(f"{value:g}", f"{value:g}")
        return self.label(name, str(value))


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def load_texts(zone: tzinfo) -> Texts:
    """Read the packaged table; times are told in `zone`. Raises TextsError naming the place."""
    raw = tomllib.loads(resources.files("controller.texts").joinpath("texts.toml").read_text(encoding="utf-8"))
    return texts_from(raw, zone)


def texts_from(raw: Mapping[str, Any], zone: tzinfo) -> Texts:
    """Check a parsed table: every section there, every entry two sound texts. Raises TextsError naming the place."""
    if unknown := raw.keys() ^ set(SECTIONS):
        raise TextsError(f"sections missing or unknown: {', '.join(sorted(unknown))}")
    sections: dict[str, dict[str, Text]] = {}
    for section in SECTIONS:
        entries = cast("dict[str, Any]", raw[section])
        sections[section] = {key: _text(f"{section}.{key}", pair) for key, pair in entries.items()}
    return Texts(sections, zone)


def _text(place: str, pair: Any) -> Text:
    match pair:
        case [str(zh), str(en)] if zh and en:
            for text in (zh, en):
                _check_template(place, text)
            return Text(zh, en)
        case _:
            raise TextsError(f"{place}: a Chinese and an English text are needed")


def _check_template(place: str, text: str) -> None:
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise TextsError(f"{place}: {error}") from error
    # A bare name and nothing else: a template that could reach into a value would be a program.
    if any(not name.isidentifier() or spec or conversion for name, spec, conversion in fields):
        raise TextsError(f"{place}: only {{names}} may stand in a text")
