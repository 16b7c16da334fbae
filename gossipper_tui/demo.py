# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper demo`: a UAS and a UAC on loopback at once, full-screen, with nothing to set up.

It is the whole application on a real engine with real calls; only the two runs are started by themselves, and each
screen has a caption that says what is to be seen.
"""

from __future__ import annotations

import socket

from textual import work

from engine import EngineThread
from engine.bus import Bus
from engine.errors import GossipperError
from engine.messages import StartRun
from engine.options import RunConfig
from gossipper_tui.app import GossipperApp, open_screen

HOST = "127.0.0.1"

CAPTIONS = {
    "scenarios": (
        "Scenarios: a scenario says who sends what. Up and down move through the library; v shows the XML. "
        "F3 goes to the calls that are running now."
    ),
    "setup": (
        "Setup: every option of a run, with the command line that does the same below. This is how the demo's client "
        "was started. / searches, F9 starts a run of your own, F3 goes back to the calls."
    ),
    "live": (
        "Live: a client (uac) calls a server (uas) on this machine: INVITE, 180, 200, ACK, a pause, BYE. + and * raise "
        "the rate, r looks at the other side, tab at the numbers, q ends. F1 and F2 are the other screens."
    ),
}
"""What is to be seen on each screen."""


def demo_configs(server_port: int, client_port: int) -> tuple[RunConfig, RunConfig]:
    """A server that answers, and a client that calls it: 600 calls with a pause in each."""
    server = RunConfig(scenario_name="uas", local_ip=HOST, local_port=server_port)
    client = RunConfig(
        scenario_name="uac",
        remote=f"{HOST}:{server_port}",
        local_ip=HOST,
        local_port=client_port,
        rate=20,
        rate_scale=5,
        pause_ms=2000,
        max_calls=600,
    )
    return server, client


def free_ports(number: int) -> list[int]:
    """UDP ports on loopback that nobody has bound at this moment, all different."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(number)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class DemoApp(GossipperApp):
    """The application with captions, which starts both runs when it opens."""

    def __init__(self, bus: Bus, server: RunConfig, client: RunConfig) -> None:
        super().__init__(bus, client, first_screen="live")
        self.session.captions = CAPTIONS
        self._server = server

    def on_mount(self) -> None:
        """Server first, so that somebody is there when the client calls."""
        super().on_mount()
        self._start_both()

    @work(group="start")
    async def _start_both(self) -> None:
        try:
            for config in (self._server, self.session.config):
                await self.session.bus.call(StartRun(config=config))
        except GossipperError as error:
            self.notify(str(error), title="The demo cannot start", severity="error", timeout=30, markup=False)


def run_demo() -> int:
    """Show the demo until the person leaves; returns the exit code of the run that finished last."""
    server, client = demo_configs(*free_ports(2))
    with EngineThread() as bus:
        return open_screen(DemoApp(bus, server, client))
