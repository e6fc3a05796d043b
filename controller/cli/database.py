"""Commands on the database itself: verify, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.options import SITE_FILE, Config, Database
from controller.cli.plainly import plainly, tell

File = Annotated[Path, typer.Argument(metavar="FILE")]


def verify(
    config: Config = SITE_FILE,
    db: Database = "",
    anchor: Annotated[
        Path | None, typer.Option(help="heads written elsewhere, such as anchor.jsonl", metavar="FILE")
    ] = None,
) -> None:
    """Check the journal's chain, the state refolded from it, and that no prescription was lost."""
    with plainly():
        from controller.pipeline import evolve
        from controller.store import verify as verify_store

        url, line = _database(config, db)
        report = verify_store(url, anchor, fold=evolve, line=line)
    for problem in report.problems:
        typer.echo(problem)
    for note in report.notes:
        typer.echo(note)
    ends = "  ".join(f"{status} {count}" for status, count in report.ends.items())
    typer.echo(f"{report.facts} 条事实 / facts  {report.head}")
    typer.echo(f"{report.received} 张处方 / prescriptions  open {report.open}  {ends}".rstrip())
    typer.echo("核对无误 / verified" if report.ok else f"{len(report.problems)} 处不符 / problems")
    raise typer.Exit(0 if report.ok else 1)


def backup(file: File, config: Config = SITE_FILE, db: Database = "") -> None:
    """Write a checked copy of the database to a new file, beside a running controller too."""
    with plainly():
        from controller.store import backup as backup_store

        backup_store(_database(config, db)[0], file)
    tell(f"{file}")


def restore(file: File, config: Config = SITE_FILE, db: Database = "") -> None:
    """Put a backup in the place of the database; refused while a controller runs."""
    with plainly():
        from controller.store import restore as restore_store

        url, line = _database(config, db)
        old = restore_store(url, file, line=line)
    if old:
        tell(f"旧数据库 / old database: {old}")


def _database(config: Path, db: str) -> tuple[str, str]:
    """Return URL and line; a URL that is given stands for itself, with the line of the site file where there is one."""
    from controller.config import load_config

    if db and not config.exists():
        return db, "A"
    site = load_config(config)
    return db or site.database, site.line
