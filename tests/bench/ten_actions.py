# SPDX-License-Identifier: AGPL-3.0-or-later
"""The caller of the benchmark, with ten actions on the 200 that answers its INVITE."""

from __future__ import annotations

import re
from pathlib import Path

from engine.scenario.library import read_source

ACTIONS = """<action>
  <ereg regexp="&lt;sip:[^&gt;]*&gt;" search_in="hdr" header="Contact:" check_it="true" assign_to="contact"/>
  <ereg regexp="o=([[:alnum:]]*) ([[:alnum:]]*) ([[:alnum:]]*)" search_in="body" assign_to="owner,user,session,version"/>
  <ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>
  <ereg regexp="m=audio ([0-9]{1,5}) RTP/AVP" search_in="msg" assign_to="media,port"/>
  <todouble assign_to="number" variable="port"/>
  <assign assign_to="sum" value="1"/>
  <add assign_to="sum" variable="number"/>
  <test assign_to="large" variable="sum" compare="greater_than" value="1024"/>
  <strcmp assign_to="same" variable="user" value="user1"/>
  <assignstr assign_to="copy" value="[$contact] [$port]"/>
</action>"""


def write_scenarios(folder: Path) -> tuple[Path, Path]:
    """The caller without and with the actions, as files in a folder; SIPp runs them too."""
    plain = read_source("uac")[1].decode()
    answer = '<recv response="200" rtd="true"/>'
    names = ",".join(sorted({name for names in re.findall('assign_to="(.*?)"', ACTIONS) for name in names.split(",")}))
    reference = f'<Reference variables="{names}"/>'
    with_actions = plain.replace(answer, f'<recv response="200" rtd="true">{ACTIONS}</recv>{reference}')
    files = folder / "plain.xml", folder / "ten_actions.xml"
    for file, text in zip(files, (plain, with_actions), strict=True):
        file.write_text(text)
    return files
