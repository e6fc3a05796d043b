"""Sign&Encrypt with a server that is not ours: node-opcua by Basic256Sha256, with a pinned certificate and a named user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

import pytest

from devices.errors import LinkDistrusted
from devices.links import open_link
from devices.site import Security
from tests.conformance import servers
from tests.conformance.servers import NodeOpcUaPeer
from tests.contract.rigs import golden
from tests.contract.test_link_security import COMMAND, Secured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.papers import Paper

STRANGERS = 3
LIMIT = 4


class SecuredNode(Secured):
    """One node-opcua for all tests: it is what they trust, and what they show it, that differs."""

    wire = "opcua"

    def __init__(self, folder: Path, command: list[str]) -> None:
        super().__init__(folder)
        self.root = self.office.issue("root", authority=True)
        self.theirs = self.office.issue("signed", by=self.root)
        self.peer = NodeOpcUaPeer(
            self.profile,
            command,
            folder,
            own=self.theirs,
            client=self.ours,
            strangers=STRANGERS,
            limits={"maxNodesPerRead": LIMIT},
        )
        self._password = self.office.secret("correct horse\n")
        self.peer.start()
        said = golden(self.profile.id)
        for tag, value in said["values"].items():
            self.peer.put(tag, value, said["source_time"])

    def anew(self) -> Self:
        """Trust and show what is right, and forget what was asked."""
        self.peer.calls.clear()
        self.peer.put("Heartbeat", 0, None)
        self.security = Security(
            self.ours.certificate,
            self.ours.key,
            pinned=self.theirs.certificate,
            user="line-a",
            password_file=self._password,
        )
        return self

    async def serve(self, own: Paper | None = None, client: Paper | None = None) -> Self:
        raise AssertionError("it serves already, and shows one paper for all its life")

    async def stop(self) -> None:
        self.peer.stop()

    def touched(self) -> int:
        return len(self.peer.calls) + self.peer.get("Heartbeat")

    def address(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.peer.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredNode]:
    try:
        command = servers.node_opcua()
    except servers.Missing as missing:
        pytest.skip(str(missing))
    made = SecuredNode(tmp_path_factory.mktemp("secured-node"), command)
    yield made
    made.peer.stop()


@pytest.fixture
def node(server: SecuredNode) -> SecuredNode:
    return server.anew()


async def test_a_pinned_foreign_server_is_read_within_its_limits_and_given_orders(node: SecuredNode) -> None:
    link = node.link()
    await link.connect()
    survey = await link.survey()
    told = {name: said.value for name, said in survey.said.items()}
    assert told == golden(node.profile.id)["values"], "by the URI of the namespace, which three strangers come before"
    assert {len(request.tags) for request in survey.requests} <= set(range(1, LIMIT + 1))
    await link.command(COMMAND["opcua"])
    await link.beat(7)
    await link.close()
    assert node.peer.calls == [list(COMMAND["opcua"])]
    assert node.peer.get("Heartbeat") == 7


async def test_a_foreign_server_that_an_authority_signed_is_believed(node: SecuredNode) -> None:
    await node.trusting(pinned=None, authorities=(node.root.certificate,)).accepted()


async def test_another_certificate_than_the_pinned_one_gets_nothing(node: SecuredNode) -> None:
    node.trusting(pinned=node.office.issue("another").certificate)
    assert "which is pinned" in str(await node.refused())


async def test_a_foreign_server_that_does_not_trust_our_certificate_turns_us_away(node: SecuredNode) -> None:
    stranger = node.office.issue("stranger")
    node.trusting(certificate=stranger.certificate, key=stranger.key)
    assert "refuses to sign and encrypt with us" in str(await node.refused())


async def test_a_user_whom_the_foreign_server_does_not_know_is_turned_away(node: SecuredNode) -> None:
    assert "refuses us with Bad" in str(await node.trusting(user="line-b").refused())


async def test_a_wrong_password_is_turned_away(node: SecuredNode) -> None:
    node.trusting(password_file=node.office.secret("battery staple\n", "wrong"))
    assert "refuses us with Bad" in str(await node.refused())


async def test_a_foreign_server_without_security_gets_nothing(node: SecuredNode, node_opcua: NodeOpcUaPeer) -> None:
    site = replace(node.place(), url=f"opc.tcp://127.0.0.1:{node_opcua.port}")
    link = open_link(site, node.profile)
    with pytest.raises(LinkDistrusted, match="does not sign and encrypt by Basic256Sha256; it offers None"):
        await link.connect()
    await link.close()
