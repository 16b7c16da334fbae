# SPDX-License-Identifier: AGPL-3.0-or-later
"""PASSporTs and the Identity header that carries one: what is written, and what proves nothing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.message import Message
from engine.sip.stir import IdentityCheck, Party, Passport, Signer, Verifier, identity_value, party_of
from tests.engine.sip.stir.keys import OTHER, RFC_8225_PRIVATE, RFC_8225_PUBLIC, pem

IAT = 1443208345
PASSPORT = Passport(
    attest="A",
    orig=party_of("+1-215-555-1212"),
    dest=(party_of("sip:+12155551213@example.com"),),
    iat=IAT,
    origid="123e4567-e89b-12d3-a456-426655440000",
    x5u="https://cert.example.org/passport.cer",
)
SIGNER = Signer(RFC_8225_PRIVATE)
CHECK = IdentityCheck(Verifier(RFC_8225_PUBLIC))
FROM = "From: <sip:+12155551212@a>;tag=1"
TO = "To: <sip:+12155551213@b>"


def value(**changes: object) -> str:
    passport = msgspec.structs.replace(PASSPORT, **changes)
    return identity_value(passport.signed(SIGNER), passport.x5u).decode()


def request(*headers: str, uri: str = "sip:b") -> Message:
    return Message("\r\n".join([f"INVITE {uri} SIP/2.0", "Call-ID: 1", *headers, "", ""]).encode("latin-1"))


def problem(identity: str, *headers: str, now_s: float = float(IAT), check: IdentityCheck = CHECK) -> str:
    return check.problem(request(*(headers or (FROM, TO)), f"Identity: {identity}"), now_s)


def test_the_example_of_rfc_8588() -> None:
    """Header and claims as they stand there, in the order and form of RFC 8225 section 9."""
    token, info, algorithm, kind = value().split(";")
    header, claims, signature = token.split(".")
    assert urlsafe_b64decode(header + "==") == (
        b'{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"}'
    )
    assert urlsafe_b64decode(claims + "==") == (
        b'{"attest":"A","dest":{"tn":["12155551213"]},"iat":1443208345,"orig":{"tn":"12155551212"},'
        b'"origid":"123e4567-e89b-12d3-a456-426655440000"}'
    )
    assert len(urlsafe_b64decode(signature + "==")) == 64
    assert (info, algorithm, kind) == ("info=<https://cert.example.org/passport.cer>", "alg=ES256", 'ppt="shaken"')
    assert "=" not in token


def test_several_called_ones_and_uris() -> None:
    parties = (party_of("1"), party_of("sip:b@C"), party_of("2"))
    claims = value(orig=party_of("sip:a@b"), dest=parties).split(".")[1]
    assert json.loads(urlsafe_b64decode(claims + "==")) == {
        "attest": "A",
        "dest": {"tn": ["1", "2"], "uri": ["sip:b@c"]},
        "iat": IAT,
        "orig": {"uri": "sip:a@b"},
        "origid": PASSPORT.origid,
    }


@pytest.mark.parametrize(
    "identity",
    [
        value(),
        value(attest="C"),
        value().replace('"shaken"', "shaken"),
        value().replace(";", " ; "),
        value().partition(";alg")[0],
        value(dest=(party_of("7"), party_of("12155551213"))),
        f"{value(iat=1)}, {value()}",
    ],
)
def test_what_proves_it(identity: str) -> None:
    assert problem(identity) == ""


def test_any_of_several_headers_proves_it() -> None:
    assert problem(value(), FROM, TO, "Identity: x") == ""
    assert problem(value(), FROM, TO, f"y: {value(iat=1)}") == ""


def forged(*, header: object = None, claims: object = None) -> str:
    """A token with another header or other claims, well signed."""
    pieces = value().partition(";")[0].split(".")[:2]
    for index, replaced in enumerate((header, claims)):
        if replaced is not None:
            text = replaced if isinstance(replaced, bytes) else json.dumps(replaced).encode()
            pieces[index] = urlsafe_b64encode(text).decode().rstrip("=")
    data = ".".join(pieces)
    signature = urlsafe_b64encode(SIGNER.sign(data.encode())).decode().rstrip("=")
    return f"{data}.{signature};info=<{PASSPORT.x5u}>"


HEADER = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": PASSPORT.x5u}
CLAIMS = {"attest": "A", "dest": {"tn": ["12155551213"]}, "iat": IAT, "orig": {"tn": "12155551212"}, "origid": "x"}


def test_what_is_forged_here_would_do_but_for_what_it_says() -> None:
    assert problem(forged(header=HEADER, claims={**CLAIMS, "more": [1]})) == ""


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        ("", "there is no Identity"),
        ("x", "three pieces"),
        ("..c2ln", "three pieces"),
        ("a.b.c;info=<x>", "three pieces"),
        ("a" * 9000 + ".b.c", "three pieces"),
        ("YWJj.YWJj.YWJj", "header of the PASSporT cannot be read"),
        (value(iat=IAT - 61), "too old"),
        (value(iat=IAT + 61), "from the future"),
        (value(orig=party_of("1")), "orig is another"),
        (value(dest=(party_of("1"),)), "dest is another"),
        (value().replace("info=<https", "info=<http"), "info="),
        (value().partition(";")[0], "info="),
        (value().replace("ES256", "none"), "alg="),
        (value().replace('"shaken"', "div"), "ppt="),
        (forged(header={**HEADER, "alg": "none"}), "kind shaken"),
        (forged(header={**HEADER, "ppt": "div"}), "kind shaken"),
        (forged(header={**HEADER, "typ": "JWT"}), "kind shaken"),
        (forged(header={"alg": "ES256"}), "header of the PASSporT cannot be read"),
        (forged(header=b"[" * 3000), "header of the PASSporT cannot be read"),
        (forged(claims={**CLAIMS, "attest": "D"}), "attestation"),
        (forged(claims={**CLAIMS, "orig": {}}), "lacks"),
        (forged(claims={**CLAIMS, "dest": {"tn": []}}), "lacks"),
        (forged(claims={**CLAIMS, "origid": ""}), "lacks"),
        (forged(claims={**CLAIMS, "iat": "now"}), "claims of the PASSporT cannot be read"),
        (forged(claims={**CLAIMS, "iat": -1}), "claims of the PASSporT cannot be read"),
        (forged(claims={**CLAIMS, "iat": 10**400}), "claims of the PASSporT cannot be read"),
        (forged(claims=b"\xff"), "claims of the PASSporT cannot be read"),
        (forged(claims={**CLAIMS, "dest": {"tn": "1"}}), "claims of the PASSporT cannot be read"),
    ],
)
def test_what_proves_nothing(identity: str, why: str) -> None:
    assert why in problem(identity)


def test_the_wrong_key_and_a_changed_token() -> None:
    other = IdentityCheck(Verifier(pem(OTHER)))
    assert problem(value(), check=other) == "the signature is wrong"
    token, rest = value().split(";", 1)
    assert problem(f"{token[:-3]}AAA;{rest}") == "the signature is wrong"


def test_its_age_may_be_told() -> None:
    patient = IdentityCheck(Verifier(RFC_8225_PUBLIC), max_age_s=3600)
    assert problem(value(), now_s=IAT + 3000, check=patient) == ""
    assert problem(value(), now_s=IAT + 3601, check=patient) == "the PASSporT is too old"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("From: <sip:alice@a>", "To: <sip:bob@b>"), ""),
        (("From: <sip:anonymous@a>", "P-Asserted-Identity: <tel:+12155551212>", TO), ""),
        (
            ("From: <tel:+12155551212>", 'P-Asserted-Identity: "x" <sip:+1999@a>, <tel:+1998>', TO),
            "orig is another than the caller",
        ),
        ((FROM, "To: <sip:+1999@b>"), "dest is another than the called one"),
    ],
)
def test_who_it_is_compared_with(headers: tuple[str, ...], expected: str) -> None:
    assert problem(value(), *headers) == expected


def test_the_request_uri_is_a_called_one_too() -> None:
    forwarded = request(FROM, "To: <sip:+1999@b>", f"Identity: {value()}", uri="sip:+12155551213@b")
    assert CHECK.problem(forwarded, IAT) == ""


def test_who_it_is_to_be_may_be_told() -> None:
    message = request(FROM, TO, f"Identity: {value()}")
    assert CHECK.problem(message, IAT, orig=Party("1", True)) == "orig is another than the caller"
    assert CHECK.problem(message, IAT, dest=Party("1", True)) == "dest is another than the called one"
    elsewhere = request("From: <sip:+1@a>", "To: <sip:+2@b>", f"Identity: {value()}")
    assert CHECK.problem(elsewhere, IAT, orig=party_of("12155551212"), dest=party_of("12155551213")) == ""


PIECES = st.sampled_from([value(), value(iat=1), ";", "info=", "<", ">", '"', ",", "a", ".", "ppt=shaken", "\t", "é"])


@given(
    st.one_of(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80), st.lists(PIECES).map("".join))
)
def test_no_header_raises_anything(text: str) -> None:
    assert isinstance(problem(text), str)
