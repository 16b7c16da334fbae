# SPDX-License-Identifier: AGPL-3.0-or-later
"""One call, without I/O: in come messages, timers and `now`; out go bytes, wake-up times and samples.

`call` is the state machine, `progress` what a step that is done leaves behind and where it leads, `matching` says which step a
message belongs to, `retransmission` what is sent again and
when, `defaults` what is done with a message that the scenario does not know. Nothing here waits, sleeps or logs.
"""

from __future__ import annotations

from engine.call.base import CallBase, CallContext, Host
from engine.call.behaviours import Behaviours
from engine.call.call import Call

__all__ = ["Behaviours", "Call", "CallBase", "CallContext", "Host"]
