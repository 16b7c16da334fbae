# SPDX-License-Identifier: AGPL-3.0-or-later
"""What keeps a run with TLS from starting, each in one line that names flag and file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import KeyPasswordNeeded, OptionError
from engine.messages import ScenarioDescription
from engine.options import RunConfig
from engine.run.tls_checks import check_tls_files, check_tls_role
from engine.run.validation import check_options
from engine.scenario.describe import describe_scenario
from engine.transport.stream.tls_context import MOST_BYTES, PASSWORD_VARIABLE
from tests.certificates import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    (lab.folder / "rubbish.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    (lab.folder / "large.pem").write_bytes(b"x" * (MOST_BYTES + 1))
    (lab.folder / "both.pem").write_bytes(lab.authority.revoke() + lab.issued["other"].pem)
    os.mkfifo(lab.folder / "pipe.pem")
    return lab


@pytest.mark.parametrize(
    ("files", "flag", "told"),
    [
        ({"tls_ca": "nowhere.pem"}, "-tls_ca", "nowhere.pem cannot be read: "),
        ({"tls_ca": "server.key"}, "-tls_ca", "server.key holds no certificate in PEM"),
        ({"tls_ca": "rubbish.pem"}, "-tls_ca", "rubbish.pem: "),
        ({"tls_ca": "large.pem"}, "-tls_ca", "large.pem cannot be read: "),
        ({"tls_ca": "pipe.pem"}, "-tls_ca", "pipe.pem cannot be read: "),
        ({"tls_ca": "."}, "-tls_ca", "cannot be read: "),
        ({"tls_ca": "ca.pem", "tls_crl": "ca.pem"}, "-tls_crl", "ca.pem holds no list of revoked certificates in PEM"),
        ({"tls_ca": "ca.pem", "tls_crl": "both.pem"}, "-tls_crl", "both.pem holds a certificate, and that would be trusted"),
        ({"tls_certificate": "rubbish.pem", "tls_key": "server.key"}, "-tls_cert", "rubbish.pem: "),
        ({"tls_crl": "crl.pem"}, "-tls_crl", "give -tls_ca as well"),
        ({"tls_certificate": "server.pem"}, "-tls_cert", "server.pem holds no key; give it with -tls_key"),
        ({"tls_key": "server.key"}, "-tls_key", "a key without its certificate"),
        ({"tls_certificate": "server.pem", "tls_key": "ca.pem"}, "-tls_key", "ca.pem holds no private key in PEM"),
        (
            {"tls_certificate": "server.pem", "tls_key": "client.key"},
            "-tls_key",
            "client.key is not the key of the certificate",
        ),
    ],
)
def test_a_file_that_is_not_what_it_should_be(lab: Lab, files: dict[str, str], flag: str, told: str) -> None:
    config = RunConfig(transport="l1", **{name: lab[file] for name, file in files.items()})
    with pytest.raises(OptionError) as refused:
        check_tls_files(config)
    assert refused.value.option == flag
    assert told in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    check_tls_files(RunConfig(transport="t1", **{name: lab[file] for name, file in files.items()}))


def test_sound_files_are_no_problem(lab: Lab) -> None:
    files = {"tls_certificate": "server.pem", "tls_key": "server.key", "tls_ca": "ca.pem", "tls_crl": "crl.pem"}
    check_tls_files(RunConfig(transport="ws1", **{name: lab[file] for name, file in files.items()}))


def test_a_password_is_missed_before_the_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with pytest.raises(KeyPasswordNeeded):
        check_tls_files(RunConfig(transport="ln", tls_certificate=lab["server.pem"], tls_key=lab["encrypted.key"]))


@pytest.fixture(scope="module")
def server() -> ScenarioDescription:
    return describe_scenario("uas", [])


@pytest.mark.parametrize("transport", ["l1", "ln", "ws1", "wsn"])
def test_a_server_without_a_certificate_learns_how_to_get_one(transport: str, server: ScenarioDescription) -> None:
    with pytest.raises(OptionError, match=rf"-tls_cert: a server of {transport} needs .* 'gossipper tls-cert' makes one"):
        check_tls_role(RunConfig(transport=transport), server)


def test_a_client_needs_none_and_other_transports_neither(server: ScenarioDescription) -> None:
    check_tls_role(RunConfig(transport="l1"), describe_scenario("uac", []))
    check_tls_role(RunConfig(transport="t1"), server)


def test_an_interface_is_told_at_the_option(lab: Lab, tmp_path: Path) -> None:
    found = check_options(RunConfig(transport="l1", scenario_name="uas", tls_ca=str(tmp_path / "nowhere.pem")))
    assert {problem.option for problem in found} == {"tls_certificate", "tls_ca"}
