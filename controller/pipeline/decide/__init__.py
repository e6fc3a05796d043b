"""Decide: the only place where facts are born. One file per stage of life; here is who decides what."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from controller.model import intents as i
from controller.pipeline.decide.advance import advance, clean_machine, fill_soaks, rehouse
from controller.pipeline.decide.ailments import report_self
from controller.pipeline.decide.alarms import acknowledge, shelve, unshelve
from controller.pipeline.decide.clock import tick
from controller.pipeline.decide.cooking import attest
from controller.pipeline.decide.delivery import confirm
from controller.pipeline.decide.dispensing import sign_verify, weigh
from controller.pipeline.decide.holds import accept_deviation, assume_ok, go_on, retry, run_deficit, scrap
from controller.pipeline.decide.intake import answer, cancel, receive
from controller.pipeline.decide.links import report_link, report_peer
from controller.pipeline.decide.machine import report_machine, report_order
from controller.pipeline.decide.moving import migrate
from controller.pipeline.decide.out_of_service import hush, put_back, take_out
from controller.pipeline.decide.recipe import approve_recipe, enrol_recipe
from controller.pipeline.decide.release import sign_release
from controller.pipeline.decide.review import sign_review
from controller.pipeline.decide.scan import scan
from controller.pipeline.decide.skipping import skip
from controller.pipeline.decide.stock import assess_excursion, enrol_person, enrol_stock, report_zone

if TYPE_CHECKING:
    from controller.model.floor import Floor
    from controller.model.world import World
    from controller.pipeline.decide.decision import Decision


def decide(floor: Floor, intent: i.Intent, world: World) -> Decision:  # noqa: C901, PLR0911, PLR0912 - a table of contents
    """Return the facts of one intent, or its refusal. Changes nothing."""
    match intent:
        case i.ReceivePrescription():
            return receive(floor, intent, world)
        case i.AnswerReturn():
            return answer(floor, intent, world)
        case i.CancelPrescription():
            return cancel(floor, intent, world)
        case i.SignReview():
            return sign_review(floor, intent, world)
        case i.ScanCode():
            return scan(floor, intent, world)
        case i.RecordWeight():
            return weigh(floor, intent, world)
        case i.SignVerify():
            return sign_verify(floor, intent, world)
        case i.AttestSeparate():
            return attest(floor, intent, world)
        case i.SignRelease():
            return sign_release(floor, intent, world)
        case i.AcceptDeviation():
            of_zone = intent.target in floor.zones
            return assess_excursion(floor, intent, world) if of_zone else accept_deviation(floor, intent, world)
        case i.Continue():
            return go_on(floor, intent, world)
        case i.Retry():
            return retry(floor, intent, world)
        case i.Skip():
            return skip(floor, intent, world)
        case i.AssumeOk():
            return assume_ok(floor, intent, world)
        case i.RunDeficit():
            return run_deficit(floor, intent, world)
        case i.Migrate():
            return migrate(floor, intent, world)
        case i.Scrap():
            return scrap(floor, intent, world)
        case i.ApproveRecipe():
            return approve_recipe(floor, intent, world)
        case i.ConfirmDelivery():
            return confirm(floor, intent, world)
        case i.AcknowledgeAlarm():
            return acknowledge(floor, intent, world)
        case i.ShelveAlarm():
            return shelve(floor, intent, world)
        case i.UnshelveAlarm():
            return unshelve(floor, intent, world)
        case i.TakeOutOfService():
            return take_out(floor, intent, world)
        case i.ReturnToService():
            return put_back(floor, intent, world)
        case i.EnrolPerson():
            return enrol_person(floor, intent, world)
        case i.EnrolRecipe():
            return enrol_recipe(floor, intent, world)
        case i.EnrolStock():
            return enrol_stock(floor, intent, world)
        case i.ReportMachine():
            return report_machine(floor, intent, world)
        case i.ReportLink():
            return report_link(floor, intent, world)
        case i.ReportPeer():
            return report_peer(floor, intent, world)
        case i.ReportSelf():
            return report_self(floor, intent, world)
        case i.ReportOrder():
            return report_order(floor, intent, world)
        case i.ReportZone():
            return report_zone(floor, intent, world)
        case i.Tick():
            return tick(floor, world)
        case i.Advance():
            return advance(floor, intent, world)
        case i.FillSoaks():
            return fill_soaks(floor, world)
        case i.Rehouse():
            return rehouse(floor, intent, world)
        case i.CleanMachine():
            return clean_machine(floor, intent, world)
        case i.Hush():
            return hush(floor, intent, world)
        case _:
            assert_never(intent)
