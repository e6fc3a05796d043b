"""What a linter cannot see: purity at run time, names that say nothing, words for every rule, nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("controller", "devices", "tui")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_importing_the_pipeline_loads_no_driver_no_sql_and_no_screen() -> None:
    script = (
        "import sys, controller.pipeline;"
        "bad = {'sqlalchemy','pymodbus','asyncua','textual','fastapi','pydantic','asyncio','structlog','httpx'};"
        "sys.exit(' '.join(sorted(bad & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc"}
    assert not [path for path in SOURCES if path.stem in empty]


def test_every_module_begins_with_its_law() -> None:
    assert not [path for path in SOURCES if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))]


def test_nothing_unfinished_is_left_in_the_tree() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert not [path for path in SOURCES if marks.search(path.read_text())]


def test_no_tracked_file_names_a_path_of_one_machine_or_a_package_index() -> None:
    path = re.compile(r"(^|[ =\"'(])/(home|root|work|tmp)/[a-z]", re.M)
    index = re.compile(r"https?://[^ \"]*/simple\b|https?://registry\.")
    found: list[str] = []
    for file in tracked():
        if file.suffix in {".png", ".db", ".ico"} or file == Path(__file__):
            continue
        text = file.read_text(encoding="utf-8", errors="ignore")
        if path.search(text) or index.search(text):
            found.append(str(file.relative_to(ROOT)))
    assert not found


def test_a_hold_is_placed_in_one_way_which_calls_somebody() -> None:
    makers = [
        path.name
        for path in (ROOT / "controller" / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Hold", "f.HoldPlaced")
    ]
    assert set(makers) == {"placing.py"}


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"]
)
def test_the_documents_a_newcomer_looks_for_are_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200
