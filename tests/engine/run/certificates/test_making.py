# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lab's certificates: what is in them, what is taken again, what is in the way, and who accepts them."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from engine.errors import CertificateError
from engine.messages import Certificates, MakeCertificates
from engine.run.certificates import files as certificate_files
from engine.run.certificates import make_certificates

FILES = ["ca.key", "ca.pem", "client.key", "client.pem", "server.key", "server.pem"]


def made(folder: Path, *names: str, overwrite: bool = False) -> Certificates:
    return make_certificates(MakeCertificates(directory=str(folder), names=names, overwrite=overwrite))


def certificate(path: str | Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(path).read_bytes())


def names_in(path: str) -> x509.SubjectAlternativeName:
    return certificate(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def greets(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """A handshake in memory; raises what either side has against it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(6):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def contexts(lab: Certificates) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    client = ssl.create_default_context(cafile=lab.ca)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(lab.server, lab.server_key)
    return client, server


def test_there_are_six_files_and_only_their_owner_reads_the_keys(tmp_path: Path) -> None:
    lab = made(tmp_path / "new" / "lab")
    folder = Path(lab.ca).parent
    assert sorted(os.listdir(folder)) == FILES
    for name in FILES:
        assert stat.S_IMODE((folder / name).stat().st_mode) == (0o600 if name.endswith(".key") else 0o644)
    assert lab.ca_is_new
    assert set(lab.names) >= {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "a.example.com", "b.lab.test"])
def test_python_takes_the_certificate_under_each_of_its_names(tmp_path: Path, name: str) -> None:
    client, server = contexts(made(tmp_path, "localhost", "127.0.0.1", "::1", "a.example.com", "*.lab.test"))
    greets(client, server, name)


def test_python_takes_it_under_no_other_name(tmp_path: Path) -> None:
    client, server = contexts(made(tmp_path, "a.example.com"))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greets(client, server, "b.example.com")


def test_both_sides_may_ask_for_a_certificate(tmp_path: Path) -> None:
    lab = made(tmp_path, "localhost")
    client, server = contexts(lab)
    server.load_verify_locations(lab.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    client.load_cert_chain(lab.client, lab.client_key)
    greets(client, server, "localhost")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_what_was_issued(tmp_path: Path) -> None:
    lab = made(tmp_path)
    for path, purpose in ((lab.server, "sslserver"), (lab.server, "sslclient"), (lab.client, "sslclient")):
        told = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", lab.ca, path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stdout) == (0, f"{path}: OK\n"), told.stderr


def test_names_stand_as_what_they_are_each_once(tmp_path: Path) -> None:
    lab = made(tmp_path, "A.Example.com.", "a.example.com", "10.0.0.1", "fe80::1%eth0", "bücher.example")
    assert lab.names == ("a.example.com", "10.0.0.1", "fe80::1", "xn--bcher-kva.example")
    names = names_in(lab.server)
    assert names.get_values_for_type(x509.DNSName) == ["a.example.com", "xn--bcher-kva.example"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["10.0.0.1", "fe80::1"]
    assert "sip:a.example.com" in names.get_values_for_type(x509.UniformResourceIdentifier)


@pytest.mark.parametrize("name", ["", "a b", "*", "*.com", "-a.example", "a..b", "x" * 64, "a.*.b", "http://a", "10.0.0.0/8"])
def test_what_no_certificate_may_hold_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(CertificateError) as refused:
        made(tmp_path / "lab", "good.example", name)
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "lab").exists()


def test_a_ca_is_taken_again_also_in_another_folder(tmp_path: Path) -> None:
    first = made(tmp_path / "one", "one.test")
    (tmp_path / "two").mkdir()
    for name in ("ca.pem", "ca.key"):
        shutil.copy(tmp_path / "one" / name, tmp_path / "two")
    second = made(tmp_path / "two", "two.test")
    assert not second.ca_is_new
    assert certificate(first.ca) == certificate(second.ca)
    client, _ = contexts(first)
    _, server = contexts(second)
    greets(client, server, "two.test")


def test_what_was_issued_is_replaced_only_when_asked_and_the_ca_never(tmp_path: Path) -> None:
    first = made(tmp_path, "one.test")
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    with pytest.raises(CertificateError, match=r"server\.pem: is there already — --force replaces"):
        made(tmp_path, "two.test")
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    made(tmp_path, "two.test", overwrite=True)
    changed = {name for name in FILES if (tmp_path / name).read_bytes() != before[name]}
    assert changed == set(FILES) - {"ca.pem", "ca.key"}
    assert names_in(first.server).get_values_for_type(x509.DNSName) == ["two.test"]


def no_key(folder: Path) -> None:
    (folder / "ca.key").unlink()


def no_certificate(folder: Path) -> None:
    (folder / "ca.pem").unlink()


def rubbish(folder: Path) -> None:
    (folder / "ca.pem").write_bytes(b"\0rubbish")


def rubbish_key(folder: Path) -> None:
    (folder / "ca.key").write_bytes(b"\0rubbish")


def another_key(folder: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    (folder / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def a_key_with_a_password(folder: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    (folder / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))


def no_ca(folder: Path) -> None:
    for half in ("pem", "key"):
        shutil.copy(folder / f"server.{half}", folder / f"ca.{half}")


def a_pipe(folder: Path) -> None:
    (folder / "ca.pem").unlink()
    os.mkfifo(folder / "ca.pem")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (no_key, "ca.pem: is there without ca.key — "),
        (no_certificate, "ca.key: is there without ca.pem — "),
        (rubbish, "ca.pem: holds no certificate in PEM"),
        (rubbish_key, "ca.key: holds no private key in PEM"),
        (another_key, "ca.key: is not the key of ca.pem"),
        (a_key_with_a_password, "ca.key: has a password"),
        (no_ca, "ca.pem: is no certificate of a CA"),
        (a_pipe, "ca.pem: cannot be read: "),
    ],
)
def test_a_ca_that_cannot_issue_says_why_and_nothing_changes(tmp_path: Path, spoil: Callable[[Path], None], told: str) -> None:
    made(tmp_path, "one.test")
    spoil(tmp_path)
    before = (tmp_path / "server.pem").read_bytes()
    with pytest.raises(CertificateError) as refused:
        made(tmp_path, overwrite=True)
    assert told in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert (tmp_path / "server.pem").read_bytes() == before


def test_somebodys_own_ca_of_another_kind_issues_as_well(tmp_path: Path) -> None:
    made(tmp_path, "one.test")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    old = certificate(tmp_path / "ca.pem")
    builder = x509.CertificateBuilder(old.issuer, old.subject, key.public_key(), old.serial_number)
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (tmp_path / "ca.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    client, server = contexts(made(tmp_path, "two.test", overwrite=True))
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT
    greets(client, server, "two.test")


def test_a_disk_that_is_full_in_the_middle_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([None, None, None, OSError(28, "No space left on device")])

    def full(descriptor: int) -> None:
        error = next(calls)
        if error is not None:
            raise error

    monkeypatch.setattr(certificate_files.os, "fsync", full)
    with pytest.raises(CertificateError, match="cannot be written: No space left on device"):
        made(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CertificateError, match=r"file/lab/ca\.pem: cannot be read: Not a directory"):
        made(tmp_path / "file" / "lab")
    with pytest.raises(CertificateError, match=r"cannot be written: "):
        made(Path("/proc/nowhere"))
