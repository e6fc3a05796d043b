"""Heads of the chain, kept in a file outside the database: one JSON line {"line", "seq", "head", "at"} each time.

Whoever can rewrite the database can rewrite its chain, but not what was written elsewhere before. Keep the file, or a print of
its last line, where the database's administrator cannot reach.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from controller.store.journal import Head

if TYPE_CHECKING:
    from pathlib import Path


def append(path: Path, line: str, head: Head, at: int) -> None:
    """Add where a line stands, durably. `at`: ms of its last fact."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"line": line, "seq": head.seq, "head": head.hash, "at": at}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, line: str, problems: list[str]) -> list[Head]:
    """Return the heads of a line, in the order of the file; what cannot be read is a problem."""
    heads: list[Head] = []
    try:
        written = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        problems.append(f"锚文件无法读取 (the anchor file cannot be read): {error}")
        return heads
    for number, entry in enumerate(written, 1):
        try:
            match json.loads(entry):
                case {"line": str(of), "seq": int(seq), "head": str(head), "at": int()}:
                    if of == line:
                        heads.append(Head(seq, head))
                case _:
                    problems.append(f"锚文件第 {number} 行不完整 (line {number} of the anchor file is not whole)")
        except (ValueError, RecursionError):
            problems.append(f"锚文件第 {number} 行不是 JSON (line {number} of the anchor file is not JSON)")
    return heads


class Anchored:
    """Compares the chain, as it is walked, with the heads of an anchor file."""

    def __init__(self, problems: list[str], heads: list[Head]) -> None:
        self.any = bool(heads)
        self._problems = problems
        self._due: dict[int, set[str]] = {}
        for head in heads:
            self._due.setdefault(head.seq, set()).add(head.hash)

    def pass_by(self, head: Head) -> None:
        """Compare one place of the chain."""
        if self._due.pop(head.seq, {head.hash}) != {head.hash}:
            self._problems.append(
                f"事实 {head.seq} 处的散列与锚不符：日志被改写 (the journal up to fact {head.seq} is not the anchored one)"
            )

    def conclude(self, head: Head) -> None:
        """Report the anchored heads that the chain never reached."""
        if self._due:
            self._problems.append(
                f"锚记到事实 {max(self._due)}，日志止于 {head.seq}：末尾被截去"
                f" (the anchor knows fact {max(self._due)}, the journal ends at {head.seq}: its tail was cut off)"
            )
