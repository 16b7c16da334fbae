# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SIP transactions of a followed call: which of its messages belong together. No I/O, and no SDK.

A transaction is a request, its responses, and of an INVITE the ACK, which to RFC 3261 (section 17.1.1.3) is a part of it only
after a failure. It is told by who sent the request, the Call-ID and the CSeq (section 8.1.1.5); a request with the same that is
no retransmission and has another branch begins one of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from engine.messages import EntryKind, TraceEntry
from engine.sip.message import MalformedMessage, Message

MOST: Final = 1000
"""Transactions of a call; what belongs to none of these is told beside them."""
_ACK: Final = b"ACK"
_INVITE: Final = b"INVITE"
_LEAST_FINAL: Final = 200

_Key = tuple[bool, bytes, int, bytes]


@dataclass(slots=True)
class Told:
    """A message of a transaction, with what its start line says: a method, or a status and a reason."""

    entry: TraceEntry
    method: str
    status: int = 0
    reason: str = ""

    @property
    def words(self) -> str:
        """For a person: `INVITE`, `180 Ringing`."""
        return f"{self.status} {self.reason}".rstrip() if self.status else self.method


@dataclass(slots=True)
class Transaction:
    """One. `ours`: we sent its request. `told` has what followed the request, in order."""

    ours: bool
    request: Told
    cseq: int
    branch: bytes
    told: list[Told] = field(default_factory=list)
    final: Told | None = None

    @property
    def method(self) -> str:
        """That of the request."""
        return self.request.method

    @property
    def end_unix_ns(self) -> int:
        """When it was over as far as is known: with the ACK, or with the final response; 0 without one."""
        if self.final is None:
            return 0
        acknowledged = [each.entry.unix_ns for each in self.told if each.method == "ACK"]
        return max([self.final.entry.unix_ns, *acknowledged[:1]])


@dataclass(slots=True)
class Sorted:
    """All that a call did: its transactions, and what belongs to none of them, each in order."""

    transactions: list[Transaction] = field(default_factory=list)
    others: list[TraceEntry] = field(default_factory=list)


def transactions_of(entries: Iterable[TraceEntry]) -> Sorted:
    """Put the messages of a call together."""
    found = Sorted()
    known: dict[_Key, Transaction] = {}
    for entry in entries:
        try:
            message = Message(entry.data) if entry.is_message else None
        except MalformedMessage:
            message = None
        if message is None:
            found.others.append(entry)
        else:
            _place(entry, message, found, known)
    return found


def _place(entry: TraceEntry, message: Message, found: Sorted, known: dict[_Key, Transaction]) -> None:
    number, method = message.cseq
    ours = (entry.kind is EntryKind.SENT) != bool(message.status)
    key = (ours, message.call_id, number, _INVITE if method == _ACK else method)
    transaction = known.get(key)
    told = _told(entry, message)
    if message.status or message.method == _ACK or (transaction is not None and _is_again(entry, message, transaction)):
        if transaction is None:
            found.others.append(entry)
            return
        transaction.told.append(told)
        if message.status >= _LEAST_FINAL and transaction.final is None:
            transaction.final = told
    elif len(found.transactions) < MOST:
        known[key] = Transaction(ours, told, number, message.branch)
        found.transactions.append(known[key])
    else:
        known.pop(key, None)
        found.others.append(entry)


def _is_again(entry: TraceEntry, message: Message, transaction: Transaction) -> bool:
    """Whether a request is that of the transaction once more."""
    return entry.again or message.branch == transaction.branch


def _told(entry: TraceEntry, message: Message) -> Told:
    if not message.status:
        return Told(entry, message.method.decode("latin-1"))
    reason = message.start_line.partition(b" ")[2].partition(b" ")[2]
    return Told(entry, "", message.status, reason.decode("utf-8", "replace").strip())
