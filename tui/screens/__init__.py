"""Screens mount widgets, give them painters, and turn keys into intents; no HTTP and no arithmetic here.

A page is imported when it is first shown: the first paint must not wait for the ninth page.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.screens.page import Page

PAGES = {
    "overview": "overview:OverviewPage",
    "prescriptions": "prescriptions:PrescriptionsPage",
    "prescription": "prescription:PrescriptionPage",
    "machine": "machine:MachinePage",
    "alarms": "alarms:AlarmsPage",
    "load": "load:LoadPage",
    "review": "review:ReviewPage",
    "scan": "desk:ScanPage",
    "signing": "signing:SigningPage",
    "recipe": "recipe:RecipePage",
    "dispatch": "desk:DispatchPage",
}
"""Module and class of every page."""


def page_class(name: str) -> type[Page]:
    """Return the class of a page."""
    module, _, kind = PAGES[name].partition(":")
    return getattr(import_module(f"tui.screens.{module}"), kind)
