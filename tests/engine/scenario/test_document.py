# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files as they are in the field. What is taken, what it means and what is refused is what SIPp 3.6.1 does, but where said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenario.document import Element, decode, read_document
from engine.scenario.problems import Problems
from tests.engine.scenario.helpers import no_hang

SEND = b"<send><![CDATA[a\nb]]></send>"


def read(data: bytes) -> tuple[Element | None, list[str]]:
    """The outermost element of a file, and its problems without the file's name."""
    problems = Problems("s.xml")
    root = read_document(decode(data), problems)
    return root, [str(problem).removeprefix("s.xml:") for problem in problems.all]


def children(data: bytes) -> list[str]:
    """The names of what stands in the outermost element."""
    root = read(data)[0]
    assert root is not None
    return [child.tag for child in root]


def attributes(text: str) -> tuple[dict[str, str], list[str]]:
    """The attributes of a tag, and what was said about them."""
    root, problems = read(f"<scenario><nop {text}/></scenario>".encode("latin-1"))
    assert root is not None
    return root.children[0].attributes, problems


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0'?>\n<!-- c -->\n<scenario>" + SEND + b"</scenario>",
        b"<!-- c --><?xml version='1.0'?><scenario>" + SEND + b"</scenario>",
        b"\n\n<?xml version='1.0'?><scenario>" + SEND + b"</scenario>",
        b"\xef\xbb\xbf<scenario>" + SEND + b"</scenario>",
        "<?xml version='1.0' encoding='UTF-16'?>\n<scenario>".encode("utf-16")
        + (SEND + b"</scenario>").decode().encode("utf-16le"),
        b'<!DOCTYPE scenario SYSTEM "sipp.dtd"><scenario>' + SEND + b"</scenario>",
        b'<!-- c --> <!DOCTYPE scenario [ <!ENTITY a "]>"> <!-- ]> \' --> <!ELEMENT b (c)> ]>\n<scenario>'
        + SEND
        + b"</scenario>",
        b"<scenario><!DOCTYPE scenario>" + SEND + b"</scenario>",
        b"some text <scenario> a & b > c " + SEND + b" text </scenario>",
        b"<scenario><!-- -- a --- b <send> <![CDATA[ -->" + SEND + b"</scenario>",
        b"<scenario>" + SEND.replace(b"</send>", b"</send\n >") + b"</scenario>\n",
        b"<scenario><![CDATA[ <send> ]]>" + SEND + b"</scenario>\0\0\n",
        b"<scenario>\r\n" + SEND.replace(b"\n", b"\r\r\n") + b"\r\n</scenario>\r\n",
        b"<scenario xmlns:x='y' x:z='1' xmlns='z'>" + SEND + b"</scenario>",
    ],
)
def test_what_is_taken_without_a_word(data: bytes) -> None:
    root, problems = read(data)
    assert problems == []
    assert root is not None
    assert [(child.tag, child.cdata and child.cdata[0]) for child in root] == [("send", "a\nb")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<scenario>\n" + SEND, "3: warning: </scenario> is missing at the end; SIPp does not mind"),
        (b"<scenario>" + SEND + b"\n</scenario", "3: warning: </scenario has no >"),
        (b"<scenario>" + SEND + b"\n</scenaro>\n<!-- <nop/> -->", "3: warning: </scenaro> stands where </scenario> is due"),
        (b"<scenario>" + SEND + b"\n</send>\n</scenario>", "3: warning: </send> stands where </scenario> is due, and ends it"),
        (b"<scenario>" + SEND + b"\n\0<nop/>\n</scenario>", "3: warning: the file ends at this NUL byte, as in SIPp"),
        (b"<scenario>" + SEND + b"</scenario>\n<!-- <a> -->\n junk", "4: warning: what follows </scenario> is ignored"),
        (b"<scenario>" + SEND + b"</scenario>\n<nop/>", "3: warning: what follows </scenario> is ignored"),
        (b"<scenario\n<!-- c > -->>" + SEND + b"</scenario>", "2: warning: a comment within <scenario>"),
    ],
)
def test_what_is_taken_with_a_warning(data: bytes, said: str) -> None:
    problems = read(data)[1]
    assert children(data) == ["send"]
    assert problems[0].startswith(said)


@pytest.mark.parametrize(
    ("text", "expected", "said"),
    [
        ('a="1" b = \'2\'\n\tc\n=\n"3"', {"a": "1", "b": "2", "c": "3"}, ""),
        (r'a="\n\r\t\"\\ \x41\q"', {"a": '\n\r\t"\\ \\x41\\q'}, ""),
        ('a="&lt;&gt;&quot;&amp; &apos;&#65;&nbsp;&lt &amp;lt;"', {"a": '<>"& &apos;&#65;&nbsp;&lt &lt;'}, ""),
        ('a="x&y>z" b="it\'s" c=\'say "so"\' d=""', {"a": "x&y>z", "b": "it's", "c": 'say "so"', "d": ""}, ""),
        ('a=" 1 \n  2\t\x01"', {"a": " 1 \n  2\t\x01"}, ""),
        ('a="b/>c" d="1"', {"a": "b/>c", "d": "1"}, ""),
        (
            'a-b="1" c.d="2" 1e="3" @f="4" é="5" g:h="6"',
            {"a-b": "1", "c.d": "2", "1e": "3", "@f": "4", "é": "5", "g:h": "6"},
            "",
        ),
        ('a="<sip:b>"', {"a": "<sip:b>"}, "1: warning: '<' in attribute a: SIPp 3.6 refuses it — write &lt;"),
        ('a="1\n<b" c="2"', {"a": "1\n<b", "c": "2"}, "2: warning: '<' in attribute a"),
        ('a="1" a="2"', {"a": "1"}, "1: warning: attribute a stands here twice; the first counts"),
        ('a="1"b="2" c="3"', {"a": "1", "c": "3"}, "1: warning: no space stands before b=; it is ignored, as in SIPp"),
        ('a="1",b="2"', {"a": "1"}, "1: warning: no space stands before b=; it is ignored, as in SIPp"),
        ('a="1", b="2"', {"a": "1", "b": "2"}, "1: warning: , has no place in the tag <nop>; it is ignored, as in SIPp"),
        ('a="1"" b="2"', {"a": "1", "b": "2"}, '1: warning: " has no place in the tag <nop>'),
        ('a="1" / b="2"', {"a": "1", "b": "2"}, "1: warning: / has no place in the tag <nop>"),
        ("a hide b='1'", {"b": "1"}, '1: warning: a has no value; it is ignored, as in SIPp — write a="…"'),
        ("a=1/2 b='3'", {"a": "1/2", "b": "3"}, '1: warning: a=1/2 has no quotes — write a="…"'),
        ("a=1", {"a": "1"}, '1: warning: a=1 has no quotes — write a="…"'),
    ],
)
def test_attributes(text: str, expected: dict[str, str], said: str) -> None:
    found, problems = attributes(text)
    assert found == expected
    assert "".join(problems[:1]).startswith(said)
    assert bool(problems) == bool(said)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"junk", "1: there is no element in this file — a scenario begins with <scenario>"),
        (b"</scenario>", "1: </scenario> closes nothing"),
        (b"<scenario>\n<!-- never", "2: this comment never ends — close it with -->"),
        (b"<scenario>\n<send>\n<![CDATA[ ]] ></send></scenario>", "3: this CDATA section never ends — close it with ]]>"),
        (b"<?xml version='1.0'>\n<scenario/>", "1: this declaration never ends — close it with ?>"),
        (b"\n<!DOCTYPE scenario [ <!-- ]>\n<scenario/>", "2: this comment never ends"),
        (b"\n<!DOCTYPE scenario [ ]\n", "2: this DOCTYPE never ends — close it with >"),
        (b"<scenario>\n<?foo bar?></scenario>", "2: '<' begins no tag here"),
        (b"<scenario>\n< nop/></scenario>", "2: '<' begins no tag here"),
        (b"<scenario>\n<!- c -></scenario>", "2: '<' begins no tag here"),
        (b"<scenario>\n a < b </scenario>", "2: '<' begins no tag here"),
        (b"<scenario>\n<nop>\n</scenario>", "3: </scenario> stands where </nop> is due: that began in line 2"),
        (b"<scenario>\n<nop></NOP></scenario>", "2: </NOP> stands where </nop> is due"),
        (b"<scenario>\n</nop>\n<nop/></scenario>", "2: </nop> stands where </scenario> is due"),
        (b"<scenario>\n<nop/ ></scenario>", "2: </scenario> stands where </nop> is due"),
        (b"<scenario>\n<nop><action>", "2: <action> is never closed — close it with </action>"),
        (b"<scenario>\n<nop a='1'\n<nop/></scenario>", "2: the tag <nop> is not closed — close it with >"),
        (b"<scenario>\n<nop a='1", "2: the value of a never ends — close it with '"),
        (b'<scenario>\n<nop b=\'1\n\'\na="1/>\n<nop b="2"/></scenario>', '4: the value of a never ends — close it with "'),
        (b"<scenario>\n" + b"<a>" * 32, "2: elements stand in each other more than 32 deep"),
    ],
)
def test_what_is_refused(data: bytes, expected: str) -> None:
    root, problems = read(data)
    assert root is None
    assert problems[-1].startswith(expected)
    assert "warning" not in problems[-1]


def test_lines_and_columns() -> None:
    root, _ = read(
        b"\n <scenario\n a='1\n'>\n<send>\n <!-- \n --><action>\n<log/></action>"
        b" <![CDATA[x]]><![CDATA[y]]>\n\n</send></scenario>"
    )
    assert root is not None
    send = root.children[0]
    assert (root.line, root.line.column, root.end_line) == (2, 2, 10)
    assert (send.line, send.line.column, send.end_line, send.cdata) == (5, 1, 10, ("x", 8))
    action = send.children[0]
    assert (action.line, action.line.column, action.end_line, action.cdata) == (7, 5, 8, None)
    assert [(child.tag, child.line, child.line.column) for child in action] == [("log", 8, 1)]


def test_a_message_may_stand_in_an_element_of_its_own() -> None:
    root, _ = read(b"<scenario><send><foo><![CDATA[a]]></foo></send></scenario>")
    assert root is not None
    assert root.children[0].cdata == ("a", 1)


def test_a_problem_has_a_column() -> None:
    problems = Problems("s.xml")
    read_document('<scenario>\n  <recv display="a<b"/>\n<foo', problems)
    assert [(problem.line, problem.column) for problem in problems.all] == [(2, 19), (3, 1)]


PIECES = r"""
    <scenario> </scenario> <scenario <nop> <nop </nop> <send> </send> <![CDATA[ ]]> <!-- --> <!DOCTYPE [ ] <?xml ?> <?
    = == " ' \ / > /> < </ <! a b= c=" d=' e="1" f='2' &lt; &amp; " , é
"""
any_piece = st.sampled_from([*PIECES.split(), " ", "\n", "\t", "\r", "\0", "\x85"])


@given(st.lists(any_piece, max_size=40).map("".join))
def test_anything_is_read_or_refused_in_its_place(text: str) -> None:
    problems = Problems("s.xml")
    text = decode(text.encode("latin-1"))
    root = read_document(text, problems)
    assert (root is None) == bool(problems.errors)
    lines = text.split("\n")
    for problem in problems.all:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


REPEATED = {
    "brackets in a doctype": ("<!DOCTYPE scenario ", "[] ", "<"),
    "quotes in a doctype": ("<!DOCTYPE scenario ", "\"a' ", "<"),
    "comments in a doctype": ("<!DOCTYPE scenario ", "<!-- ", "<"),
    "comments": ("<scenario>", "<!-- -->", "<"),
    "comments that do not end": ("<scenario></scenario>", "<!-- ", ""),
    "declarations": ("", "<?xml ", ""),
    "elements": ("<scenario>", "<a/>", "</scenario>"),
    "elements in each other": ("<scenario>", "<a>", ""),
    "closing tags": ("<scenario>", "</a>", "</scenario>"),
    "closing tags and comments": ("<scenario>", "</a><!-- ", "</scenario>"),
    "sections": ("<scenario><a><a><a>", "<![CDATA[ ]]>", "</a></a></a></scenario>"),
    "sections that do not end": ("<scenario>", "<![CDATA[ ", "</scenario>"),
    "attributes": ("<scenario ", "a='1' ", "/>"),
    "attributes without quotes": ("<scenario ", "a=1 ", "/>"),
    "attributes without a value": ("<scenario ", "a ", "/>"),
    "attributes without spaces": ("<scenario ", "a='1'", "/>"),
    "quotes": ("<scenario ", "\"' ", "/>"),
    "escapes": ('<scenario a="', "\\\\", '"/>'),
    "escaped quotes": ('<scenario a="', '\\"', ""),
    "spaces": ("<scenario a", " ", "/>"),
    "spaces behind =": ("<scenario a=", " ", "/>"),
    "slashes": ("<scenario a=", "/", "/>"),
    "angles in an attribute": ("<scenario a='", "<", "'/>"),
    "lines in an attribute": ("<scenario a='<", "\n=", "'/>"),
    "entities": ("<scenario a='", "&amp;", "'/>"),
    "NUL bytes": ("<scenario/>", "\0", "a"),
    "angles": ("<scenario>", "<", ""),
    "lines": ("<scenario>", "\n", "<a/>"),
}


@pytest.mark.parametrize("name", REPEATED)
def test_the_time_grows_no_faster_than_the_file(name: str) -> None:
    before, unit, after = REPEATED[name]
    with no_hang():
        read_document(before + unit * 100_000 + after, Problems("s.xml"))
