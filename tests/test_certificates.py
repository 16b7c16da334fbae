# SPDX-License-Identifier: AGPL-3.0-or-later
"""The certificates of the tests are what they are called, by OpenSSL's judgement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import PASSWORD, Lab
from tests.programs import Program, require

GOOD = "OK"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("certificates"))


def openssl(tmp_path: Path, *arguments: str) -> str:
    program = Program([require("openssl"), *arguments], tmp_path)
    program.wait()
    return program.output


@pytest.mark.parametrize(
    ("name", "judgement"),
    [
        ("server", GOOD),
        ("client", GOOD),
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("revoked", "certificate revoked"),
        ("other", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
    ],
)
def test_each_certificate_has_the_flaw_that_its_name_says_and_no_other(
    lab: Lab, tmp_path: Path, name: str, judgement: str
) -> None:
    crl = ["-crl_check", "-CRLfile", lab["crl.pem"]] if name != "self-signed" else []
    said = openssl(tmp_path, "verify", "-x509_strict", *crl, "-CAfile", lab["ca.pem"], lab[f"{name}.pem"])
    assert judgement in said


@pytest.mark.parametrize(
    ("name", "host", "judgement"), [("server", "localhost", GOOD), ("wrong-name", "localhost", "hostname mismatch")]
)
def test_each_certificate_is_for_the_names_that_were_asked(
    lab: Lab, tmp_path: Path, name: str, host: str, judgement: str
) -> None:
    said = openssl(tmp_path, "verify", "-verify_hostname", host, "-CAfile", lab["ca.pem"], lab[f"{name}.pem"])
    assert judgement in said


def test_the_encrypted_key_opens_with_its_password_only(lab: Lab, tmp_path: Path) -> None:
    assert "PRIVATE KEY" in openssl(tmp_path, "pkey", "-in", lab["encrypted.key"], "-passin", f"pass:{PASSWORD}")
    assert "PRIVATE KEY" not in openssl(tmp_path, "pkey", "-in", lab["encrypted.key"], "-passin", "pass:wrong")
