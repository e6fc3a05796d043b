"""What secured links take for proof, on both wires: I22, no data from and no order to a peer that cannot prove who it is."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from asyncua import Client, ua

from controller.runtime.boiling import Boiling
from controller.runtime.conclusions import Conclusions
from controller.runtime.recorder import Recorder
from controller.runtime.watch import Watch
from devices.errors import LinkDistrusted, LinkDown, LinkRefused, LinkTimeout
from devices.fleet import Fleet
from devices.links import open_link
from devices.links.trust import fingerprint
from devices.profile import Profile, load_profile
from devices.site import MachineSite, PlantClock, Security, Site, boot_seconds
from tests.contract.modbus_peer import ModbusPeer, guard
from tests.contract.opcua_peer import Guard, OpcUaPeer
from tests.contract.papers import Office, Paper
from tests.contract.proxy import Proxy
from tests.contract.rigs import golden
from tests.contract.words import until
from tests.pure_line import PureLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from devices.protocol import Link

TIMEOUT_S = 0.5
COMMAND = {
    "modbus": (7, 65539, 3, "B-1", "boil.1", 1800, 9950, 0, 0, 1, 0xA55A),
    "opcua": (7, 65539, 3, "B-1", "boil.1", 1800, 9950, 0, 0, 1),
}


@pytest.fixture(scope="session")
def server() -> Iterator[OpcUaPeer]:
    """One server for all tests; each gives it its own papers."""
    peer = OpcUaPeer(load_profile("pot-opcua"), guard=Guard(), strangers=3)
    peer.start()
    yield peer
    peer.stop()


class Secured(ABC):
    """A machine that shows papers, and a link that asks for them. `ours`, `theirs`: the good papers."""

    wire: str
    port: int

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.ours = self.office.issue("line")
        self.theirs = self.office.issue("pot-03")
        self.profile: Profile = replace(load_profile(f"pot-{self.wire}"), timeout_s=TIMEOUT_S)
        self.security = Security(self.ours.certificate, self.ours.key, pinned=self.theirs.certificate)

    @abstractmethod
    async def serve(self, own: Paper | None = None, client: Paper | None = None) -> Self:
        """Start a machine that shows `own` and lets in `client`, without them the good ones."""

    @abstractmethod
    async def stop(self) -> None: ...
    @abstractmethod
    def touched(self) -> int:
        """How often anybody read from or wrote to the machine."""

    @abstractmethod
    def address(self) -> str: ...

    def trusting(self, **changes: Any) -> Self:
        self.security = replace(self.security, **changes)
        return self

    def place(self) -> MachineSite:
        return MachineSite("pot-03", "decoction", self.profile.id, self.address(), "pot-03", security=self.security)

    def link(self) -> Link:
        return open_link(self.place(), self.profile)

    async def refused(self) -> LinkDistrusted:
        """Try to reach the machine; return why nobody should."""
        link = self.link()
        with pytest.raises(LinkDistrusted, match="pot-03") as error:
            await _reach(link)
        assert not link.connected
        with pytest.raises(LinkDown):
            await link.command(COMMAND[self.wire])
        await link.close()
        assert not self.touched()
        return error.value

    async def accepted(self) -> None:
        link = self.link()
        await link.connect()
        assert link.connected
        await link.read()
        await link.command(COMMAND[self.wire])
        await link.beat(7)
        await link.close()
        assert self.touched()


class SecuredModbus(Secured):
    wire = "modbus"
    newest = ssl.TLSVersion.MAXIMUM_SUPPORTED

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.peer = ModbusPeer()

    async def serve(self, own: Paper | None = None, client: Paper | None = None) -> Self:
        await self.peer.start(guard(own or self.theirs, client or self.ours, self.newest))
        self.peer.put(0, golden(self.profile.id)["registers"]["0"])
        return self

    async def stop(self) -> None:
        if self.peer.port:
            await self.peer.stop()

    def touched(self) -> int:
        return len(self.peer.requests)

    def address(self) -> str:
        return f"modbus://127.0.0.1:{self.peer.port}/1"


class SecuredModbusOld(SecuredModbus):
    """TLS 1.2, where the client is judged within the handshake."""

    newest = ssl.TLSVersion.TLSv1_2


class SecuredOpcUa(Secured):
    wire = "opcua"

    def __init__(self, folder: Path, peer: OpcUaPeer) -> None:
        super().__init__(folder)
        self.peer = peer
        self.security = replace(
            self.security, user="line-a", password_file=self.office.secret("correct horse\n", "opcua-password")
        )

    async def serve(self, own: Paper | None = None, client: Paper | None = None, **more: Any) -> Self:
        await asyncio.to_thread(self.peer.change_guard, Guard(own or self.theirs, client or self.ours, **more))
        return self

    async def stop(self) -> None:
        return None

    def touched(self) -> int:
        return len(self.peer.reads) + len(self.peer.calls)

    def address(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.peer.port}"


async def _reach(link: Link) -> None:
    await link.connect()
    await link.read()


@pytest.fixture(params=["modbus", "modbus-tls-1.2", "opcua"])
async def secured(request: pytest.FixtureRequest, tmp_path: Path, server: OpcUaPeer) -> AsyncIterator[Secured]:
    match request.param:
        case "modbus":
            made: Secured = SecuredModbus(tmp_path)
        case "modbus-tls-1.2":
            made = SecuredModbusOld(tmp_path)
        case _:
            made = SecuredOpcUa(tmp_path, server)
    yield made
    await made.stop()


@pytest.fixture
async def opcua_only(tmp_path: Path, server: OpcUaPeer) -> SecuredOpcUa:
    return SecuredOpcUa(tmp_path, server)


async def test_a_pinned_machine_is_read_and_given_orders(secured: Secured) -> None:
    await (await secured.serve()).accepted()


async def test_a_machine_that_a_trusted_authority_signed_for_this_host_is_believed(secured: Secured) -> None:
    root = secured.office.issue("root", authority=True)
    await secured.serve(own=secured.office.issue("pot-07", by=root))
    await secured.trusting(pinned=None, authorities=(root.certificate,)).accepted()


async def test_another_certificate_than_the_pinned_one_is_refused_and_both_are_named(secured: Secured) -> None:
    impostor = secured.office.issue("impostor")
    error = await (await secured.serve(own=impostor)).refused()
    assert fingerprint(secured.theirs.shown) in str(error)
    assert "shows" in str(error)


async def test_a_certificate_of_the_same_name_with_another_key_is_refused(secured: Secured) -> None:
    pinned = secured.theirs.certificate.rename(secured.theirs.certificate.with_suffix(".pinned"))
    secured.trusting(pinned=pinned)
    forged = secured.office.issue("pot-03", key="forger")
    assert "pinned" in str(await (await secured.serve(own=forged)).refused())


@pytest.mark.parametrize(("days", "said"), [((-30, -1), "expired"), ((1, 30), "not valid before")])
async def test_a_pinned_certificate_out_of_its_time_is_refused(
    secured: Secured, days: tuple[int, int], said: str
) -> None:
    late = secured.office.issue("late", days=days)
    await secured.serve(own=late)
    assert said in str(await secured.trusting(pinned=late.certificate).refused())


@pytest.mark.parametrize(("days", "said"), [((-30, -1), "expired"), ((1, 30), "not valid")])
async def test_a_signed_certificate_out_of_its_time_is_refused(
    secured: Secured, days: tuple[int, int], said: str
) -> None:
    root = secured.office.issue("root", authority=True)
    await secured.serve(own=secured.office.issue("late", by=root, days=days))
    error = await secured.trusting(pinned=None, authorities=(root.certificate,)).refused()
    assert said in str(error).replace("yet valid", "valid")


async def test_a_certificate_of_an_unknown_authority_is_refused(secured: Secured) -> None:
    root, other = (secured.office.issue(name, authority=True) for name in ("root", "other"))
    await secured.serve(own=secured.office.issue("pot-07", by=other))
    await secured.trusting(pinned=None, authorities=(root.certificate,)).refused()


async def test_a_certificate_for_another_machine_is_refused(secured: Secured) -> None:
    root = secured.office.issue("root", authority=True)
    await secured.serve(own=secured.office.issue("pot-07", by=root, host="127.0.0.2"))
    error = await secured.trusting(pinned=None, authorities=(root.certificate,)).refused()
    assert "127.0.0.1" in str(error)


async def test_a_certificate_that_another_machine_signed_is_refused(secured: Secured) -> None:
    root = secured.office.issue("root", authority=True)
    machine = secured.office.issue("pot-05", by=root)
    await secured.serve(own=secured.office.issue("pot-07", by=machine))
    await secured.trusting(pinned=None, authorities=(root.certificate,)).refused()


async def test_a_revoked_certificate_is_refused(secured: Secured) -> None:
    root = secured.office.issue("root", authority=True)
    lost = secured.office.issue("pot-07", by=root)
    await secured.serve(own=lost)
    secured.trusting(pinned=None, authorities=(root.certificate,), revoked=(secured.office.revoke(lost, root),))
    assert "revoked" in str(await secured.refused())


async def test_a_certificate_that_is_not_on_the_list_of_its_authority_is_believed(secured: Secured) -> None:
    root = secured.office.issue("root", authority=True)
    lost, kept = (secured.office.issue(name, by=root) for name in ("pot-06", "pot-07"))
    await secured.serve(own=kept)
    secured.trusting(pinned=None, authorities=(root.certificate,), revoked=(secured.office.revoke(lost, root),))
    await secured.accepted()


async def test_a_machine_that_does_not_know_our_certificate_says_so(secured: Secured) -> None:
    error = await (await secured.serve(client=secured.office.issue("somebody"))).refused()
    assert "trust our certificate" in error.advice


async def test_our_own_certificate_out_of_its_time_is_never_shown(secured: Secured) -> None:
    old = secured.office.issue("line", days=(-30, -1))
    await secured.serve(client=old)
    assert f"certificate: {old.certificate} has expired" in str(await secured.refused())


async def test_a_renewed_certificate_is_taken_at_the_next_connection(secured: Secured) -> None:
    link = (await secured.serve()).link()
    good = secured.ours.certificate.read_bytes()
    secured.office.issue("line", days=(-30, -1))
    with pytest.raises(LinkDistrusted):
        await link.connect()
    secured.ours.certificate.write_bytes(good)
    await link.connect()
    assert (await link.read()).values
    await link.close()


async def test_a_machine_that_takes_connections_and_says_nothing_does_not_hold_us(secured: Secured) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    address = f"modbus://127.0.0.1:{port}/1" if secured.wire == "modbus" else f"opc.tcp://127.0.0.1:{port}"
    secured.address = lambda: address  # type: ignore[method-assign]
    link = secured.link()
    async with asyncio.timeout(3 * TIMEOUT_S):
        with pytest.raises(LinkDown):
            await link.connect()
    await link.close()
    silent.close()
    await silent.wait_closed()


async def test_a_server_that_breaks_off_once_may_be_slow_and_twice_is_not_trusted(
    opcua_only: SecuredOpcUa, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(_: Client) -> None:
        raise TimeoutError

    link = (await opcua_only.serve()).link()
    for _ in range(2):  # the second time after a good connection, which wipes out what was before
        with monkeypatch.context() as broken:
            broken.setattr(Client, "connect", break_off)
            with pytest.raises(LinkDown):
                await link.connect()
        await link.connect()
    monkeypatch.setattr(Client, "connect", break_off)
    with pytest.raises(LinkDown):
        await link.connect()
    with pytest.raises(LinkDistrusted, match="breaks off"):
        await link.connect()
    await link.close()


async def test_plain_modbus_is_no_answer_to_tls(tmp_path: Path) -> None:
    secured = SecuredModbus(tmp_path)
    await secured.peer.start()
    link = secured.link()
    async with asyncio.timeout(3 * TIMEOUT_S):
        with pytest.raises((LinkDistrusted, LinkDown)):
            await link.connect()
    await link.close()
    await secured.peer.stop()


async def test_a_blackhole_within_tls_ends_in_time_and_closes_the_socket(tmp_path: Path) -> None:
    secured = SecuredModbus(tmp_path)
    await secured.serve()
    proxy = Proxy(secured.peer.port)
    await proxy.switch_on()
    secured.address = lambda: f"modbus://127.0.0.1:{proxy.port}/1"  # type: ignore[method-assign]
    link = secured.link()
    await link.connect()
    await link.read()
    proxy.silent = True
    async with asyncio.timeout(2 * TIMEOUT_S):
        with pytest.raises(LinkTimeout):
            await link.command(COMMAND["modbus"])
    assert not link.connected
    await until(lambda: not proxy.open, 1)
    assert len(secured.peer.written) == 1
    await link.close()
    await proxy.switch_off()
    await secured.peer.stop()


async def test_a_connection_over_tls_lasts_for_hundreds_of_requests(tmp_path: Path) -> None:
    secured = SecuredModbus(tmp_path)
    await secured.serve()
    link = secured.link()
    await link.connect()
    for number in range(300):
        secured.peer.put(0, [0, 0, 0, number])
        assert (await link.read()).values[0] == number
    await link.close()
    await secured.peer.stop()


@pytest.mark.parametrize("wrong", [{"user": "somebody"}, {"password": "wrong horse"}])
async def test_a_user_whom_the_server_does_not_know_is_turned_away_and_told(
    opcua_only: SecuredOpcUa, wrong: dict[str, str]
) -> None:
    error = await (await opcua_only.serve(**wrong)).refused()
    assert "BadUserAccessDenied" in str(error)
    assert "horse" not in str(error) + error.advice


async def test_the_password_may_be_in_the_environment(
    opcua_only: SecuredOpcUa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POT_PASSWORD", "correct horse")
    await opcua_only.serve()
    await opcua_only.trusting(password_file=None, password_env="POT_PASSWORD").accepted()


async def test_a_secured_session_outlives_its_keys(opcua_only: SecuredOpcUa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.links.opcua._CHANNEL_MS", 600)
    await opcua_only.serve()
    link = opcua_only.link()
    await link.connect()
    for _ in range(20):
        assert (await link.read()).values
        await asyncio.sleep(0.1)
    assert link.connected
    await link.close()


@pytest.mark.parametrize("policy", ["Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"])
async def test_the_better_policies_are_spoken_too(opcua_only: SecuredOpcUa, policy: str) -> None:
    await opcua_only.serve(policy=ua.SecurityPolicyType[f"{policy}_SignAndEncrypt"])
    await opcua_only.trusting(policy=policy).accepted()


@pytest.mark.parametrize("offered", ["NoSecurity", "Basic256Sha256_Sign", "Basic256_SignAndEncrypt"])
@pytest.mark.parametrize("pinned", [True, False])
async def test_a_server_that_offers_less_than_we_ask_for_gets_nothing(
    opcua_only: SecuredOpcUa, offered: str, pinned: bool
) -> None:
    root = opcua_only.office.issue("root", authority=True)
    await opcua_only.serve(own=opcua_only.office.issue("pot-03", by=root), policy=ua.SecurityPolicyType[offered])
    if not pinned:
        opcua_only.trusting(pinned=None, authorities=(root.certificate,))
    error = await opcua_only.refused()
    assert f"offers {offered.partition('_')[0].replace('NoSecurity', 'None')}" in str(error)


async def test_a_refused_order_keeps_the_secured_session(opcua_only: SecuredOpcUa) -> None:
    await opcua_only.serve()
    opcua_only.peer.refusal = ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
    link = opcua_only.link()
    await link.connect()
    with pytest.raises(LinkRefused):
        await link.command(COMMAND["opcua"])
    assert (await link.read()).values
    await link.close()


@asynccontextmanager
async def watched(secured: Secured) -> AsyncIterator[PureLine]:
    """A line over one machine in the secured peer's place: fleet, watch and rules as they are in a controller."""
    line = PureLine.ready()
    site = MachineSite(
        "pot-03", "decoction", secured.profile.id, secured.address(), "pot-03", security=secured.security
    )
    watch = Watch(
        floor=lambda: line.floor,
        post=line.do,  # type: ignore[arg-type]
        boiling=Boiling(line.book),
        conclusions=Conclusions(set()),
        recorder=Recorder(lambda _: None, dict.fromkeys(line.book.machines, 3000)),
        machines=["pot-03"],
        zones=[],
    )
    fleet = Fleet(
        Site("here", "Asia/Shanghai", 101.3, False, 1, Path(), {"pot-03": site}),
        {secured.profile.id: secured.profile},
        PlantClock(speed=1, first=0, boot=boot_seconds()),
        on_snapshot=watch.on_snapshot,
        on_link=watch.on_link,
        on_fault=watch.on_fault,
    )
    task = asyncio.create_task(fleet.run())
    try:
        yield line
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_peer_that_cannot_prove_itself_is_an_alarm_of_its_own_before_its_link_counts_as_lost(
    secured: Secured,
) -> None:
    await secured.serve(own=secured.office.issue("impostor"))
    async with watched(secured) as line:
        await until(lambda: "peer-distrusted:pot-03" in line.floor.alarms, 30)
    alarm = line.floor.alarms["peer-distrusted:pot-03"]
    assert (alarm.state, alarm.priority) == ("UNACK", "high")
    assert alarm.detail
    assert "link-stale:pot-03" not in line.floor.alarms


async def test_the_alarm_of_a_peer_ends_when_it_proves_itself(opcua_only: SecuredOpcUa) -> None:
    await opcua_only.serve(own=opcua_only.office.issue("impostor"))
    async with watched(opcua_only) as line:
        await until(lambda: "peer-distrusted:pot-03" in line.floor.alarms, 30)
        await opcua_only.serve()
        await until(lambda: line.floor.alarms["peer-distrusted:pot-03"].state == "LATCH", 30)
