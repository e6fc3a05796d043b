"""Options that several commands share, said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.texts import Text


class Locale(StrEnum):
    """Languages of the floor terminal and of what commands tell."""

    CHINESE = "zh_CN"
    ENGLISH = "en"


SITE_FILE = Path("config.toml")
Config = Annotated[Path, typer.Option("--config", help="site file", metavar="FILE")]
Url = Annotated[str, typer.Option("--url", help="controller; the site file's where left out", metavar="URL")]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help="keys; keys.json of the state folder where left out", metavar="FILE")
]
Database = Annotated[str, typer.Option("--db", help="database; the site file's where left out", metavar="URL")]
Language = Annotated[Locale, typer.Option("--locale", help="language")]


def chosen_by(locale: Locale) -> Callable[[Text], str]:
    """Return what picks the text of a language."""
    return (lambda text: text.en) if locale is Locale.ENGLISH else (lambda text: text.zh)
