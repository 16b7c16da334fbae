# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls whose media go through a bad network: what it does is counted as what it is, at the end that it happens to alone.

Both ends are ours and talk both ways; only what the caller says meets trouble. What the network did is held against what the
callee tells. Calls are all accounted for (`Ours.summary`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from engine.messages import Failure, MediaSummary, Summary
from tests.interop.media.bad_media import BadMedia, Trouble
from tests.interop.media.scenes import callee, caller, do, media_ports, talking, wait
from tests.interop.sides import Ours, at
from tests.media_audio import tone, write_wav
from tests.programs import Programs

CALLS = 8
TALK_MS = 2500
PCMU = ("m=audio [rtpstream_audio_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
SHARED = ("m=audio [media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
SRTP = (
    "m=audio [rtpstream_audio_port] RTP/SAVP 0",
    "a=rtpmap:0 PCMU/8000",
    "a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]",
)
OF_FAULTS = ("lost", "duplicates", "reordered", "garbage", "ssrc_changes", "srtp_replayed", "srtp_rejected", "unprotected")


class Ended:
    """What both ends of a run say, and what the network did."""

    def __init__(self, called: Summary, answered: Summary, did: Counter[str]) -> None:
        self.called = called
        self.answered = answered
        self.did = did

    @property
    def heard(self) -> MediaSummary:
        """Of the callee, whose media met trouble."""
        assert self.answered.media is not None
        return self.answered.media

    def faults(self) -> dict[str, int]:
        """What the callee counted, but for what is none."""
        counted = {name: getattr(self.heard.counters, name) for name in OF_FAULTS}
        return {name: count for name, count in counted.items() if count}

    def assert_calls_and_the_other_way_are_well(self) -> None:
        """No call has suffered, and what the callee said was heard whole."""
        for summary in (self.called, self.answered):
            counters = summary.counters
            assert (counters.created, counters.successful) == (CALLS, CALLS)
        assert self.called.media is not None
        counters = self.called.media.counters
        assert counters.packets_received == counters.expected > 0
        assert {name: getattr(counters, name) for name in OF_FAULTS} == dict.fromkeys(OF_FAULTS, 0)


def run_through(
    programs: Programs, trouble: Trouble, media: Sequence[str] = PCMU, *options: str, codes: tuple[int, int] = (0, 0)
) -> Ended:
    """Calls through a network with this trouble."""
    homes = {}
    for name, scene in (("callee", callee), ("caller", caller)):
        home = programs.folder / name
        home.mkdir()
        write_wav(home / "said.wav", tone(440, 1.0))
        talk = do('rtp_stream="said.wav,-1,0"')
        if name == "caller":
            talk = talking(talk, wait(TALK_MS), do('rtp_stream="pause"'), wait(300))
        scene(home, media, talk, "scene.xml")
        homes[name] = Programs(home)
    answering, calling = Ours(homes["callee"]), Ours(homes["caller"])
    try:
        common = ("-sf", "scene.xml", "-m", str(CALLS), "-rtcp_interval", "500")
        server = answering.start(*common, "-mp", str(media_ports()), *options)
        server.wait_bound(answering.port)
        with BadMedia(answering.port, trouble) as network:
            to = at(calling.host, network.port)
            client = calling.start(*common, "-r", "20", "-mp", str(media_ports()), to)
            assert (client.wait(), server.wait()) == codes, client.output + server.output
    finally:
        for home in homes.values():
            home.end()
    assert network.did["came"] > CALLS * 50 or trouble.silent_after < 50
    return Ended(calling.summary(), answering.summary(), network.did)


@pytest.mark.parametrize("media", [PCMU, SHARED, SRTP], ids=["own ports", "shared port", "SRTP"])
def test_a_good_network_does_nothing(programs: Programs, media: Sequence[str]) -> None:
    ended = run_through(programs, Trouble(), media)
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {}
    counters = ended.heard.counters
    assert counters.packets_received == counters.expected == ended.did["passed"]
    assert ended.heard.mos.count == CALLS


def test_loss_is_loss(programs: Programs) -> None:
    ended = run_through(programs, Trouble(loss=0.05))
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {"lost": ended.did["lost"]}
    assert ended.heard.counters.packets_received == ended.did["passed"]
    assert ended.heard.mos.mean < 4.2
    assert ended.called.media is not None
    assert ended.called.media.sent_loss_percent.max > 1, "the caller learns of it by RTCP"


@pytest.mark.parametrize("jitter_ms", [30, 100])
def test_jitter_is_jitter(programs: Programs, jitter_ms: int) -> None:
    ended = run_through(programs, Trouble(jitter_ms=jitter_ms))
    ended.assert_calls_and_the_other_way_are_well()
    assert set(ended.faults()) == {"reordered"}
    counters = ended.heard.counters
    assert counters.packets_received == counters.expected == ended.did["passed"]
    assert ended.called.media is not None
    assert ended.heard.jitter.mean_ms > 10
    assert ended.heard.jitter.mean_ms > 2 * ended.called.media.jitter.mean_ms, "the other way is even"
    assert ended.heard.mos.mean <= ended.called.media.mos.mean
    assert (ended.heard.mos.mean < 4) == (counters.late > CALLS * 10) == (jitter_ms > 50), "a listener's buffer is for 30 ms"


def test_disorder_is_disorder(programs: Programs) -> None:
    ended = run_through(programs, Trouble(reordered=0.1))
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {"reordered": ended.did["reordered"]}


@pytest.mark.parametrize(("media", "name"), [(PCMU, "duplicates"), (SRTP, "srtp_replayed")], ids=["plain", "SRTP"])
@pytest.mark.parametrize("trouble", [Trouble(doubled=0.1), Trouble(repeated=0.1)], ids=["doubled", "repeated"])
def test_what_comes_twice_is_one_packet(programs: Programs, media: Sequence[str], name: str, trouble: Trouble) -> None:
    ended = run_through(programs, trouble, media)
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {name: ended.did["doubled"] + ended.did["repeated"]}
    assert ended.heard.counters.expected == ended.did["came"]


def test_another_source_is_told_apart(programs: Programs) -> None:
    ended = run_through(programs, Trouble(foreign=0.1))
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {"ssrc_changes": CALLS}
    assert ended.heard.counters.packets_received == ended.did["passed"]


@pytest.mark.parametrize("media", [PCMU, SHARED, SRTP], ids=["own ports", "shared port", "SRTP"])
def test_garbage_is_garbage(programs: Programs, media: Sequence[str]) -> None:
    ended = run_through(programs, Trouble(garbage=0.1), media)
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {"garbage": ended.did["garbage"]}
    assert ended.heard.counters.packets_received == ended.did["came"]


def test_what_was_changed_on_the_way_is_rejected_and_missing(programs: Programs) -> None:
    ended = run_through(programs, Trouble(broken=0.1), SRTP)
    ended.assert_calls_and_the_other_way_are_well()
    faults = ended.faults()
    assert faults["srtp_rejected"] == ended.did["broken"]
    assert ended.did["broken"] - 3 * CALLS <= faults["lost"] <= ended.did["broken"]
    assert ended.heard.counters.packets_received == ended.did["came"] - ended.did["broken"]


def test_with_the_wrong_key_nothing_is_heard_and_calls_that_expect_audio_fail(programs: Programs) -> None:
    ended = run_through(programs, Trouble(wrong_key=True), SRTP, "-expect_audio", "recv", codes=(0, 1))
    assert set(ended.faults()) == {"srtp_rejected"}
    assert 0 <= ended.heard.counters.srtp_rejected - ended.did["came"] <= ended.did["rtcp"]
    assert ended.heard.counters.packets_received == 0
    assert ended.answered.counters.failures == {Failure.ONE_WAY_AUDIO: CALLS}


@pytest.mark.parametrize("media", [PCMU, SHARED, SRTP], ids=["own ports", "shared port", "SRTP"])
def test_a_way_that_is_closed_is_one_way_audio(programs: Programs, media: Sequence[str]) -> None:
    ended = run_through(programs, Trouble(silent_after=0), media, "-expect_audio", "both", codes=(0, 1))
    assert ended.faults() == {}
    assert ended.answered.counters.failures == {Failure.ONE_WAY_AUDIO: CALLS}
    assert ended.heard.counters.one_way == CALLS
    assert ended.called.counters.successful == CALLS


def test_a_peer_that_goes_silent_is_heard_until_then(programs: Programs) -> None:
    ended = run_through(programs, Trouble(silent_after=60))
    ended.assert_calls_and_the_other_way_are_well()
    assert ended.faults() == {}
    assert ended.heard.counters.packets_received == ended.heard.counters.expected == 60 * CALLS


def test_all_of_it_together_costs_no_call(programs: Programs) -> None:
    trouble = Trouble(loss=0.05, jitter_ms=30, reordered=0.05, doubled=0.05, repeated=0.05, broken=0.05, garbage=0.05)
    ended = run_through(programs, trouble, SRTP)
    ended.assert_calls_and_the_other_way_are_well()
    counted = ended.heard.counters
    assert counted.garbage == ended.did["garbage"]
    assert counted.srtp_rejected + counted.srtp_replayed + counted.packets_received + counted.garbage == ended.did["passed"]
    assert counted.lost <= ended.did["lost"] + ended.did["broken"]
