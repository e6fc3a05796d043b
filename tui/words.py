"""All words of the terminal are in `vocabulary`, Chinese first, English complete; here one language is picked.

`words("nav.alarms")` is a text of ours, `words.of("status", code)` the name of a code of the controller (a code we do not know
shows as itself), `words.pick(zh, en)` chooses between two texts that came over the wire.
"""

from __future__ import annotations

from typing import Literal

from tui.inert import inert
from tui.vocabulary import WORDS

Locale = Literal["zh_CN", "en"]
LOCALES: tuple[Locale, ...] = ("zh_CN", "en")


class Words:
    """The texts in one language."""

    def __init__(self, locale: Locale) -> None:
        self.locale: Locale = locale
        self._column = LOCALES.index(locale)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `section.key`, its places filled with `values` made inert. KeyError where there is none."""
        section, _, name = key.partition(".")
        text = WORDS[section][name][self._column]
        return text.format_map({name: inert(value) for name, value in values.items()}) if values else text

    def of(self, section: str, code: str) -> str:
        """Return the name of a code of the controller; of `link-stale.pot-03` that of `link-stale`; else the code itself."""
        texts, known = WORDS[section], code
        while known and known not in texts:
            known = known.rpartition(".")[0]
        return texts[known][self._column] if known in texts else inert(code)

    def pick(self, zh: str, en: str) -> str:
        """Return the text in this language, the other one where it is empty."""
        first, second = (zh, en) if self.locale == "zh_CN" else (en, zh)
        return inert(first or second)

    def other(self) -> Words:
        """Return the words in the next language."""
        return Words(LOCALES[(self._column + 1) % len(LOCALES)])
