"""Who stands in line for a packer, and who has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.model.batch import Stage
from controller.pipeline.evolve import touch

if TYPE_CHECKING:
    from controller.model import facts as f
    from controller.model.equipment import Equipment
    from controller.model.floor import Floor


def awaited(floor: Floor, fact: f.PackerAwaited) -> Floor:
    """Stand in line for a packer; who has it and put nothing in gives it back as clean as it was, and is the first in line."""

    def change(machine: Equipment) -> Equipment:
        if machine.batch != fact.batch:
            return replace(machine, waiting=touch.with_(machine.waiting, fact.batch))
        return replace(machine, batch="", clean=True, waiting=(fact.batch, *touch.without(machine.waiting, fact.batch)))

    floor = touch.batch(floor, fact.batch, stage=Stage.DRAIN_WAITS, awaits=fact.packer, packer="")
    return touch.machine_by(floor, fact.packer, change)


def taken(floor: Floor, fact: f.PackerTaken) -> Floor:
    """Give the packer to a batch, which stands in line no more."""
    floor = touch.batch(floor, fact.batch, packer=fact.packer, awaits="")
    return touch.machine_by(
        floor,
        fact.packer,
        lambda m: replace(m, batch=fact.batch, clean=False, waiting=touch.without(m.waiting, fact.batch)),
    )
