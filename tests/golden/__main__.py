"""Adds a sample of each kind of fact whose present form has none yet: `python -m tests.golden`."""

from __future__ import annotations

import json
from pathlib import Path

from controller.model.facts import FACTS
from controller.store.codec import encode
from controller.store.journal import FACT_VERSION
from tests.remembered import sample

FILE = Path(__file__).with_name("facts.jsonl")


def samples() -> list[dict[str, object]]:
    """What the file should have for the present forms."""
    return [{"kind": kind, "v": FACT_VERSION, "body": json.loads(encode(sample(of)))} for kind, of in FACTS.items()]


def main() -> None:
    """Append what is missing."""
    known = FILE.read_text("utf-8").splitlines() if FILE.exists() else []
    have = {_form(json.loads(line)) for line in known}
    new = [one for one in samples() if _form(one) not in have]
    FILE.write_text(
        "".join(f"{line}\n" for line in [*known, *(json.dumps(one, ensure_ascii=False) for one in new)]), "utf-8"
    )


def _form(one: dict[str, object]) -> str:
    return json.dumps([one["kind"], _shape(one["body"])], sort_keys=True)


def _shape(value: object) -> object:
    match value:
        case dict():
            return {key: _shape(inner) for key, inner in value.items() if key != "parameters"}
        case list():
            return [_shape(inner) for inner in value[:1]]
        case str():
            return "text"
        case _:
            return type(value).__name__


if __name__ == "__main__":
    main()
