"""TLS and name resolution that fail and come back, on real sockets."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recall.config import AccessSection
from recall.errors import ShardUnreadable
from recall.io import read_all

x509 = pytest.importorskip("cryptography.x509")


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Secure:
    """An https server of one file; the first `broken` connections are closed in the handshake."""

    def __init__(self, pem: Path, broken: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._broken = broken
        self.connections = 0
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/file"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.connections <= self._broken:
                connection.recv(10)
                connection.close()
                continue
            try:
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(4096)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            except OSError:
                continue

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server = Secure(pem, broken=2)
    yield server
    server.close()


def test_a_handshake_that_breaks_is_tried_again(secure: Secure, pauses: list[float]) -> None:
    assert read_all(secure.url, AccessSection(attempts=4, timeout_seconds=2.0, contact="tls")) == b"hello"
    assert (secure.connections, len(pauses)) == (3, 2)


def test_a_certificate_that_nobody_signed_is_unreadable_and_said(
    secure: Secure, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ShardUnreadable, match=r"CERTIFICATE_VERIFY_FAILED.*gave up after 4 attempts"):
        read_all(secure.url, AccessSection(attempts=4, timeout_seconds=2.0, contact="no tls"))
    assert len(pauses) == 3


def test_a_name_that_does_not_resolve_for_a_while_is_tried_again(
    secure: Secure, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    whole, left = socket.getaddrinfo, 2

    def resolve(*arguments: Any, **settings: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return whole(*arguments, **settings)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert read_all(secure.url, AccessSection(attempts=6, timeout_seconds=2.0, contact="dns")) == b"hello"
    assert len(pauses) >= 2
