"""Moves tags over a wire and turns every library's failure into ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devices.errors import SiteError
from devices.links.memory import MemoryLink, MemoryMachine
from devices.links.modbus import ModbusLink
from devices.links.opcua import OpcUaLink

if TYPE_CHECKING:
    from devices.profile import Profile
    from devices.protocol import Link
    from devices.site import MachineSite


def open_link(site: MachineSite, profile: Profile) -> Link:
    """Choose the link of a machine by the scheme of its URL. Raises SiteError where profile and URL do not fit."""
    match urlsplit(site.url).scheme, profile.protocol:
        case "modbus", "modbus":
            return ModbusLink(site, profile)
        case "opc.tcp", "opcua":
            return OpcUaLink(site, profile)
        case "memory", _:
            return MemoryLink(MemoryMachine(profile))
        case scheme, protocol:
            raise SiteError(f"url starts with {scheme!r}, profile {profile.id!r} speaks {protocol}", machine=site.id)
