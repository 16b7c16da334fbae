# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WebRTC end that is not ours: `aiortc`, with just enough SIP over UDP around it to be called and to call.

    python -m tests.interop.media.aiortc_peer answer PORT WAV
    python -m tests.interop.media.aiortc_peer call PORT WAV OTHER_PORT SECONDS

It sends a tone, writes what it hears to a WAV file, and ends with the call. Everything stays on the loopback interface. It
prints `ready` when it can be called, and a line for each state of its connection.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
import wave
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

import aioice.ice
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from tests.media_audio import pcm, tone

HOST: Final = "127.0.0.1"
SPOKEN_HZ: Final = 850.0
SPOKEN_DB: Final = -14.0
RATE: Final = 8000
_SAMPLES = RATE // 50
_LONGEST_S = 30


class Voice(MediaStreamTrack):
    """The tone, a frame each 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sound = pcm(tone(SPOKEN_HZ, 1.0, RATE, SPOKEN_DB))  # whole turns, so it can be repeated
        self._frames = 0
        self._started = time.monotonic()

    async def recv(self) -> AudioFrame:
        due = self._started + self._frames * 0.02
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = AudioFrame(format="s16", layout="mono", samples=_SAMPLES)
        start = self._frames * _SAMPLES * 2 % len(self._sound)
        frame.planes[0].update(self._sound[start : start + _SAMPLES * 2])
        frame.sample_rate, frame.pts = RATE, self._frames * _SAMPLES
        self._frames += 1
        return frame


class Ear:
    """What was heard, decoded."""

    def __init__(self) -> None:
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        self._heard = bytearray()

    async def hear(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):  # the track has ended
            while True:
                for frame in self._resampler.resample(await track.recv()):
                    self._heard += bytes(frame.planes[0])[: frame.samples * 2]

    def write(self, path: Path) -> None:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(bytes(self._heard))


class Wire(asyncio.DatagramProtocol):
    """SIP messages that came, once each, and where from."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[str, tuple[str, int]]] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None
        self.port = 0
        self._seen: set[tuple[str, str, str]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        key = text.split("\r\n", 1)[0], header(text, "CSeq"), header(text, "Call-ID")
        if key not in self._seen:
            self._seen.add(key)
            self.came.put_nowait((text, addr))

    def send(self, lines: list[str], body: str, to: tuple[str, int]) -> None:
        assert self.transport is not None
        content = ["Content-Type: application/sdp"] if body else []
        head = "\r\n".join([*lines, *content, f"Content-Length: {len(body.encode())}"])
        self.transport.sendto(f"{head}\r\n\r\n{body}".encode(), to)

    async def wait(self, start: str) -> tuple[str, tuple[str, int]]:
        """The next message whose first line begins so, or has it in it."""
        while True:
            text, addr = await asyncio.wait_for(self.came.get(), _LONGEST_S)
            if start in text.split("\r\n", 1)[0]:
                return text, addr


def header(text: str, name: str) -> str:
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def body(text: str) -> str:
    return text.partition("\r\n\r\n")[2]


def answer(request: str, port: int) -> list[str]:
    """The lines of a response."""
    copied = [f"{name}: {header(request, name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
    to = header(request, "To")
    return [
        "SIP/2.0 200 OK",
        *copied,
        f"To: {to}" if "tag=" in to else f"To: {to};tag=aiortc",
        f"Contact: <sip:aiortc@{HOST}:{port}>",
    ]


def connection(ear: Ear) -> RTCPeerConnection:
    ours = RTCPeerConnection()
    tasks = set()

    @ours.on("connectionstatechange")
    def tell() -> None:
        print("connection", ours.connectionState, flush=True)

    @ours.on("track")
    def heard(track: MediaStreamTrack) -> None:
        tasks.add(asyncio.ensure_future(ear.hear(track)))

    return ours


async def answer_a_call(wire: Wire, ours: RTCPeerConnection) -> None:
    invite, caller = await wire.wait("INVITE")
    await ours.setRemoteDescription(RTCSessionDescription(body(invite), "offer"))
    ours.addTrack(Voice())
    await ours.setLocalDescription(await ours.createAnswer())
    wire.send(answer(invite, wire.port), ours.localDescription.sdp, caller)
    bye, caller = await wire.wait("BYE")
    wire.send(answer(bye, wire.port), "", caller)


async def call(wire: Wire, ours: RTCPeerConnection, port: int, seconds: float) -> None:
    ours.addTrack(Voice())
    await ours.setLocalDescription(await ours.createOffer())
    other = HOST, port
    here = f"{HOST}:{wire.port}"

    def request(method: str, number: int, to: str) -> list[str]:
        return [
            f"{method} sip:service@{HOST}:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK-aiortc-{number}-{method}",
            f"From: <sip:aiortc@{here}>;tag=aiortc",
            f"To: {to}",
            "Call-ID: aiortc-calls",
            f"CSeq: {number} {method}",
            f"Contact: <sip:aiortc@{here}>",
            "Max-Forwards: 70",
        ]

    to = f"<sip:service@{HOST}:{port}>"
    wire.send(request("INVITE", 1, to), ours.localDescription.sdp, other)
    response, _ = await wire.wait("SIP/2.0 200")
    to = header(response, "To")
    wire.send(request("ACK", 1, to), "", other)
    await ours.setRemoteDescription(RTCSessionDescription(body(response), "answer"))
    await asyncio.sleep(seconds)
    wire.send(request("BYE", 2, to), "", other)
    await wire.wait("SIP/2.0 200")


async def main(how: str, port: str, path: str, *more: str) -> None:
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [HOST]  # it leaves out the loopback interface otherwise
    ear = Ear()
    ours = connection(ear)
    _, wire = await asyncio.get_running_loop().create_datagram_endpoint(Wire, (HOST, int(port)))
    print("ready", flush=True)
    if how == "answer":
        await answer_a_call(wire, ours)
    else:
        await call(wire, ours, int(more[0]), float(more[1]))
    await ours.close()
    ear.write(Path(path))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
