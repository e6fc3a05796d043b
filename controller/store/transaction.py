"""One transaction, and the truth about how it ended: done, known not to be done, or unknown. Never tried twice."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from controller.store.errors import CommitUnknown, StoreError, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")


def transact(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Do the work and commit.

    Errors of the store pass through; any other failure of the work is StoreFailed, with nothing written. A failure of
    COMMIT is CommitUnknown: the disk or the server may have taken it.
    """
    try:
        with connection.begin() as transaction:
            answer = _worked(connection, work)
            try:
                transaction.commit()
            except SQLAlchemyError as error:
                with suppress(SQLAlchemyError):
                    transaction.rollback()
                raise CommitUnknown("nobody can say whether the commit happened") from error
    except SQLAlchemyError as error:
        raise StoreFailed("the transaction could not begin or be given up") from error
    return answer


def _worked(connection: Connection, work: Callable[[Connection], T]) -> T:
    try:
        return work(connection)
    except StoreError:
        raise
    except Exception as error:
        raise StoreFailed(f"nothing was written: {type(error).__name__}") from error
