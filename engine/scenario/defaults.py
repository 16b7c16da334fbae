# SPDX-License-Identifier: AGPL-3.0-or-later
"""The messages of the default behaviours, as templates: what SIPp sends when a call is aborted or a request answered.

The ACK and the CANCEL carry the branch of the request that they belong to (RFC 3261 sections 9.1 and 17.1.1.3), the BYE
one of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.scenario.program import CallState, DefaultMessages, Render
from engine.scenario.scope import Scope
from engine.scenario.template import TemplateParser, clean

_REQUEST = """
{method} [last_Request_URI] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: {cseq} {method}
"""
_ACK = """Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Subject: Performance Test
Content-Length: 0
"""
_OTHER = """Max-Forwards: 70
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0
"""
_OK = """
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Content-Length: 0
"""


def compile_defaults(scope: Scope, request_index: Callable[[CallState], int]) -> DefaultMessages:
    """The messages in this run; `request_index` is the index of the step that sent a call's last request."""
    of_request = replace(scope, branch_index=request_index)
    of_bye = replace(scope, branch_index=lambda call: -1)
    last, following = "[last_cseq_number]", "[last_cseq_number+1]"
    return DefaultMessages(
        ack=_compile(_REQUEST.format(method="ACK", cseq=last) + _ACK, of_request),
        bye=_compile(_REQUEST.format(method="BYE", cseq=following) + _OTHER, of_bye),
        cancel=_compile(_REQUEST.format(method="CANCEL", cseq=last) + _OTHER, of_request),
        ok200=_compile(_OK, scope),
    )


def _compile(text: str, scope: Scope) -> Render:
    parsed = TemplateParser(scope.language.classifier(()), scope.problems).parse(*clean(text, 1))
    return scope.render(parsed)
