"""The command line: every command imports what it needs when it is called, so that `decoction --help` answers at once.

`main()` returns the exit code: 0 done, 1 not done or something is wrong, 2 asked in a wrong way, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import click
import typer

from controller.cli import check, database, demo, keys, people, record, start

INTERRUPTED = 130

app = typer.Typer(
    name="decoction",
    help="中药煎药中心生产线控制器 / production-line controller of a Chinese medicine decoction centre",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (
    demo.demo,
    start.run,
    start.plant,
    start.staff,
    start.floor,
    check.check,
    database.verify,
    record.record,
    database.backup,
    database.restore,
):
    app.command()(command)
app.add_typer(keys.app, name="key")
app.add_typer(people.app, name="user")


def main() -> int:
    """Run the command that was asked for; return the exit code of the process."""
    try:
        return app(standalone_mode=False) or 0
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
