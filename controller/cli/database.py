"""Commands on the database itself: verify, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller import store
from controller.cli.options import SITE_FILE, Config, Database
from controller.cli.plainly import plainly, tell
from controller.config import load_config
from controller.pipeline import evolve
from controller.store import StoreError

File = Annotated[Path, typer.Argument(metavar="FILE")]
Anchor = Annotated[
    Path | None,
    typer.Option(
        help="heads kept apart: a copy of anchor.jsonl, to which run adds in the state folder each night and as it ends",
        metavar="FILE",
    ),
]


def verify(config: Config = SITE_FILE, db: Database = "", anchor: Anchor = None) -> None:
    """Check the journal's chain, the state refolded from it, and that nothing was lost."""
    with plainly(StoreError):
        url, line = _database(config, db)
        report = store.verify(url, anchor, fold=evolve, line=line)
    for remark in (*report.problems, *report.notes):
        typer.echo(remark)
    ends = "".join(f"  {status} {count}" for status, count in report.ends.items())
    typer.echo(f"{report.facts} 条事实 / facts  {report.head}")
    typer.echo(f"{report.received} 张处方 / prescriptions  open {report.open}{ends}")
    typer.echo("核对无误 / verified" if report.ok else f"{len(report.problems)} 处不符 / problems")
    raise typer.Exit(0 if report.ok else 1)


def backup(file: File, config: Config = SITE_FILE, db: Database = "") -> None:
    """Write a checked copy of the database to a new file, beside a running controller too."""
    with plainly(StoreError):
        store.backup(_database(config, db)[0], file)
    tell(str(file))


def restore(file: File, config: Config = SITE_FILE, db: Database = "") -> None:
    """Put a backup in the place of the database; refused while a controller runs."""
    with plainly(StoreError):
        url, line = _database(config, db)
        old = store.restore(url, file, line=line)
    tell(f"旧数据库 / old database: {old}" if old else "")


def _database(config: Path, db: str) -> tuple[str, str]:
    """Return URL and line; a URL that is given needs no site file, its line is then the usual one."""
    if db and not config.exists():
        return db, "A"
    site = load_config(config)
    return db or site.database, site.line
