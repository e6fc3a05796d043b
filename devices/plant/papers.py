"""A simulated machine with `security` proves who it is and lets in nobody but the line.

`Papers.of(machine, folder, security)` finds its certificate and key in `folder`, made when it is first switched on, and reads the
certificate and the password of the one client it knows. The site file pins `MACHINE.crt` of the plant's folder.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from devices.errors import SiteError

if TYPE_CHECKING:
    from pathlib import Path

    from devices.site import Security

VALID = timedelta(days=3650)
KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Papers:
    """What a machine shows, and whom it knows. `policy`: the name of an OPC UA security policy; `user` may be empty."""

    certificate: Path
    key: Path
    client: Path
    policy: str
    user: str
    password: str

    @classmethod
    def of(cls, machine: str, folder: Path, security: Security) -> Self:
        """Read the papers of `machine`. Raises SiteError where the line's own are missing."""
        certificate, key = folder / f"{machine}.crt", folder / f"{machine}.key"
        try:
            x509.load_pem_x509_certificate(security.certificate.read_bytes())
            password = _password(security)
        except (OSError, ValueError) as error:
            raise SiteError(f"security: {error}", machine=machine, advice="run decoction check") from error
        if not (certificate.exists() and key.exists()):
            _make(machine, certificate, key)
        policy = security.policy or "Basic256Sha256"
        return cls(certificate, key, security.certificate, policy, security.user, password)

    def knows(self, certificate: bytes | None) -> bool:
        """Say whether `certificate`, DER, is the line's."""
        known = x509.load_pem_x509_certificate(self.client.read_bytes())
        return certificate == known.public_bytes(Encoding.DER)

    def tls(self) -> ssl.SSLContext:
        """Make the TLS of a server that lets in the line alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self.client)
        context.load_cert_chain(self.certificate, self.key)
        return context


def _password(security: Security) -> str:
    if security.password_file is not None:
        return security.password_file.read_text(encoding="utf-8").rstrip("\r\n")
    return os.environ.get(security.password_env, "")


def _make(machine: str, certificate: Path, key: Path) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, machine)])
    names = (
        x509.UniformResourceIdentifier(f"urn:decoction:plant:{machine}"),
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
    )
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(private, hashes.SHA256())
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
