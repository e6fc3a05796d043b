"""Every way in which remembering can fail.

StoreError
|- NotThere        there is no database at this address
|- NotEmpty        the target already holds something
|- Duplicate       a key of this id or digest is there already
|- WrongVersion    the schema or a fact is of another version than this program
|- Corrupt         what is stored contradicts itself
|- Unsafe          the database does not keep what it promises (synchronous, foreign keys, journal mode)
|- ReadFailed      a read came to nothing; reading again is allowed
|- MasteryTaken    another process is master of this database or line
|- MasteryLost     another process has become master since: this one must exit
|- StoreFailed     a write is known not to have happened: this process must exit
`- CommitUnknown   nobody can say whether a commit happened: this process must exit; recovery finds out
"""

from __future__ import annotations


class StoreError(Exception):
    """Root of all failures of the store."""


class NotThere(StoreError):
    """There is no database at this address."""


class NotEmpty(StoreError):
    """The target already holds something."""


class Duplicate(StoreError):
    """A key of this id or digest is there already."""


class WrongVersion(StoreError):
    """The schema or a fact is of another version than this program."""


class Corrupt(StoreError):
    """What is stored contradicts itself."""


class Unsafe(StoreError):
    """The database does not keep what it promises."""


class ReadFailed(StoreError):
    """A read came to nothing; reading again is allowed."""


class MasteryTaken(StoreError):
    """Another process is master of this database or line."""


class MasteryLost(StoreError):
    """Another process has become master since."""


class StoreFailed(StoreError):
    """A write is known not to have happened."""


class CommitUnknown(StoreError):
    """Nobody can say whether a commit happened."""
