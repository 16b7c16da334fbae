# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Transport: sockets and addresses."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.timers import TimersOptions
from engine.options.transports import ALIASES, KINDS, UNBUILT
from engine.options.values import UAC, Group, Kind, Setting


class TransportOptions(TimersOptions, frozen=True, kw_only=True):
    """Sockets and addresses."""

    transport: Annotated[
        str,
        Setting(
            ("-t",),
            Kind.CHOICE,
            Group.TRANSPORT,
            "How messages travel.",
            choices=tuple(KINDS),
            meanings={name: kind.meaning for name, kind in {**KINDS, **ALIASES}.items()},
            one_sided={name: alias.kind for name, alias in ALIASES.items()},
            unbuilt=UNBUILT,
        ),
    ] = "u1"
    local_ip: Annotated[
        str, Setting(("-i",), Kind.TEXT, Group.TRANSPORT, "Local address, the keyword [local_ip].", placeholder="address")
    ] = ""
    local_port: Annotated[
        int | None,
        Setting(
            ("-p",),
            Kind.INTEGER,
            Group.TRANSPORT,
            "Local port, 0 for any free one; 5060 or the next free one by default.",
            "",
            0,
            65535,
        ),
    ] = None
    source_field: Annotated[
        int | None,
        Setting(
            ("-ip_field", "-ipfield"),
            Kind.INTEGER,
            Group.TRANSPORT,
            "Field of the first data file that has each call's local address; 0 with -t ui.",
            "",
            0,
        ),
    ] = None
    source_list: Annotated[
        str,
        Setting(
            ("-ip_list",),
            Kind.TEXT,
            Group.TRANSPORT,
            "Local addresses that calls take in turn, the keywords [local_ip] and [server_ip].",
            placeholder="127.0.1.0/28,10.0.0.1-20",
        ),
    ] = ""
    bind_local: Annotated[
        bool,
        Setting(
            ("-bind_local",),
            Kind.SWITCH,
            Group.TRANSPORT,
            "Without -i too, bind to the address that [local_ip] says, not to every one; with -i that is done anyway.",
        ),
    ] = False
    bind_to_device: Annotated[
        str,
        Setting(
            ("-bind_to_device",),
            Kind.TEXT,
            Group.TRANSPORT,
            "Send and receive by this network device only.",
            placeholder="device",
        ),
    ] = ""
    buffer_size: Annotated[
        int,
        Setting(("-buff_size",), Kind.INTEGER, Group.TRANSPORT, "Send and receive buffer asked of the kernel.", "bytes", 1024),
    ] = 8_388_608
    max_reconnect: Annotated[
        int,
        Setting(
            ("-max_reconnect",),
            Kind.INTEGER,
            Group.TRANSPORT,
            "How often in a run the one connection is made again when it is lost; else the run ends.",
            "",
            0,
            roles=UAC,
        ),
    ] = 0
    reconnect_close: Annotated[
        bool,
        Setting(
            ("-reconnect_close",),
            Kind.SWITCH,
            Group.TRANSPORT,
            "Calls that are open when the connection is lost have failed; false: they go on over the next.",
            roles=UAC,
        ),
    ] = True
    reconnect_sleep_ms: Annotated[
        int,
        Setting(
            ("-reconnect_sleep",),
            Kind.DURATION,
            Group.TRANSPORT,
            "Time from the loss of the connection until it is made again.",
            "ms",
            0,
            roles=UAC,
        ),
    ] = 1000
    websocket_path: Annotated[
        str,
        Setting(
            ("-ws_path",),
            Kind.TEXT,
            Group.TRANSPORT,
            "Path of the WebSocket: what a client asks for, and a server is asked for.",
            placeholder="path",
        ),
    ] = "/"
    max_socket: Annotated[
        int,
        Setting(
            ("-max_socket",),
            Kind.INTEGER,
            Group.TRANSPORT,
            "Most sockets of calls open at once, with one a call; then calls share them in turn.",
            "sockets",
            1,
        ),
    ] = 50_000
    keep_sockets: Annotated[
        bool,
        Setting(
            ("-keep_sockets",),
            Kind.SWITCH,
            Group.TRANSPORT,
            "Keep a call's socket when the call is over, for later calls; otherwise it is closed.",
        ),
    ] = False
    skip_rlimit: Annotated[
        bool,
        Setting(("-skip_rlimit",), Kind.SWITCH, Group.TRANSPORT, "Leave the limit of open files as it is."),
    ] = False
