# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media that a peer wants nowhere is not sent, and that is said."""

from __future__ import annotations

from tests.interop.media.scenes import PCMU, caller, do, talking, wait
from tests.interop.sides import Ours, at
from tests.interop.udp_peer import UdpPeer, ok
from tests.programs import Programs


def test_what_is_played_to_a_peer_without_media_is_a_warning(programs: Programs) -> None:
    caller(programs.folder, PCMU, talking(do('rtp_stream="synthetic:tone,-1,0"'), wait(100)))
    ours = Ours(programs)
    with UdpPeer(ok) as peer:
        run = ours.start("-sf", "caller.xml", "-m", "2", at("127.0.0.1", peer.port))
        assert run.wait() == 0, run.output
    summary = ours.summary()
    assert (summary.counters.created, summary.counters.successful, summary.counters.warnings) == (2, 2, 2)
    assert summary.media is not None
    assert summary.media.counters.packets_sent == 0
    assert "no m=audio line with a port" in run.output
