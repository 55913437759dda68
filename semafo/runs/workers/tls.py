"""A home's keys: one certificate authority, one certificate and its key, made once, for scheduler, workers and engine.

An open scheduler runs any code that reaches it, so that all of them speak TLS and let in those only who hold the key.
The authority's own key is thrown away: nobody can make a second certificate that these would trust.
"""

import datetime
import os
import shutil
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semafo.runs.home import Home

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import CertificateBuilder, KeyUsage, SubjectKeyIdentifier
    from distributed.security import Security

_YEARS = 10
_RENEW_DAYS = 30  # keys that end sooner are made anew


@dataclass(frozen=True)
class HomeKeys:
    """Where a home's keys lie."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate of the authority."""
        return self.folder / "ca.pem"

    @property
    def cert(self) -> Path:
        """Certificate of scheduler, workers and engine."""
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.folder / "key.pem"

    @property
    def options(self) -> dict[str, str]:
        """As options of `dask scheduler` and `dask worker`."""
        return {"--tls-ca-file": str(self.ca), "--tls-cert": str(self.cert), "--tls-key": str(self.key)}

    @property
    def valid_until(self) -> datetime.datetime | None:
        """When the certificate ends (UTC); None where a file is missing or damaged."""
        from cryptography import x509

        try:
            self.context()
            return x509.load_pem_x509_certificate(self.cert.read_bytes()).not_valid_after_utc
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            return None

    def context(self) -> ssl.SSLContext:
        """For a client that talks to nobody who has other keys."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.check_hostname = False  # the key says who they are, wherever they run
        context.load_cert_chain(str(self.cert), str(self.key))
        return context

    def security(self) -> "Security":
        """For dask."""
        from distributed.security import Security

        parts: dict[str, str] = {}
        for role in ("client", "scheduler", "worker"):
            parts |= {f"tls_{role}_cert": str(self.cert), f"tls_{role}_key": str(self.key)}
        return Security(require_encryption=True, tls_ca_file=str(self.ca), **parts)


def home_keys(home: Home) -> HomeKeys:
    """The home's keys, made where they are missing, damaged or about to end."""
    kept = HomeKeys(home.engine / "tls")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=_RENEW_DAYS)
    until = kept.valid_until
    if until is None or until < soon:
        _make(kept)
    return kept


def _make(kept: HomeKeys) -> None:
    """All three files appear at once; they are readable by the home's owner only."""
    draft = HomeKeys(kept.folder.with_name(f".tls-{uuid.uuid4().hex[:8]}"))
    draft.folder.mkdir(mode=0o700)
    for path, content in zip((draft.ca, draft.cert, draft.key), _certificates(), strict=True):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(content)
    if kept.folder.exists():
        old = kept.folder.rename(draft.folder.with_name(f"{draft.folder.name}-old"))
        shutil.rmtree(old)
    try:
        draft.folder.rename(kept.folder)
    except OSError:  # another process made them in this moment
        shutil.rmtree(draft.folder)
        if kept.valid_until is None:
            raise


def _certificates() -> tuple[bytes, bytes, bytes]:
    """The authority's certificate, the certificate that it signs, and that one's key, each as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    of_ca, of_key = (x509.SubjectKeyIdentifier.from_public_key(k.public_key()) for k in (ca_key, key))
    signer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_ca)
    ca = _unsigned("semafo authority", ca_key, of_ca).add_extension(_usage(signs_keys=True), critical=True)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    cert = _unsigned("semafo", key, of_key).add_extension(_usage(signs_keys=False), critical=True)
    cert = cert.add_extension(x509.SubjectAlternativeName([x509.DNSName("semafo")]), critical=False)
    cert = cert.add_extension(signer, critical=False)
    signed_ca, signed_cert = (part.sign(ca_key, hashes.SHA256()) for part in (ca, cert))
    pem = serialization.Encoding.PEM
    formats = (pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signed_ca.public_bytes(pem), signed_cert.public_bytes(pem), key.private_bytes(*formats)


def _unsigned(name: str, key: "EllipticCurvePrivateKey", identifier: "SubjectKeyIdentifier") -> "CertificateBuilder":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def called(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(called(name)).issuer_name(called("semafo authority"))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))  # clocks of a cluster differ
    builder = builder.not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
    return builder.add_extension(identifier, critical=False)


def _usage(signs_keys: bool) -> "KeyUsage":
    from cryptography import x509

    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    rest = dict.fromkeys((*names, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=not signs_keys, key_cert_sign=signs_keys, **rest)
