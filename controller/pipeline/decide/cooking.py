"""What people do at soaking positions and pots: place, charge, add the main herbs and the late ones, attest a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model import facts as f
from controller.model.batch import SOAKED_TOO_LONG, Attestation, Batch, Stage
from controller.model.checkpoint import Verdict
from controller.model.people import Role
from controller.model.plan import FOR_WATER, MAIN, JoinsAt
from controller.model.refusal import Refusal
from controller.pipeline.decide.by_hand import begun_by_hand, charged_by_hand
from controller.pipeline.decide.decision import recorded, refuse_actor
from controller.pipeline.decide.hopper import drops_late_herbs, load
from controller.pipeline.decide.orders import soak_order

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.intents import AttestSeparate, ScanCode
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision

_MINUTE_MS = 60_000


def pail_into_machine(floor: Floor, batch: Batch, machine: str, intent: ScanCode, world: World) -> Decision:
    """Take a pail at a machine: which act that is follows from the machine's kind and the batch's stage."""
    if no := refuse_actor(floor, intent.actor, Role.OPERATOR):
        return no
    if batch.held:
        return Refusal("batch-held", {"batch": batch.id, "reason": batch.holds[0].reason}, next_action="settle-hold")
    if floor.machines[machine].kind == "soaking":
        return _place(floor, batch, machine, intent, world)
    if floor.machines[machine].kind != "decoction":
        return Refusal("no-such-bind", {"code": intent.code, "into": machine})
    if batch.stage is Stage.MAIN_WAITS:
        return _add_main(batch, machine, intent, world)
    return _charge(floor, batch, machine, intent, world)


def _place(floor: Floor, batch: Batch, machine: str, intent: ScanCode, world: World) -> Decision:
    if batch.stage is not Stage.SOAK_ASSIGNED:
        waits = batch.stage in (Stage.DISPENSING, Stage.DISPENSED, Stage.VERIFIED)
        return Refusal("not-yet" if waits else "already-done", {"batch": batch.id, "stage": batch.stage})
    if batch.soak_machine != machine:
        return Refusal("wrong-position", {"batch": batch.id, "machine": machine, "wanted": batch.soak_machine})
    soak_max_at = world.now + batch.plan.soak_max_minutes * _MINUTE_MS
    equipment = floor.machines[machine]
    if not equipment.takes_work or equipment.pending is not None:
        return Refusal("machine-not-ready", {"machine": machine}, next_action="scan-again-later")
    ordered = soak_order(floor, batch, world)
    by_hand = (begun_by_hand(one.order, batch.case, intent.actor, world) for one in ordered)
    return (
        f.PailPlaced(world.now, batch.case, batch.id, machine, intent.actor),
        f.SoakBegan(world.now, batch.case, batch.id, soak_max_at),
        *ordered,
        *(by_hand if equipment.by_hand else ()),
    )


def _charge(floor: Floor, batch: Batch, pot: str, intent: ScanCode, world: World) -> Decision:
    if batch.pot != pot:
        return Refusal("wrong-pot", {"batch": batch.id, "machine": pot, "wanted": batch.pot})
    if batch.stage not in (Stage.SOAKED, Stage.CARRIED):
        soaking = batch.stage in (Stage.SOAK_ASSIGNED, Stage.SOAKING)
        return Refusal("soak-too-short" if soaking else "already-done", {"batch": batch.id, "stage": batch.stage})
    machine = floor.machines[pot]
    if machine.batch or machine.pending is not None or not machine.takes_work:
        return Refusal("machine-not-ready", {"machine": pot}, next_action="scan-again-later")
    if not machine.clean:
        return Refusal("pot-not-clean", {"machine": pot}, next_action="scan-again-later")
    soaked = _soaked(batch, intent.actor, world) if batch.stage is Stage.SOAKED else ()
    if isinstance(soaked, Refusal):
        return soaked
    clean = recorded(
        batch,
        world.now,
        "pot.clean",
        pot,
        value=machine.clean_celsius or None,
        low=world.book.recipes.rinse_celsius if machine.clean_celsius else None,
        unit="Cel" if machine.clean_celsius else "",
        attested=machine.by_hand,
    )
    return (
        f.PailCharged(world.now, batch.case, batch.id, pot, intent.actor),
        *soaked,
        clean,
        recorded(batch, world.now, "pail.match", intent.actor, evidence=f"{intent.code} {pot}"),
        *(charged_by_hand(floor, batch, intent.actor, world) if machine.by_hand else ()),
    )


def _soaked(batch: Batch, by: str, world: World) -> tuple[f.Fact, ...] | Refusal:
    """Free the soaking position and record how long the soak was: by our clock, whatever ended it for its machine."""
    minutes = (world.now - batch.soak_began_at) / _MINUTE_MS
    plan = batch.plan
    if minutes < plan.soak_minutes:
        return Refusal("soak-too-short", {"batch": batch.id, "stage": batch.stage}, next_action="scan-again-later")
    too_long = minutes > plan.soak_max_minutes
    if too_long and not batch.has_met(SOAKED_TOO_LONG):  # the clock is about to hold it
        return Refusal("batch-held", {"batch": batch.id, "reason": SOAKED_TOO_LONG}, next_action="settle-hold")
    soaked = recorded(
        batch,
        world.now,
        "soak.minutes",
        by,
        Verdict.DEVIATION if too_long else Verdict.PASSED,
        value=round(minutes, 1),
        low=float(plan.soak_minutes),
        high=float(plan.soak_max_minutes),
        unit="min",
    )
    return f.MachineFreed(world.now, batch.soak_machine), soaked


def _add_main(batch: Batch, pot: str, intent: ScanCode, world: World) -> Decision:
    if batch.pot != pot:
        return Refusal("wrong-pot", {"batch": batch.id, "machine": pot, "wanted": batch.pot})
    added = f.MainAdded(world.now, batch.case, batch.id, intent.actor)
    if batch.present_boil.name != FOR_WATER:
        return (added,)
    return (added, recorded(batch, world.now, "strain", intent.actor, attested=True))


def add_late(floor: Floor, batch: Batch, machine: str, intent: ScanCode, world: World) -> Decision:
    """Let the add-late packet into the pot, inside the window that actual boil minutes opened."""
    if no := refuse_actor(floor, intent.actor, Role.OPERATOR):
        return no
    if batch.pot != machine:
        return Refusal("wrong-pot", {"batch": batch.id, "machine": machine, "wanted": batch.pot})
    if drops_late_herbs(batch, world.book):
        return load(batch, machine, intent, world)
    record = next(record for record in batch.boils if record.name == MAIN)
    if batch.late_at or batch.late_missed:
        return Refusal("already-done", {"batch": batch.id, "act": "add-late"})
    if not record.opens_at or world.now < record.opens_at:
        return Refusal(
            "window-not-open", {"batch": batch.id, "opens_at": record.opens_at}, next_action="scan-again-later"
        )
    if world.now > record.closes_at:
        return Refusal("window-closed", {"batch": batch.id, "closes_at": record.closes_at}, (Role.PHARMACIST,))
    minutes = (record.ends_at - world.now) / _MINUTE_MS
    low, high = batch.plan.late_minutes or (0, 0)
    point = recorded(
        batch,
        world.now,
        "late.window",
        intent.actor,
        value=round(minutes, 2),
        low=float(low),
        high=float(high),
        unit="min",
        evidence=f"g {world.book.grace_s[machine]:g} s",
    )
    return (f.LateAdded(world.now, batch.case, batch.id, intent.actor, round(minutes, 2)), point)


def attest(floor: Floor, intent: AttestSeparate, world: World) -> Decision:
    """Take a person's word, with the minutes, that a part was made outside the pot."""
    if no := refuse_actor(floor, intent.actor, Role.OPERATOR, Role.PHARMACIST, Role.PACKER):
        return no
    batch = floor.batches.get(intent.batch)
    if batch is None:
        return Refusal("not-found", {"id": intent.batch})
    task = next((task for task in batch.plan.separate if task.herb == intent.herb), None)
    if task is None or (f"separate.{intent.herb}", intent.code) not in batch.packets:
        return Refusal("wrong-packet", {"batch": batch.id, "herb": intent.herb, "code": intent.code})
    if not batch.verifier:
        return Refusal("not-yet", {"batch": batch.id, "stage": batch.stage})
    if any(done.herb == intent.herb for done in batch.attestations):
        return Refusal("already-done", {"batch": batch.id, "herb": intent.herb})
    if intent.minutes < task.least_minutes:
        facts = {"herb": intent.herb, "minutes": intent.minutes, "least": task.least_minutes}
        return Refusal("separate-too-short", facts, next_action="go-on-decocting")
    if task.joins is JoinsAt.BOXING:
        return Refusal("scan-into-parcel", {"herb": intent.herb}, next_action="scan-into-parcel")
    return attested(batch, intent.herb, intent.actor, intent.minutes, float(task.least_minutes), world)


def attested(batch: Batch, herb: str, by: str, minutes: int, least: float, world: World) -> tuple[f.Fact, ...]:
    """Make the facts of a part that is there."""
    return (
        f.SeparateAttested(world.now, batch.case, batch.id, Attestation(herb, by, world.now, minutes)),
        recorded(
            batch,
            world.now,
            f"separate.{herb}",
            by,
            value=float(minutes) if least else None,
            low=least or None,
            unit="min" if least else "",
            attested=True,
        ),
    )
