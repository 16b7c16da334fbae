# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a mistake of ours may cost: one call, never the run.

Steps, templates and actions run on whatever a peer sends. Whoever lets a call work catches what it raises and ends that
call with `end_spoiled`; it is counted as a fatal error and told as a warning.
"""

from __future__ import annotations

from engine.call import CallBase
from engine.call.places import place
from engine.errors import in_one_line
from engine.messages import Failure
from engine.scenario.program import RunAborted


def end_spoiled(call: CallBase, error: Exception, now_ns: int) -> None:
    """The call raised `error`: it has failed. Or one of its actions ended the run; then it is cut off."""
    context = call.context
    if isinstance(error, RunAborted):
        context.host.aborted(str(error))
        call.stop(now_ns, tell=False)
        return
    reason = f"{in_one_line(error)} in {place(context.program.steps, call.step_index)}"
    context.meter.counters.fatal_errors += 1
    context.host.warned(reason)
    call.end(now_ns, Failure.CANNOT_SEND, reason)
