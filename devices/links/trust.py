"""No machine is believed, and none is told who we are, before both can prove it: the one home of certificates in the drivers.

`read_papers(site)` reads the files of a machine's `security` for one connection, so that a renewed certificate needs no restart;
`refusal(shown, papers, host)` judges the certificate that a peer shows; `problems(site)` says for `decoction check` everything
that is wrong, and is what `read_papers` refuses by. A password never gets into a message.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import verification

from devices.errors import LinkDistrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from devices.site import MachineSite, Security

_T = TypeVar("_T")

POLICIES: Final = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
"""The security policies of OPC UA that are not broken; without one named, the first."""
_LEAST_RSA_BITS: Final = 2048
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Papers:
    """What one connection rests on. One of `pinned` and `authorities` is there; the texts are empty where a wire has no users."""

    certificate: x509.Certificate
    key: PrivateKeyTypes
    pinned: x509.Certificate | None
    authorities: tuple[x509.Certificate, ...]
    revoked: tuple[x509.CertificateRevocationList, ...]
    password: str

    @property
    def application(self) -> str:
        """The URI by which OPC UA knows us: the one that our certificate is for."""
        return next(iter(_names(self.certificate, x509.UniformResourceIdentifier)), "")


def read_papers(site: MachineSite) -> Papers:
    """Read the files of `site.security`. Raises LinkDistrusted naming everything that is wrong with them."""
    reading = _Reading(site)
    if reading.problems:
        raise LinkDistrusted("; ".join(reading.problems), machine=site.id, advice="run decoction check")
    assert reading.certificate is not None
    assert reading.key is not None
    return Papers(
        reading.certificate, reading.key, reading.pinned, reading.authorities, reading.revoked, reading.password
    )


def problems(site: MachineSite) -> Iterator[str]:
    """Say what is wrong with the security settings of a machine and with the files that they name, place first."""
    match urlsplit(site.url).scheme, site.security:
        case "memory", _:
            return
        case "opc.tcp", None if not site.waiver:
            yield "security: missing, and there is no waiver"
        case _, None:
            return
        case _:
            yield from (f"security.{problem}" for problem in _Reading(site).problems)


def refusal(shown: x509.Certificate, papers: Papers, host: str) -> str:
    """Say why `shown` is no proof that its owner is the machine at `host`; empty where it is one."""
    if papers.pinned is not None and shown != papers.pinned:
        return f"shows certificate {fingerprint(shown)}, not {fingerprint(papers.pinned)}, which is pinned"
    if date := _out_of_date(shown):
        return f"shows a certificate that {date}"
    if papers.pinned is not None:
        return ""
    if (issuer := _issuer(shown, papers.authorities, host)) is None:
        return f"shows certificate {fingerprint(shown)}, which no trusted authority signed for {host}"
    for revoked in papers.revoked:
        if revoked.issuer == issuer.subject and revoked.get_revoked_certificate_by_serial_number(shown.serial_number):
            return f"shows certificate {fingerprint(shown)}, which its authority has revoked"
    return ""


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate as people compare it."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def tls_context(security: Security, papers: Papers) -> ssl.SSLContext:
    """Make the TLS of one connection: ours shown, theirs demanded, nothing older than TLS 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = papers.pinned is None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusted = papers.authorities if papers.pinned is None else (papers.pinned,)
    context.load_verify_locations(
        cadata="".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in trusted)
    )
    context.load_cert_chain(security.certificate, security.key)
    return context


class _Reading:
    """The files of one machine's security as far as they can be read, and everything that is wrong with them."""

    def __init__(self, site: MachineSite) -> None:
        assert site.security is not None
        self._security = security = site.security
        self._opcua = urlsplit(site.url).scheme == "opc.tcp"
        self.problems: list[str] = []
        self.certificate = self._certificate("certificate", security.certificate)
        self.key = self._file("key", security.key, _key, secret=True)
        self.pinned = None if security.pinned is None else self._certificate("pinned", security.pinned)
        authorities = (self._certificate("authorities", path) for path in security.authorities)
        self.authorities = tuple(authority for authority in authorities if authority is not None)
        revoked = (self._file("revoked", path, x509.load_pem_x509_crl) for path in security.revoked)
        self.revoked = tuple(one for one in revoked if one is not None)
        self.password = self._password()
        self.problems += self._contradictions()

    def _certificate(self, place: str, path: Path) -> x509.Certificate | None:
        certificate = self._file(place, path, x509.load_pem_x509_certificate)
        if certificate is not None and (date := _out_of_date(certificate)):
            self.problems.append(f"{place}: {path} {date}")
        return certificate

    def _file(self, place: str, path: Path, parse: Callable[[bytes], _T], *, secret: bool = False) -> _T | None:
        try:
            if secret and path.stat().st_mode & _OTHERS:
                self.problems.append(f"{place}: {path} is open to others than its owner; chmod 600")
            return parse(path.read_bytes())
        except OSError as error:
            self.problems.append(f"{place}: {path}: {error.strerror}")
        except (
            ValueError,
            TypeError,
        ):  # TypeError: the key is locked with a password, and nobody could type it at night
            self.problems.append(f"{place}: {path} is not an open PEM file of its kind")
        return None

    def _password(self) -> str:
        security = self._security
        if security.password_env:
            if not (password := os.environ.get(security.password_env, "")):
                self.problems.append(f"password_env: {security.password_env} is not set")
            return password
        if security.password_file is None:
            return ""
        password = self._file("password_file", security.password_file, _line, secret=True) or ""
        if not password:
            self.problems.append(f"password_file: {security.password_file} holds no password")
        return password

    def _contradictions(self) -> Iterator[str]:
        security = self._security
        if (security.pinned is None) == (not security.authorities):
            yield "pinned, authorities: one of the two is needed"
        if security.revoked and not security.authorities:
            yield "revoked: only authorities revoke; take another pinned instead"
        for path, authority in zip(security.authorities, self.authorities, strict=False):
            if not _is_authority(authority):
                yield f"authorities: {path} is the certificate of no authority"
        yield from self._unsigned_lists()
        if (
            self.certificate is not None
            and self.key is not None
            and self.certificate.public_key() != self.key.public_key()
        ):
            yield "key: is not the key of certificate"
        yield from self._of_opcua() if self._opcua else self._of_modbus()

    def _unsigned_lists(self) -> Iterator[str]:
        for path, revoked in zip(self._security.revoked, self.revoked, strict=False):
            signers = (authority for authority in self.authorities if authority.subject == revoked.issuer)
            if not any(revoked.is_signature_valid(signer.public_key()) for signer in signers):  # pyright: ignore[reportArgumentType]  x509 keys of authorities sign
                yield f"revoked: {path} is signed by none of the authorities"
            elif (due := revoked.next_update_utc) is not None and due < datetime.now(UTC):
                yield f"revoked: {path} should have been replaced on {due:%Y-%m-%d}"

    def _of_opcua(self) -> Iterator[str]:
        security = self._security
        if security.policy not in ("", *POLICIES):
            yield f"policy: {security.policy!r} is none of {', '.join(POLICIES)}"
        if not security.user:
            yield "user: missing"
        if bool(security.password_env) == (security.password_file is not None):
            yield "password_file, password_env: one of the two is needed"
        if self.key is not None and not (
            isinstance(self.key, rsa.RSAPrivateKey) and self.key.key_size >= _LEAST_RSA_BITS
        ):
            yield f"key: OPC UA needs RSA of {_LEAST_RSA_BITS} bits or more"
        if self.certificate is not None and not _names(self.certificate, x509.UniformResourceIdentifier):
            yield "certificate: names no application URI, which OPC UA asks for"

    def _of_modbus(self) -> Iterator[str]:
        for key in ("policy", "user", "password_file", "password_env"):
            if getattr(self._security, key):
                yield f"{key}: Modbus over TLS has none"


# Makers' certificates are no web pages': what they may be used for is said in many ways, but whom they are for must be said.
_AUTHORITY: Final = verification.ExtensionPolicy.permit_all().require_present(
    x509.BasicConstraints, verification.Criticality.AGNOSTIC, None
)
_MACHINE: Final = verification.ExtensionPolicy.permit_all().require_present(
    x509.SubjectAlternativeName, verification.Criticality.AGNOSTIC, None
)


def _issuer(shown: x509.Certificate, authorities: Sequence[x509.Certificate], host: str) -> x509.Certificate | None:
    """Return which of `authorities` signed `shown` for `host`."""
    try:
        subject = x509.IPAddress(ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    builder = verification.PolicyBuilder().store(verification.Store(list(authorities))).time(datetime.now(UTC))
    verifier = builder.extension_policies(ca_policy=_AUTHORITY, ee_policy=_MACHINE).build_server_verifier(subject)
    try:
        chain = verifier.verify(shown, [])
    except verification.VerificationError:
        return None
    return chain[1] if len(chain) > 1 else None


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _out_of_date(certificate: x509.Certificate) -> str:
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        return f"has expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if certificate.not_valid_before_utc > now:
        return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    return ""


def _names(certificate: x509.Certificate, kind: type[x509.UniformResourceIdentifier]) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(kind)


@lru_cache(maxsize=64)
def _key(pem: bytes) -> PrivateKeyTypes:
    """Load a private key; the checks that come with it cost so much that a hundred machines share one loading."""
    return serialization.load_pem_private_key(pem, password=None)


def _line(content: bytes) -> str:
    return content.decode("utf-8").rstrip("\r\n")
