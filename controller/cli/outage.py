"""`decoction outage`: what a power cut or a lost machine did to every batch, and what is proposed, from a running controller."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from controller.cli.options import SITE_FILE, Config, KeyFile, Url
from controller.cli.plainly import plainly
from controller.cli.remote import Remote, RemoteError
from controller.render.outage import to_lines
from controller.texts import load_texts

if TYPE_CHECKING:
    from controller.wire import LineView
    from controller.wire.outage import OutageSheet

_PATH = "/api/v1/outage"


class Format(StrEnum):
    """Forms of the sheet."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"


def outage(
    form: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    config: Config = SITE_FILE,
    url: Url = "",
    key_file: KeyFile = None,
) -> None:
    """Write the outage sheet to standard output: every disturbed batch, worst first, with a proposal."""
    with plainly(RemoteError):
        remote = Remote.of(config, url, key_file)
        if form is Format.TEXT:
            sheet: OutageSheet = remote.get(_PATH, format="json").json()
            line: LineView = remote.get("/api/v1/line").json()
            for told in to_lines(sheet, load_texts(ZoneInfo(line["timezone"]))):
                typer.echo(told)
            return
        sys.stdout.buffer.write(remote.get(_PATH, format=form.value).content)
        sys.stdout.buffer.flush()
