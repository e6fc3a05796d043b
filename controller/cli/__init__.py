"""The command line. The module of a command is imported when it is called, so that `decoction --help` answers at once.

Exit codes: 0 done, 1 not done or something is wrong, 2 asked in a wrong way, 130 ended by Ctrl-C.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Run plant, controller and staff on sample prescriptions, in var/demo."),
    "run": ("run", "Run the controller: the line and its HTTP API."),
    "plant": ("start", "Run the simulated machines as real Modbus TCP and OPC UA servers."),
    "staff": ("start", "Send simulated prescribers and staff to work, through the API alone."),
    "floor": ("start", "Open the floor terminal."),
    "check": ("check", "Check configuration, profiles, formulary, recipes, stock and people; exit 1 on any error."),
    "verify": ("database", "Check the journal's chain, the state refolded from it, and that nothing was lost."),
    "recipe": ("recipe", "Recipe numbers: which layer set them, what a change changes, a prescription run dry."),
    "record": ("record", "Write the batch record of a prescription to standard output."),
    "outage": (
        "outage",
        "Write the outage sheet to standard output: every disturbed batch, worst first, with a proposal.",
    ),
    "probe": (
        "probe",
        "Look at one machine over its own link, say what it is and which promises of its profile it does not keep.",
    ),
    "alarms": ("alarms", "Write the load of a month of alarms to standard output, by the figures of ISA-18.2."),
    "key": ("keys", "Keys of the HTTP API."),
    "user": ("people", "People, their roles, badges and PINs."),
    "backup": ("database", "Write a checked copy of the database to a new file, beside a running controller too."),
    "restore": ("database", "Put a backup in the place of the database; refused while a controller runs."),
}
"""Module and first line of help by the name of the command, which is also its name in the module."""


class _WhenCalled(TyperGroup):
    """Imports a command's module when it is asked for."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        thing: Any = getattr(import_module(f"controller.cli.{COMMANDS[cmd_name][0]}"), cmd_name)
        if isinstance(thing, typer.Typer):
            return typer.main.get_command(thing)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(cmd_name)(thing)
        return typer.main.get_command(alone)

    @override
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


app = typer.Typer(
    cls=_WhenCalled,
    help="中药煎药中心生产线控制器。Production-line controller of a Chinese medicine decoction centre.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _decoction() -> None:
    """Make it a group even while nothing is registered."""


def main() -> None:
    """Run the command that was asked for and exit."""
    app(prog_name="decoction")
