# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Target: where calls are sent."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.options.values import UAC, Group, Kind, Setting


class TargetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where calls are sent."""

    remote: Annotated[
        str, Setting((), Kind.TEXT, Group.TARGET, "Where calls are sent.", placeholder="host[:port]", roles=UAC)
    ] = ""
    sending_address: Annotated[
        str,
        Setting(
            ("-rsa",),
            Kind.TEXT,
            Group.TARGET,
            "Send everything here, answers too; [remote_ip] and [remote_port] stay those of the remote host.",
            placeholder="host[:port]",
        ),
    ] = ""
    service: Annotated[
        str, Setting(("-s",), Kind.TEXT, Group.TARGET, "User part of the request URI, the keyword [service].", roles=UAC)
    ] = "service"
