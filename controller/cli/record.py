"""`decoction record`: the batch record of one prescription, from a running controller."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.options import SITE_FILE, Config, KeyFile, Url
from controller.cli.plainly import plainly
from controller.cli.remote import Remote, RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.wire import PrescriptionPage, PrescriptionRow

_CASE = "R-"
_PAGE = 500


class Format(StrEnum):
    """Forms of the record."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


def record(
    prescription: Annotated[str, typer.Argument(help="its code R-… or the hospital's number")],
    form: Annotated[Format, typer.Option("--format")] = Format.JSON,
    config: Config = SITE_FILE,
    url: Url = "",
    key_file: KeyFile = None,
) -> None:
    """Write the batch record of a prescription to standard output."""
    with plainly(RemoteError):
        remote = Remote.of(config, url, key_file)
        content = remote.get(f"/api/v1/prescriptions/{_case(remote, prescription)}/record", format=form.value).content
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def _case(remote: Remote, prescription: str) -> str:
    """Return the code of the prescription; a number that several hospitals use is an error."""
    if prescription.startswith(_CASE):
        return prescription
    found = {row["id"]: row["hospital"] for row in _everything(remote) if row["prescription_no"] == prescription}
    if len(found) == 1:
        return next(iter(found))
    several = "\n".join(f"{case} {hospital}" for case, hospital in found.items())
    raise RemoteError(f"use one of these codes:\n{several}" if several else f"there is no prescription {prescription}")


def _everything(remote: Remote) -> Iterator[PrescriptionRow]:
    """Go through all prescriptions, open ones first."""
    for status in ("", "rejected", "cancelled", "delivered", "handed_over", "undelivered"):
        asked: dict[str, str | int] = {"limit": _PAGE} | ({"status": status} if status else {})
        while True:
            page: PrescriptionPage = remote.get("/api/v1/prescriptions", **asked).json()
            yield from page["items"]
            if not page["cursor"]:
                break
            asked["cursor"] = page["cursor"]
