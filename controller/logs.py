"""One event a line, as JSON with readable Chinese, and nothing of a patient in it.

Call `set_up(file)` once in a process; then `structlog.get_logger()` anywhere, with an event name in kebab-case and its
values as keywords. What the libraries log goes the same way. Of an exception only its type and the places it passed are
written, since its message may quote what somebody typed; messages of our own device and file errors do not.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from devices.errors import DeviceError

if TYPE_CHECKING:
    from pathlib import Path

    from structlog.typing import EventDict, Processor

_FILE_BYTES: Final = 10_000_000
_FILES: Final = 5
_FRAMES: Final = 12
_QUIET: Final = {
    "asyncua": logging.CRITICAL,
    "pymodbus": logging.CRITICAL,
    "apscheduler": logging.CRITICAL,
    "uvicorn": logging.WARNING,
    "alembic": logging.WARNING,
}
"""Libraries that tell of every attempt and every step; we log the change once ourselves."""


def set_up(file: Path | None = None, *, level: int = logging.INFO) -> None:
    """Send all logs of this process to `file`, kept to 50 MB, or to standard error."""
    handler = logging.StreamHandler(sys.stderr) if file is None else _rotating(file)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_messages,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _rotating(file: Path) -> logging.Handler:
    file.parent.mkdir(parents=True, exist_ok=True)
    return logging.handlers.RotatingFileHandler(file, maxBytes=_FILE_BYTES, backupCount=_FILES - 1, encoding="utf-8")


def _without_messages(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and its places."""
    match event.pop("exc_info", None):
        case BaseException() as error:
            event["error"] = describe(error)
        case (type(), BaseException() as error, _):
            event["error"] = describe(error)
        case True if (error := sys.exception()) is not None:
            event["error"] = describe(error)
        case _:
            pass
    return event


def describe(error: BaseException) -> dict[str, Any]:
    """Say what went wrong and where, without the words of an exception that is not ours."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    said: dict[str, Any] = {"type": type(error).__name__}
    if isinstance(error, DeviceError | OSError):
        said["message"] = str(error)
    said["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    if isinstance(error, BaseExceptionGroup):
        said["of"] = [describe(inner) for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions]
    return said
