# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests take for granted of SIPp's media and of how we look at it, shown between two of it."""

from __future__ import annotations

from tests.interop.media.scenes import PCMU, callee, caller, do, media_ports, ports_filter, talking, wait
from tests.interop.media.tshark_rtp import capture, streams
from tests.interop.sides import Sipp, at
from tests.media_audio import tone
from tests.programs import Programs

FRAMES = 20


def test_each_packet_of_a_stream_is_echoed_and_seen(programs: Programs) -> None:
    folder = programs.folder
    (folder / "tone.ulaw").write_bytes(bytes(sample & 0xFF for sample in tone(440, FRAMES * 0.02)))
    ports, echo_ports = media_ports(), media_ports()
    caller(folder, PCMU, talking(do('rtp_stream="tone.ulaw,1,0"'), wait(700)))
    callee(folder, ("m=audio [media_port] RTP/AVP 0",))
    client, server = Sipp(programs), Sipp(programs)
    with capture(folder, ports_filter(ports, echo_ports)) as captured:
        server.start_server("-sf", "callee.xml", "-mp", str(echo_ports), "-rtp_echo")
        calls = client.start("-sf", "caller.xml", "-m", "2", "-mp", str(ports), at(server.host, server.port))
        assert calls.wait() == 0, calls.output
    rows = streams(captured, rtp_ports=(ports, echo_ports))
    seen = sorted((row.target[1], row.packets, row.lost) for row in rows)
    assert seen == sorted(2 * [(ports, FRAMES, 0), (echo_ports, FRAMES, 0)])
