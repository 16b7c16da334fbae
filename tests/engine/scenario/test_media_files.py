# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the files are that a scenario plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import MediaError
from engine.scenario.media_files import MOST_MEDIA_BYTES, check_media_file, place_of, read_media_file
from tests.media_samples import FOLDER


def test_beside_the_scenario_goes_before_here_and_here_before_what_came_with_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here, beside):
        (folder / "media").mkdir(parents=True)
    monkeypatch.chdir(here)
    scenario = str(beside / "mine.xml")
    assert place_of("media/speech.wav", scenario) == str(FOLDER / "media/speech.wav")
    (here / "media/speech.wav").write_bytes(b"here")
    assert read_media_file("media/speech.wav", scenario) == b"here"
    (beside / "media/speech.wav").write_bytes(b"beside")
    assert read_media_file("media/speech.wav", scenario) == b"beside"


def test_a_built_in_scenario_plays_what_came_with_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pcap").mkdir()
    (tmp_path / "pcap/g711a.pcap").write_bytes(b"another")
    assert read_media_file("pcap/g711a.pcap", "uac_pcap") == (FOLDER / "pcap/g711a.pcap").read_bytes()
    check_media_file("pcap/dtmf_2833_1.pcap", "uac_pcap")


def test_a_file_that_is_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MediaError, match=r"^media/no\.wav: cannot read media/no\.wav: ") as missing:
        read_media_file("media/no.wav", "mine.xml")
    assert "it is looked for beside the scenario" in str(missing.value)


def test_where_a_file_is_looked_for_is_no_help_when_it_was_found(tmp_path: Path) -> None:
    with (tmp_path / "huge.wav").open("wb") as file:
        file.truncate(MOST_MEDIA_BYTES + 1)
    for name, reason in (("huge.wav", "it is larger than 256 MiB"), (".", "it is a directory")):
        with pytest.raises(MediaError) as found:
            check_media_file(name, str(tmp_path / "mine.xml"))
        assert str(found.value).endswith(f"cannot read {name}: {reason}")
