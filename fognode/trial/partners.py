"""Doubles of the two peers that a trial cannot have: a business partner and an authority.

Both are real HTTP servers at the network edge; what they take is kept as files.  The partner
recomputes the data hash, the authority checks schema and signature and answers with a
receipt that it signs.  Nothing of a real agency's rules is in them.
"""

import datetime
import ipaddress
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree

from fognode.errors import RefusedError
from fognode.hashing import sha256
from fognode.ledgers.journey import hash_fields
from fognode.ledgers.regulators import (
    NAMESPACE,
    Seal,
    check_document,
    digest_of,
    sign_document,
    verify_document,
)

VALID_DAYS = 30
MAX_BODY = 1_000_000


class TrialPartners:
    """Both servers, the folder with what they took, and the farm's certificate."""

    def __init__(self, folder: Path, cert: str) -> None:
        self.folder, self.cert = folder, cert
        self.away = False  # a test sets it: both answer 503
        self.seal = _seal("trial authority, not a real one")
        folder.mkdir(parents=True, exist_ok=True)
        self.receipt_cert = folder / "authority.pem"
        self.receipt_cert.write_text(self.seal.cert)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._desk())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.partner_url, self.authority_url = f"{base}/partner", f"{base}/authority"

    def taken(self, suffix: str) -> list[Path]:
        """Return what was taken: "json" of the partner, "xml" of the authority."""
        return sorted(self.folder.glob(f"*.{suffix}"))

    def close(self) -> None:
        """Stop both servers."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, path: str, key: str, body: bytes) -> tuple[int, bytes]:
        """Answer one POST as the partner or the authority would."""
        if self.away:
            return 503, b"later"
        try:
            if path == "/partner":
                return self._take_step(key, body)
            return self._take_document(key, body)
        except (RefusedError, ValueError, KeyError) as error:
            return 400, str(error).encode()

    def _take_step(self, key: str, body: bytes) -> tuple[int, bytes]:
        told = json.loads(body)
        if hash_fields(told["fields"], told["salt"]) != told["data_hash"]:
            return 400, b"data_hash is not that of fields and salt"
        (self.folder / f"{key}.json").write_bytes(body)
        return 202, b""

    def _take_document(self, key: str, body: bytes) -> tuple[int, bytes]:
        check_document(body)
        verify_document(body, self.cert)
        (self.folder / f"{key}.xml").write_bytes(body)
        return 200, sign_document(_receipt(key, body), self.seal)

    def _desk(self) -> type[BaseHTTPRequestHandler]:
        partners = self

        class Desk(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", "0")), MAX_BODY)
                key = self.headers.get("Idempotency-Key", "none")
                status, answer = partners.take(self.path, Path(key).name, self.rfile.read(length))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Keep quiet: the trial prints its own story."""

        return Desk


def start_partners(folder: Path, credentials: Path) -> TrialPartners:
    """Start both, and write the farm's signing key and certificate into the credentials."""
    seal = _seal("trial farm, not a real one")
    credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in (("regulator-key", seal.key), ("regulator-cert", seal.cert)):
        path = credentials / name
        path.touch(mode=0o600)
        path.write_text(text)
    return TrialPartners(folder, seal.cert)


def _seal(owner: str) -> Seal:
    """Draw a key, and a certificate that says whose it is."""
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    cert = _certificate(key, owner).public_bytes(serialization.Encoding.PEM)
    return Seal(key=secret.decode(), cert=cert.decode())


def _certificate(key: ec.EllipticCurvePrivateKey, owner: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def _receipt(mov_id: str, document: bytes) -> bytes:
    """Return the authority's answer; its protocol number is drawn from the document."""
    root = etree.Element(f"{{{NAMESPACE}}}AgroRec", nsmap=cast("dict[str, str]", {None: NAMESPACE}))
    inner = etree.SubElement(root, f"{{{NAMESPACE}}}infRec", Id=f"REC{mov_id}")
    protocol = str(int.from_bytes(sha256(document)[:6]))[:15].zfill(15)
    for name, text in (
        ("Environment", "2"),
        ("MovId", mov_id),
        ("ReceivedAt", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("Protocol", protocol),
        ("DigestValue", digest_of(document)),
        ("Status", "100"),
        ("Reason", "authorised (trial)"),
    ):
        etree.SubElement(inner, f"{{{NAMESPACE}}}{name}").text = text
    return etree.tostring(root)
