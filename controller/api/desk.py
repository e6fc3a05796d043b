"""What all handlers share, made once; and `Here`, through which every handler learns who calls and that it may.

`admit` is a dependency of every router: a route that is not in the table of `auth` is closed to everybody.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from controller.api.auth import Caller, Keyring, allow
from controller.api.context import Context
from controller.api.machines import Board
from controller.api.order import Order
from controller.api.pins import Pins
from controller.api.problems import Problematic
from controller.api.rate import Rate
from controller.api.subjects import Subjects
from controller.api.turns import Turns
from controller.model.case import Case
from controller.runtime.inbox import LineBusy, LineStopped
