# SPDX-License-Identifier: AGPL-3.0-or-later
"""The messages of the default behaviours, as templates: what SIPp sends when a call is aborted or a request answered.

The ACK and the CANCEL carry the branch of the request that they belong to (RFC 3261 sections 9.1 and 17.1.1.3), the BYE
one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.scenario.program import CallState, DefaultMessages
from engine.scenario.scope import Scope
from engine.scenario.template import Parsed, TemplateParser, clean

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


def compile_defaults(scope: Scope, request_index: Callable[[CallState], int], own: Mapping[str, Parsed]) -> DefaultMessages:
    """The messages in this run; `request_index` is the index of the step that sent a call's last request.

    `own` are those of the scenario (<DefaultMessage>), by their ids. In them, as in SIPp, [msg_index] is -2 in an ACK and -1
    in the others.
    """
    of_request = replace(scope, branch_index=request_index, index=-1)
    of_ack = replace(of_request, in_action=True)
    of_bye = replace(scope, branch_index=lambda call: -1, index=-1)
    last, following = "[last_cseq_number]", "[last_cseq_number+1]"
    ack = _REQUEST.format(method="ACK", cseq=last) + _ACK
    texts = {
        "ack": (ack, of_ack),
        "ack2": (ack, of_ack),
        "bye": (_REQUEST.format(method="BYE", cseq=following) + _OTHER, of_bye),
        "cancel": (_REQUEST.format(method="CANCEL", cseq=last) + _OTHER, of_request),
        "200": (_OK, of_bye),
    }
    renders = {name: within.render(own.get(name) or _parse(text, within)) for name, (text, within) in texts.items()}
    return DefaultMessages(
        ack=renders["ack"], ack2=renders["ack2"], bye=renders["bye"], cancel=renders["cancel"], ok200=renders["200"]
    )


def _parse(text: str, scope: Scope) -> Parsed:
    return TemplateParser(scope.language.classifier(()), scope.problems).parse(*clean(text, 1))
