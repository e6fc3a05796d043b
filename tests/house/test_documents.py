"""What the documents say exists: links resolve, commands and targets are real, and the index leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from controller.cli import COMMANDS, app
from tests.house import alarm_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
LINK = re.compile(r"\]\(([^)\s#]+)[^)\s]*\)")
WHERE_FROM = re.compile(r"`((?:pipeline|api|review|recipes|scheduling|quality)/[\w/]+\.py|tui/[\w/]+\.py)`")


def _targets(path: Path) -> list[str]:
    return [link for link in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link]


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_of_a_document_leads_to_a_file(name: str) -> None:
    path = ROOT / name
    missing = [link for link in _targets(path) if not (path.parent / link).exists()]
    assert not missing


def test_the_index_of_the_documents_names_every_page() -> None:
    there = {path for path in DOCS.rglob("*.md") if path.parent.name != "decisions" and path != DOCS / "README.md"}
    named = {(DOCS / link).resolve() for link in _targets(DOCS / "README.md")}
    assert there <= named
    assert (DOCS / "decisions" / "README.md") in named


@pytest.mark.parametrize("name", NAMES)
def test_every_decoction_command_of_a_document_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:^|`)decoction ([a-z]+)\b", text, re.MULTILINE))
    assert commands <= COMMANDS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_option_that_a_document_gives_a_command_is_in_its_help(name: str) -> None:
    lines = re.findall(r"decoction ([a-z]+)((?: [^`\n#]*)?)", (ROOT / name).read_text(encoding="utf-8"))
    for command, rest in lines:
        if command in COMMANDS and (options := re.findall(r"--[a-z-]+", rest)):
            told = CliRunner().invoke(app, [command, "--help"]).output
            if "Commands" in told:  # a group: the options belong to the command in it
                told = CliRunner().invoke(app, [command, rest.split()[0], "--help"]).output
            assert [option for option in options if option not in told] == [], command


def test_every_make_target_of_a_document_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in DOCUMENTS:
        assert set(re.findall(r"(?:`|^)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)) <= targets, path


def test_both_readmes_show_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        return re.findall(r"^((?:make|decoction) [a-z]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)

    assert commands("README.md")
    assert commands("README.md") == commands("README.zh-CN.md")


def test_every_file_of_the_map_of_the_architecture_is_there() -> None:
    named = WHERE_FROM.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if not any((ROOT / start / name).exists() for start in ("", "controller"))] == []


def test_the_help_names_every_command() -> None:
    assert set(get_command(app).list_commands(None)) == COMMANDS.keys()  # pyright: ignore[reportArgumentType] - no context is looked at


def test_the_page_of_alarms_says_what_the_table_says() -> None:
    assert alarm_page.PAGE.read_text(encoding="utf-8") == alarm_page.page(), "python -m tests.house.alarm_page"
