"""Certificates good and bad, made on the spot: `Office(folder)` writes them as the PEM files that a site file names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
_BOTH_ENDS = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)


@dataclass(frozen=True)
class Paper:
    """One certificate and its key, in files."""

    certificate: Path
    key: Path

    @property
    def shown(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())


class Office:
    """Issues papers into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def issue(
        self,
        name: str,
        *,
        by: Paper | None = None,
        host: str = HOST,
        days: tuple[int, int] = (-1, 30),
        authority: bool = False,
        key: str = "",
        password: str = "",
    ) -> Paper:
        """A certificate of `name` for `host`, valid from day to day counted from now; of its own making without `by`."""
        private = _private(key or name)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.UniformResourceIdentifier(f"urn:test:{name}"), x509.IPAddress(ip_address(host))]
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if by is None else by.shown.subject)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(_uses(authority=authority), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
        )
        signer = private if by is None else _private(by.key.stem)
        paper = Paper(self._folder / f"{name}.crt", self._folder / f"{key or name}.key")
        paper.certificate.write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        paper.key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
        paper.key.chmod(0o600)
        return paper

    def revoke(self, paper: Paper, by: Paper, *, due_days: int = 30) -> Path:
        """A list of `by` on which `paper` stands."""
        now = datetime.now(UTC)
        entry = x509.RevokedCertificateBuilder().serial_number(paper.shown.serial_number).revocation_date(now).build()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(by.shown.subject)
            .last_update(now - timedelta(days=60))
            .next_update(now + timedelta(days=due_days))
            .add_revoked_certificate(entry)
        )
        path = self._folder / "revoked.crl"
        path.write_bytes(builder.sign(_private(by.key.stem), hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    def secret(self, text: str, name: str = "password") -> Path:
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path


def _uses(*, authority: bool) -> x509.KeyUsage:
    """What docs/how-to/secure-the-wire.md asks for; servers that are not ours insist on it."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def _private(name: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """The key of `name`, the same all through the test run: making one takes long."""
    if name.startswith("ec-"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 1024 if name.startswith("weak-") else 2048)
