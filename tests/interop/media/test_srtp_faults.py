# SPDX-License-Identifier: AGPL-3.0-or-later
"""What peers do wrong with SRTP is counted as what it is: packets sent again, with another key, in the clear."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import pytest
from pylibsrtp import Policy, Session

from engine.messages import MediaSummary
from tests.interop.media.media_peer import MediaPeer, Plan, Planned
from tests.interop.media.scenes import caller, media_ports, wait
from tests.interop.media.test_media_faults import PACKETS, STEP_S, packet
from tests.interop.sides import Ours, at
from tests.programs import Programs

KEY, WRONG_KEY, OUR_KEY = (bytes(range(first, first + 30)) for first in (0, 1, 2))
SUITE = "AES_CM_128_HMAC_SHA1_80"


def description(port: str, key: bytes) -> tuple[str, ...]:
    """The media of an SDP with a key."""
    crypto = f"a=crypto:1 {SUITE} inline:{base64.b64encode(key).decode()}"
    return (f"m=audio {port} RTP/SAVP 0", "a=rtpmap:0 PCMU/8000", crypto)


Fault = Callable[[Session, int], Sequence[bytes]]
"""What is sent for packet *k*."""


def answer(invite: bytes) -> Sequence[str]:
    """The SDP of a peer that takes what was offered."""
    assert SUITE.encode() in invite
    return description("{port}", KEY)


def session(key: bytes) -> Session:
    """A context that protects what is sent with this key."""
    return Session(
        policy=Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80)
    )


def stream(fault: Fault) -> Plan:
    """A protected stream with a fault."""

    def plan(invite: bytes) -> list[Planned]:
        protecting = session(KEY)
        return [
            (number * STEP_S + 0.001 * place, data)
            for number in range(PACKETS)
            for place, data in enumerate(fault(protecting, number))
        ]

    return plan


def clean(protecting: Session, number: int) -> Sequence[bytes]:
    return [protecting.protect(packet(number))]


def replayed(protecting: Session, number: int) -> Sequence[bytes]:
    """Each tenth packet comes twice."""
    data = protecting.protect(packet(number))
    return [data, data] if number % 10 == 0 else [data]


def wrong_key(protecting: Session, number: int) -> Sequence[bytes]:
    """The second half is protected with a key that was not agreed on."""
    return clean(protecting if number < PACKETS // 2 else session(WRONG_KEY), number)


def in_the_clear(protecting: Session, number: int) -> Sequence[bytes]:
    return [packet(number)]


def tampered(protecting: Session, number: int) -> Sequence[bytes]:
    """Somebody has changed each twentieth."""
    data = protecting.protect(packet(number))
    return [data[:20] + bytes([data[20] ^ 1]) + data[21:]] if number % 20 == 10 else [data]


def media_of(programs: Programs, fault: Fault) -> MediaSummary:
    """The summary of a call with a fault, beside one without."""
    caller(programs.folder, description("[media_port]", OUR_KEY), wait(int(PACKETS * STEP_S * 1000) + 1500), "calls.xml")
    with MediaPeer([stream(fault), stream(clean)], answer) as peer:
        ours = Ours(programs)
        flags = ("-m", "2", "-r", "10", "-measure_audio", "-mp", str(media_ports()), at("127.0.0.1", peer.port))
        client = ours.start("-sf", "calls.xml", *flags)
        assert client.wait() == 0, client.output
    media = ours.summary().media
    assert media is not None
    return media


@pytest.mark.parametrize(
    ("fault", "told", "received"),
    [
        (clean, {}, PACKETS),
        (replayed, {"srtp_replayed": PACKETS // 10}, PACKETS),
        (wrong_key, {"srtp_rejected": PACKETS // 2}, PACKETS // 2),
        (tampered, {"srtp_rejected": PACKETS // 20}, PACKETS * 19 // 20),
        (in_the_clear, {"unprotected": PACKETS}, 0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_with_a_protected_stream(programs: Programs, fault: Fault, told: dict[str, int], received: int) -> None:
    media = media_of(programs, fault)
    nothing = {"srtp_replayed": 0, "srtp_rejected": 0, "unprotected": 0, "keys_failed": 0, "garbage": 0, "foreign": 0}
    assert {name: getattr(media.counters, name) for name in nothing} == nothing | told
    assert media.counters.packets_received == PACKETS + received
    assert media.loss_percent.min == 0, "the call beside it has lost nothing"
    assert media.mos.max > 4.3
