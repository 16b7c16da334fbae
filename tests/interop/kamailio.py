# SPDX-License-Identifier: AGPL-3.0-or-later
"""Debian's `kamailio` as a proxy and registrar on loopback, with the configurations that stand beside this file."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.interop.sides import LOOPBACK
from tests.programs import Program, Programs, free_port, missing

FOLDER = Path(__file__).parent
_SAYS = re.compile(r"(begins|follows): (\w+) (\S+)")
_MEMORY_MB = ("-m", "16", "-M", "4")
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
"""It is installed where not everybody's path leads."""


class Kamailio:
    """One that runs in a folder of its own for as long as the programs of that folder do.

    `defines` are what its configuration asks for, `listens` the protocols of its port.
    """

    def __init__(
        self, programs: Programs, *defines: str, configuration: str = "kamailio.cfg", listens: Sequence[str] = ("udp",)
    ) -> None:
        self.host = LOOPBACK[4]
        self.port = free_port(self.host)
        folder = str(programs.folder)
        places = ("-Y", folder, "-w", folder, "-P", str(programs.folder / "pid"))
        # In the foreground, its log on standard error.
        found = shutil.which("kamailio", path=_PATH) or missing("kamailio")
        command = (found, "-f", str(FOLDER / configuration), "-DD", "-E")
        listening = [word for protocol in listens for word in ("-l", f"{protocol}:{self.host}:{self.port}")]
        named = [word for define in defines for word in ("-A", define)]
        self.program: Program = programs.start(*command, *listening, *_MEMORY_MB, *places, *named)
        self.program.wait_bound(self.port)

    def relayed(self, call_id_end: str) -> Counter[tuple[str, str]]:
        """How many requests it has passed on, none counted twice, in calls whose Call-ID ends so.

        By method, and whether the request begins a dialog (`begins`) or follows the route set of one (`follows`).
        """
        said = _SAYS.findall(self.program.output)
        return Counter((place, method) for place, method, call_id in said if call_id.endswith(call_id_end))
