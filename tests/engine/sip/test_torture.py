# SPDX-License-Identifier: AGPL-3.0-or-later
"""Torture messages with the peculiarities that RFC 4475 describes, one file each, by the RFC's names for them.

What is valid is read rightly; what is not is read as far as that makes sense, or refused, and nothing else.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.message import MalformedMessage, Message
from engine.sip.parameters import entries
from engine.sip.stream import StreamFramer
from tests.engine.sip.test_message import everything

FILES = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "torture" / "rfc4475").glob("*.sip")}
BODY = 103
"""Bytes of the session description that most of them carry."""
ODD_METHOD = "!interesting-Method0123456789_*+`.%indeed'~"


class Said(NamedTuple):
    """What a message says: `start` is its method or status, `branch` that of the top Via, `body` the body's length."""

    start: str | int
    number: int
    method: str
    from_tag: str
    to_tag: str
    branch: str
    body: int


VALID = {
    # section 3.1.1
    "wsinv": Said("INVITE", 9, "INVITE", "98asjd8", "7654321n", "390skdjuw", BODY),
    "intmeth": Said(ODD_METHOD, 139122385, ODD_METHOD, "_token~1'+`*%!-.", "", "z9hG4bK-.!%66*_+`'~", 0),
    "esc01": Said("INVITE", 234234, "INVITE", "938", "", "z9hG4bKkdjuw", BODY),
    "escnull": Said("REGISTER", 14398234, "REGISTER", "839923423", "", "z9hG4bKkdjuw", 0),
    "esc02": Said("RE%47IST%45R", 29344, "RE%47IST%45R", "f232jadfj23", "", "z9hG4bK209%fzsnel234", 0),
    "lwsdisp": Said("OPTIONS", 60, "OPTIONS", "323", "", "z9hG4bKkdjuw", 0),
    "longreq": Said("INVITE", 3882340, "INVITE", "12" + "982" * 50 + "424", "", "", BODY),
    "dblreq": Said("REGISTER", 8, "REGISTER", "43251j3j324", "", "z9hG4bKkdjuw23492", 0),
    "semiuri": Said("OPTIONS", 8, "OPTIONS", "33242", "", "z9hG4bKkdjuw", 0),
    "transports": Said("OPTIONS", 60, "OPTIONS", "323", "", "z9hG4bKkdjuw", 0),
    "mpart01": Said("MESSAGE", 1, "MESSAGE", "2fb0dcc9", "", "z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-", 484),
    "unreason": Said(200, 35, "INVITE", "11141343", "2229", "z9hG4bK1324923", BODY),
    "noreason": Said(100, 35, "INVITE", "39ansfi3", "902jndnke3", "z9hG4bK2398ndaoe", 0),
}
READ = {
    # section 3.1.2: wrong where it does not matter to us, or where one can tell what is meant
    "badinv01": Said("INVITE", 8, "INVITE", "134161461246", "", "", BODY),
    "clerr": Said("INVITE", 8, "INVITE", "93942939o2", "", "z9hG4bK-39234-23523", BODY),
    "ncl": Said("INVITE", 0, "INVITE", "32394234", "", "z9hG4bKkdjuw", BODY),
    "scalar02": Said("REGISTER", 0, "", "239232jh3", "", "z9hG4bK342sdfoi3", 0),
    "scalarlg": Said(503, 0, "", "2easdjfejw", "", "z9hG4bKzzxdiwo34sw", 0),
    "quotbal": Said("INVITE", 8, "INVITE", "93334", "", "z9hG4bKkdjuw39234", BODY),
    "ltgtruri": Said("INVITE", 1, "INVITE", "39291", "", "", BODY),
    "escruri": Said("INVITE", 149209342, "INVITE", "341518", "", "z9hG4bKkdjuw", 0),
    "baddate": Said("INVITE", 1392934, "INVITE", "2234923", "", "z9hG4bKkdjuw", 0),
    "regbadct": Said("REGISTER", 1, "REGISTER", "998332", "", "z9hG4bKkdjuw", 0),
    "badaspec": Said("OPTIONS", 3923239, "OPTIONS", "433423", "", "z9hG4bKkdju43234", 0),
    "baddn": Said("OPTIONS", 3923239, "OPTIONS", "43", "", "z9hG4bKkdjuw", 0),
    "mismatch01": Said("OPTIONS", 8, "INVITE", "34525", "", "z9hG4bKkdjuw", 0),
    "mismatch02": Said("NEWMETHOD", 8, "INVITE", "34525", "", "z9hG4bKkdjuw", BODY),
    # sections 3.2 to 3.4: well-formed, but nothing that a transaction or an application could agree to
    "badbranch": Said("OPTIONS", 8, "OPTIONS", "33242", "", "z9hG4bK", 0),
    "unkscm": Said("OPTIONS", 3923423, "OPTIONS", "384", "", "z9hG4bKkdjuw39234", 0),
    "novelsc": Said("OPTIONS", 3923423, "OPTIONS", "384", "", "z9hG4bKkdjuw39234", 0),
    "unksm2": Said("REGISTER", 234902, "REGISTER", "3234233", "", "z9hG4bKkdjuw", 0),
    "bext01": Said("OPTIONS", 8, "OPTIONS", "242etr", "", "z9hG4bKkdjuw", 0),
    "invut": Said("INVITE", 235448, "INVITE", "8392034", "", "z9hG4bKkdjuw", 39),
    "regaut01": Said("REGISTER", 9338, "REGISTER", "87321hj23128", "", "z9hG4bKkdjuw", 0),
    "multi01": Said("INVITE", 5, "INVITE", "3413415", "", "z9hG4bKkdjuw", BODY),
    "mcl01": Said("OPTIONS", 15932, "OPTIONS", "3923942", "", "z9hG4bK293423", 13),
    "bcast": Said(200, 35, "INVITE", "11141343", "2229", "z9hG4bK1324923", BODY),
    "zeromf": Said("OPTIONS", 39234321, "OPTIONS", "3ghsd41", "", "z9hG4bKkdjuw2349i", 0),
    "cparam01": Said("REGISTER", 2, "REGISTER", "DkfVgjkrtMwaerKKpe", "", "z9hG4bKkdjuw", 0),
    "cparam02": Said("REGISTER", 3, "REGISTER", "838293", "", "z9hG4bKkdjuw", 0),
    "regescrt": Said("REGISTER", 14398234, "REGISTER", "8", "", "z9hG4bKkdjuw", 0),
    "sdp01": Said("INVITE", 8, "INVITE", "234", "", "z9hG4bKkdjuw", BODY),
    "inv2543": Said("INVITE", 56, "INVITE", "", "", "", BODY),
}
REFUSED = {
    "lwsruri": "no start line",
    "lwsstart": "no start line",
    "trws": "no start line",
    "badvers": "no start line",
    "bigcode": "without a status code",
    "insuf": "no Call-ID",
}
NOT_FRAMED = {"ncl"}
"""What ends a stream: nobody knows where the next message begins."""
NOT_ALL_ONE = {"dblreq", "clerr", "mcl01", "inv2543"}
"""What is another message, or a part of one, over a stream."""


def test_every_message_of_the_rfc_is_there() -> None:
    assert len(FILES) == 49
    assert {*VALID, *READ, *REFUSED} == {*FILES}


@pytest.mark.parametrize(("name", "said"), [*VALID.items(), *READ.items()])
def test_a_torture_message_says_what_it_says(name: str, said: Said) -> None:
    message = Message(FILES[name])
    start = message.status or message.method.decode()
    method, *others = (text.decode() for text in (message.cseq_method, message.from_tag, message.to_tag, message.branch))
    assert Said(start, message.cseq_number, method, *others, len(message.body)) == said
    assert message.call_id in FILES[name]
    assert message.call_id.startswith(b"3d9485ad0c49859b@" if name == "mpart01" else name.encode() + b".")


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_a_message_that_makes_no_sense_is_refused(name: str, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        Message(FILES[name])


@pytest.mark.parametrize("name", [*VALID, *READ])
def test_over_a_stream_it_is_the_same_message(name: str) -> None:
    framer = StreamFramer()
    if name in NOT_FRAMED:
        assert framer.feed(FILES[name]) == []
        assert framer.broken
        return
    messages = framer.feed(FILES[name])
    if name in NOT_ALL_ONE:
        assert FILES[name].startswith(b"".join(messages[:1]))
    else:
        assert messages == [FILES[name]]


def test_white_space_and_folds_are_nothing() -> None:
    message = Message(FILES["wsinv"])
    assert message.request_uri == b"sip:carol@chair.example.com;unknownparam"
    assert message.value(b"To") == b"sip:carol@chair.example.com ;   tag    = 7654321n"
    assert message.value(b"Subject") == b""
    assert message.value(b"newfangledheader") == b"newfangled value continued newfangled value"
    assert message.value(b"UnknownHeaderWithUnusualValue") == b";;,,;;,;"
    assert [len(entries(via)) for via in message.values(b"Via")] == [1, 2]
    assert message.value(b"max-forwards") == b"0068"
    assert message.value(b"Contact") == (
        b'"Quoted string \\"\\"" <sip:jdoe@example.com> ; newparam = newvalue ; secondparam ; q = 0.33'
    )


def test_odd_characters_are_kept() -> None:
    message = Message(FILES["intmeth"])
    assert message.call_id == b"intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.value(b"EXTENSIONHEADER-!.%*+_`'~") == "\ufeff大停電".encode()
    assert b"\\\x00" in (message.value(b"To") or b"")
    assert message.request_uri.endswith(b",odd!*pas$wo~d_too.(doesn't-it)@example.com")


def test_what_is_escaped_stays_escaped() -> None:
    assert Message(FILES["esc01"]).request_uri == b"sip:sips%3Auser%40example.com@example.net"
    assert Message(FILES["escnull"]).values(b"Contact") == [b"<sip:%00@host5.example.com>", b"<sip:%00%00@host5.example.com>"]
    message = Message(FILES["esc02"])
    assert message.values(b"Contact") == [b"<sip:alias1@host1.example.com>", b"<sip:alias3@host3.example.com>"]
    assert message.value(b"C%6Fntact") == b"<sip:alias2@host2.example.com>"


def test_long_values_are_read_whole() -> None:
    message = Message(FILES["longreq"])
    assert len(message.values(b"Via")) == 30
    assert message.call_id == b"longreq.one" + b"really" * 20 + b"longcallid"
    long = b"long" * 20
    value = b"unknown-%b-value; unknown-%b-parameter-name = unknown-%b-parameter-value" % (long, long, long)
    assert message.value(b"Unknown-" + long + b"-Name") == value


def test_two_requests_in_a_datagram_are_one_and_two_in_a_stream() -> None:
    first, second = StreamFramer().feed(FILES["dblreq"])
    assert Message(FILES["dblreq"]).call_id == Message(first).call_id
    assert (Message(second).method, Message(second).cseq, len(Message(second).body)) == (b"INVITE", (8, b"INVITE"), BODY)


def test_a_body_of_parts_and_any_bytes_is_kept_whole() -> None:
    body = Message(FILES["mpart01"]).body
    assert bytes(range(256)) in body
    assert body.endswith(b"--7a9cbec02ceef655--\r\n")


@given(st.sampled_from([*FILES.values()]), st.data())
def test_a_damaged_torture_message_is_read_or_refused(message: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message)))
        piece = data.draw(st.binary(max_size=3) | st.sampled_from([b"\r\n", b"\n", b"\r\n ", b'"', b"<", b",", b";"]))
        message = message[:at] + piece + message[at + data.draw(st.integers(0, 5)) :]
    with suppress(MalformedMessage):
        assert all(isinstance(said, bytes) for said in everything(Message(message)))
    assert sum(map(len, StreamFramer().feed(message))) <= len(message)
