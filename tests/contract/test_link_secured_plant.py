"""A plant with security, driven by our links over real sockets, and what `decoction check` says of the settings."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from asyncua.client.client import Client
from typer.testing import CliRunner

from controller.cli import app
from controller.demo.ports import free_ports
from devices.errors import LinkDistrusted, SiteError
from devices.links import open_link
from devices.links.trust import problems
from devices.profile import load_profile
from devices.site import MachineSite, Security, Site, load_site
from tests.contract.papers import Office, Paper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POT = """
[[machine]]
id = "{id}"
kind = "decoction"
profile = "{profile}"
url = "{url}"
volume_ml = [1500, 12000]
[machine.security]
certificate = "line.crt"
key = "line.key"
pinned = "var/plant/{id}.crt"
{more}
"""


def _write_site(folder: Path) -> Path:
    office = Office(folder)
    office.issue("line")
    office.secret("correct horse")
    opcua = 'user = "line-a"\npassword_file = "password"'
    config = folder / "config.toml"
    rows = (
        POT.format(id="pot-m", profile="pot-modbus", url=f"modbus://127.0.0.1:{free_ports(1)[0]}/1", more=""),
        POT.format(id="pot-o", profile="pot-opcua", url=f"opc.tcp://127.0.0.1:{free_ports(1)[0]}", more=opcua),
    )
    config.write_text("".join(rows), encoding="utf-8")
    return config


@asynccontextmanager
async def _plant(folder: Path) -> AsyncIterator[Site]:
    config = _write_site(folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devices.plant", "--config", str(config), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert json.loads(await asyncio.wait_for(process.stdout.readline(), 60))["event"] == "ready"
        yield load_site(config)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


async def test_the_secured_plant_lets_in_the_line_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _plant(tmp_path) as site:
        stranger = Office(tmp_path / "var").issue("stranger")
        for machine in site.machines.values():
            assert not list(problems(machine))
            profile = load_profile(machine.profile)
            link = open_link(machine, profile)
            await link.connect()
            assert any(value is not None for value in (await link.read()).values)
            await link.close()
            assert machine.security is not None
            other = replace(machine.security, certificate=stranger.certificate, key=stranger.key)
            link = open_link(replace(machine, security=other), replace(profile, timeout_s=1.0))
            with pytest.raises(LinkDistrusted):
                await _reach(link)
            await link.close()
        # A client that does not mind that no such endpoint is offered.
        monkeypatch.setattr(Client, "find_endpoint", staticmethod(lambda endpoints, mode, policy: endpoints[0]))
        await _ask_unsigned(site.machines["pot-o"].url)


async def _reach(link: object) -> None:
    await link.connect()  # type: ignore[attr-defined]
    await link.read()  # type: ignore[attr-defined]


async def _ask_unsigned(url: str) -> None:
    """A name and a password alone open nothing."""
    client = Client(url, timeout=2)
    client.set_user("line-a")
    client.set_password("correct horse")
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await client.connect()


@pytest.fixture
def good(tmp_path: Path) -> MachineSite:
    """A machine over OPC UA whose settings are all right."""
    office = Office(tmp_path)
    ours, theirs = office.issue("line"), office.issue("pot-03")
    security = Security(
        ours.certificate,
        ours.key,
        pinned=theirs.certificate,
        user="line-a",
        password_file=office.secret("correct horse"),
    )
    return MachineSite("pot-03", "decoction", "pot-opcua", "opc.tcp://127.0.0.1:4840", "pot-03", security=security)


def _spoilt(good: MachineSite, kind: str, folder: Path) -> MachineSite:
    office = Office(folder)
    assert good.security is not None
    root = office.issue("root", authority=True)

    def own(paper: Paper) -> dict[str, object]:
        return {"certificate": paper.certificate, "key": paper.key}

    unsafe = office.issue("unsafe")
    unsafe.key.chmod(0o644)
    changes: dict[str, dict[str, object]] = {
        "certificate: .*No such file": {"certificate": folder / "nowhere.crt"},
        "certificate: .*not an open PEM": {"certificate": good.security.key},
        "certificate: .*has expired": own(office.issue("old", days=(-9, -1))),
        "certificate: .*not valid before": own(office.issue("young", days=(1, 9))),
        "key: is not the key of certificate": {"key": office.issue("other").key},
        "key: .*chmod 600": own(unsafe),
        "key: .*not an open PEM": own(office.issue("locked", password="secret")),
        "key: OPC UA needs RSA": own(office.issue("ec-line")),
        "key: OPC UA needs RSA of 2048": own(office.issue("weak-line")),
        "pinned: .*No such file": {"pinned": folder / "nowhere.crt"},
        "pinned, authorities: one": {"pinned": None},
        "pinned, authorities: one of": {"authorities": (root.certificate,)},
        "authorities: .*No such file": {"pinned": None, "authorities": (folder / "nowhere.crt",)},
        "authorities: .*of no authority": {"pinned": None, "authorities": (office.issue("pot-05").certificate,)},
        "revoked: only authorities": {"revoked": (office.revoke(root, root),)},
        "revoked: .*signed by none": {
            "pinned": None,
            "authorities": (root.certificate,),
            "revoked": (office.revoke(root, office.issue("else", authority=True)),),
        },
        "policy: 'Basic256' is none of": {"policy": "Basic256"},
        "policy: 'None' is none of": {"policy": "None"},
        "user: missing": {"user": ""},
        "password_file, password_env: one": {"password_file": None},
        "password_file: .*holds no password": {"password_file": office.secret("\n", "empty")},
        "password_env: NOBODY_SET_THIS is not set": {"password_file": None, "password_env": "NOBODY_SET_THIS"},
    }
    return replace(good, security=replace(good.security, **changes[kind]))  # type: ignore[arg-type]


SPOILT = [
    "certificate: .*No such file", "certificate: .*not an open PEM", "certificate: .*has expired",
    "certificate: .*not valid before", "key: is not the key of certificate", "key: .*chmod 600", "key: .*not an open PEM",
    "key: OPC UA needs RSA", "key: OPC UA needs RSA of 2048", "pinned: .*No such file", "pinned, authorities: one",
    "pinned, authorities: one of", "authorities: .*No such file", "authorities: .*of no authority",
    "revoked: only authorities", "revoked: .*signed by none",
    "policy: 'Basic256' is none of", "policy: 'None' is none of", "user: missing", "password_file, password_env: one",
    "password_file: .*holds no password", "password_env: NOBODY_SET_THIS is not set",
]  # fmt: skip


def test_settings_that_are_right_have_no_problem(good: MachineSite) -> None:
    assert list(problems(good)) == []


@pytest.mark.parametrize("kind", SPOILT)
async def test_every_wrong_setting_is_named_and_keeps_the_link_shut(
    good: MachineSite, kind: str, tmp_path: Path
) -> None:
    spoilt = _spoilt(good, kind, tmp_path)
    said = "\n".join(problems(spoilt))
    place, _, what = kind.partition(": ")
    assert any(line.startswith(f"security.{place}") for line in said.splitlines())
    with pytest.raises(LinkDistrusted, match=f"{place}: {what}"):
        await open_link(spoilt, load_profile("pot-opcua")).connect()


def test_modbus_over_tls_knows_no_user(good: MachineSite) -> None:
    modbus = replace(good, url="modbus://127.0.0.1:802/1", profile="pot-modbus")
    assert list(problems(modbus)) == [
        "security.user: Modbus over TLS has none",
        "security.password_file: Modbus over TLS has none",
    ]


def test_a_machine_over_opc_ua_has_security_or_a_waiver_and_not_both(good: MachineSite) -> None:
    bare = replace(good, security=None)
    assert list(problems(bare)) == ["security: missing, and there is no waiver"]
    assert list(problems(replace(bare, waiver="opcua-none"))) == []
    for wrong in (bare, replace(good, waiver="opcua-none")):
        with pytest.raises(SiteError):
            open_link(wrong, load_profile("pot-opcua"))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('user = "line-a"', 'user = "line-a"\npassword = "correct horse"', "machine[1].security.password"),
        ('certificate = "line.crt"\n', "", "machine[0].security.certificate"),
        ('pinned = "var/plant/pot-m.crt"', "authorities = [3]", "machine[0].security.authorities"),
        ('id = "pot-m"', 'id = "pot-m"\nwaiver = "opcua-none"', "machine[0].waiver"),
        ('id = "pot-o"', 'id = "pot-o"\nwaiver = "opcua-none"', "machine[1].waiver"),
        ('id = "pot-o"', 'id = "pot-o"\nwaiver = "none"', "machine[1].waiver"),
    ],
)
def test_the_site_file_takes_no_password_no_stray_key_and_no_idle_waiver(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    config = _write_site(tmp_path)
    config.write_text(config.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SiteError) as error:
        load_site(config)
    assert place in str(error.value)
    assert "horse" not in str(error.value)


def test_the_check_names_every_wrong_setting_of_every_machine(tmp_path: Path) -> None:
    config = _write_site(tmp_path)
    (tmp_path / "line.key").chmod(0o644)
    (tmp_path / "password").write_text("", encoding="utf-8")
    told = CliRunner().invoke(app, ["check", "--config", str(config)]).output
    for place in (
        "machine pot-m: security.key",
        "machine pot-m: security.pinned",
        "machine pot-o: security.key",
        "machine pot-o: security.pinned",
        "machine pot-o: security.password_file",
    ):
        assert place in told
