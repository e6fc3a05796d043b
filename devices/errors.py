"""What can go wrong with a machine, as exceptions that stay inside `devices`.

DeviceError            names machine, tag and what to try
├── ProfileError       the table does not describe a machine
├── SiteError          the site file does not describe a site
├── ClockError         two processes disagree about plant time
├── CodecError         registers and values do not fit
└── LinkError          the road to the machine
    ├── LinkDown       not connected, refused, closed
    ├── LinkTimeout    no answer in time; the outcome of a write is unknown
    ├── LinkLied       an answer that is not the answer to our request; the outcome of a write is unknown
    ├── LinkDistrusted the peer is not the machine that we trust, or it does not trust us
    ├── LinkStale      an answer older than the question; it proves nothing
    └── LinkRefused    the machine answered with an exception; nothing was done
"""

from __future__ import annotations


class DeviceError(Exception):
    """A failure below the fleet. `machine` and `tag` may be empty; `advice` is one sentence for a person."""

    def __init__(self, message: str, *, machine: str = "", tag: str = "", advice: str = "") -> None:
        where = " ".join(part for part in (machine, tag) if part)
        super().__init__(f"{where}: {message}" if where else message)
        self.machine = machine
        self.tag = tag
        self.advice = advice


class ProfileError(DeviceError):
    """The profile table is not one we can drive a machine with."""


class SiteError(DeviceError):
    """The site file is missing a thing or says something impossible."""


class ClockError(DeviceError):
    """A living process keeps another plant clock in this state folder."""


class CodecError(DeviceError):
    """A value does not fit its registers, or registers do not make a value."""


class LinkError(DeviceError):
    """The road to the machine failed."""


class LinkDown(LinkError):
    """There is no connection; nothing was sent."""


class LinkTimeout(LinkError):
    """No answer in time. Whether a write took effect is unknown; the connection is closed."""


class LinkLied(LinkError):
    """The answer does not belong to the request. Whether a write took effect is unknown; the connection is closed."""


class LinkDistrusted(LinkError):
    """The peer is not the machine that we trust, or it does not trust us; nothing was asked of it."""


class LinkStale(LinkError):
    """The machine's own time has not passed the moment in question: what it says is from before."""


class LinkRefused(LinkError):
    """The machine answered with an error code; the request had no effect. `code` is its own."""

    def __init__(self, message: str, *, code: int, machine: str = "", tag: str = "", advice: str = "") -> None:
        super().__init__(message, machine=machine, tag=tag, advice=advice)
        self.code = code
