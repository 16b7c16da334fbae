# SPDX-License-Identifier: AGPL-3.0-or-later
"""Debian's `baresip` as a phone without sound card or terminal: it answers and dials, plays a tone, records what it hears.

It has several accounts at once, each with its own codecs and encryption, told apart by the user of its address. It is
steered and watched over its JSON interface (`ctrl_tcp`). What it decodes goes to a WAV file a call (`sndfile`), at the rate
of the codec. It is for one call at a time.
"""

from __future__ import annotations

import array
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.interop.sides import LOOPBACK
from tests.media_audio import read_wav, tone, write_wav
from tests.programs import Program, Programs, free_port, free_ports, missing, require

SPOKEN_HZ: Final = 700.0
SPOKEN_DB: Final = -12.0
"""The tone that it plays in every call."""

_MODULES = Path("/usr/lib/baresip/modules")
_USED = ("opus", "g722", "g711", "sndfile", "aufile", "aubridge", "srtp", "dtls_srtp", "account", "menu", "ctrl_tcp")
_SOURCE_RATE = 8000
_LONGEST_S = 60
_LIMIT_S = 10.0
_RTP_PORTS = 60
_NETSTRING = re.compile(rb"(\d+):")
_CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
call_local_timeout 60
call_max_calls 20
audio_player aubridge,ear
audio_source aufile,{source}
audio_alert aubridge,bell
ausrc_srate {rate}
ausrc_channels 1
auplay_srate {rate}
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports {first_rtp}-{last_rtp}
rtcp_mux {rtcp_mux}
jitter_buffer_delay 1-2
net_interface {host}
module_path {modules}
module opus.so
module g722.so
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module srtp.so
module dtls_srtp.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
snd_path {heard}
statmode_default off
ringback_disabled yes
"""


@dataclass(frozen=True)
class Account:
    """What a user of it can: codecs as baresip names them, best first, and `srtp`, `srtp-mand`, `dtls_srtp` or nothing."""

    codecs: str
    encryption: str = ""


ACCOUNTS: Final[Mapping[str, Account]] = {
    "pcmu": Account("PCMU/8000/1"),
    "pcma": Account("PCMA/8000/1"),
    "g722": Account("G722/16000/1"),
    "opus": Account("opus/48000/2"),
    "sdes": Account("PCMU/8000/1", "srtp-mand"),
    "dtls": Account("PCMU/8000/1", "dtls_srtp"),
}


class Baresip:
    """One that runs in a folder of its own for as long as the programs of that folder do."""

    def __init__(self, programs: Programs, accounts: Mapping[str, Account] = ACCOUNTS, *, rtcp_mux: bool = False) -> None:
        command = require("baresip")
        if lacking := [name for name in _USED if not (_MODULES / f"{name}.so").exists()]:
            missing(f"baresip's module {lacking[0]}")
        self.host = LOOPBACK[4]
        self.port, self._control_port = free_port(self.host), free_port(self.host)
        self._folder = programs.folder / f"baresip-{self.port}"
        self._heard = self._folder / "heard"
        self._write_configuration(accounts, rtcp_mux)
        self.program: Program = programs.start(command, "-f", str(self._folder))
        self.program.wait_bound(self.port)
        self.program.wait_bound(self._control_port)
        self._control = socket.create_connection((self.host, self._control_port), timeout=_LIMIT_S)
        self._received = b""
        self._events: list[dict[str, str]] = []

    def address(self, user: str) -> str:
        """The SIP URI of an account."""
        return f"sip:{user}@{self.host}:{self.port}"

    def dial(self, user: str, target: str) -> None:
        """Have an account call a SIP URI."""
        self._say("uafind", self.address(user))
        self._say("dial", target)

    def press(self, user: str, digit: str) -> None:
        """Send a digit in the call of an account."""
        self._say("uafind", self.address(user))
        self._say("sndcode", digit)

    def hang_up(self, user: str) -> None:
        """End the call of an account."""
        self._say("uafind", self.address(user))
        self._say("hangup")

    def expect(self, event: str, user: str = "", limit_s: float = _LIMIT_S) -> str:
        """Wait for an event (`CALL_ESTABLISHED`), of one account if one is named; those before it are passed over.

        Returns what it says of itself: the digit, the reason for the end.
        """
        end = time.monotonic() + limit_s
        while True:
            while self._events:
                told = self._events.pop(0)
                if told["type"] == event and told.get("accountaor", "").startswith(f"sip:{user}"):
                    return told.get("param", "")
            self._read(end, f"no {event} of baresip")

    def digits(self, count: int) -> str:
        """The next digits that it hears."""
        return "".join(self.expect("CALL_DTMF_START") for _ in range(count))

    def heard(self, user: str) -> tuple[int, array.array[int]]:
        """Wait for the end of a call: the rate and the samples of what it decoded in it, the first channel of it."""
        self.expect("CALL_CLOSED", user)
        (path,) = self._heard.glob("*-dec.wav")
        rate, channels = read_wav(path)
        for each in self._heard.iterdir():
            each.unlink()  # Files are named by the second: the next call may begin in this one.
        return rate, channels[0]

    def _write_configuration(self, accounts: Mapping[str, Account], rtcp_mux: bool) -> None:
        """Make the folder that it is started with."""
        self._heard.mkdir(parents=True)
        spoken = write_wav(self._folder / "spoken.wav", tone(SPOKEN_HZ, _LONGEST_S, _SOURCE_RATE, SPOKEN_DB), _SOURCE_RATE)
        first_rtp = free_ports(_RTP_PORTS, self.host)
        text = _CONFIG.format(
            host=self.host,
            port=self.port,
            control=self._control_port,
            source=spoken,
            rate=_SOURCE_RATE,
            heard=self._heard,
            modules=_MODULES,
            first_rtp=first_rtp,
            last_rtp=first_rtp + _RTP_PORTS - 1,
            rtcp_mux="yes" if rtcp_mux else "no",
        )
        (self._folder / "config").write_text(text)
        (self._folder / "contacts").write_text("")
        (self._folder / "accounts").write_text("".join(self._account(user, one) for user, one in accounts.items()))

    def _account(self, user: str, account: Account) -> str:
        """A line of its accounts: it registers nowhere, and answers by itself."""
        encryption = f";mediaenc={account.encryption}" if account.encryption else ""
        return f"<{self.address(user)}>;regint=0;answermode=auto;audio_codecs={account.codecs}{encryption}\n"

    def _say(self, command: str, parameters: str = "") -> None:
        """Send a command and wait for its answer."""
        token = str(time.monotonic_ns())
        request = json.dumps({"command": command, "params": parameters, "token": token}).encode()
        self._control.sendall(b"%d:%s," % (len(request), request))
        end = time.monotonic() + _LIMIT_S
        while not (answers := [told for told in self._events if told.get("token") == token]):
            self._read(end, f"no answer of baresip to {command}")
        self._events.remove(answers[0])
        assert answers[0]["ok"], f"{command} {parameters}: {answers[0]['data']}"

    def _read(self, end: float, what: str) -> None:
        """Take what it tells next (netstrings of JSON). Fails with `what` and its output when it is past the end."""
        self._control.settimeout(max(end - time.monotonic(), 0.001))
        try:
            data = self._control.recv(65536)
        except TimeoutError:
            data = b""
        assert data, f"{what}:\n{self.program.output[-3000:]}"
        self._received += data
        while (head := _NETSTRING.match(self._received)) and len(self._received) > head.end() + int(head[1]):
            end_of_it = head.end() + int(head[1])
            self._events.append(json.loads(self._received[head.end() : end_of_it]))
            self._received = self._received[end_of_it + 1 :]
