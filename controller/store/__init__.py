"""Remembers; decides nothing.

`Store` is the door: see `store`. `verify`, `backup` and `restore` work on a database by its URL. Errors: see `errors`.
"""

from __future__ import annotations

from controller.store.backup import backup, restore
from controller.store.codec import encode
from controller.store.errors import (
    CommitUnknown,
    Corrupt,
    Duplicate,
    MasteryLost,
    MasteryTaken,
    NotEmpty,
    NotThere,
    ReadFailed,
    StoreError,
    StoreFailed,
    Unsafe,
    WrongVersion,
)
from controller.store.rows import (
    ClosedPage,
    Group,
    IntakeRow,
    KeyRow,
    Loaded,
    ReadingBlock,
    ScanRow,
    StoredFact,
    SubjectRow,
    VerifyReport,
    Write,
)
from controller.store.store import Store
from controller.store.subjects import subject_digest
from controller.store.verify import verify

__all__ = [
    "ClosedPage",
    "CommitUnknown",
    "Corrupt",
    "Duplicate",
    "Group",
    "IntakeRow",
    "KeyRow",
    "Loaded",
    "MasteryLost",
    "MasteryTaken",
    "NotEmpty",
    "NotThere",
    "ReadFailed",
    "ReadingBlock",
    "ScanRow",
    "Store",
    "StoreError",
    "StoreFailed",
    "StoredFact",
    "SubjectRow",
    "Unsafe",
    "VerifyReport",
    "Write",
    "WrongVersion",
    "backup",
    "encode",
    "restore",
    "subject_digest",
    "verify",
]
