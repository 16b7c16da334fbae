# SPDX-License-Identifier: AGPL-3.0-or-later
"""The limit of open files: raised as far as it goes, and what to do where that is not far enough."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.transport.descriptors import SPARE, open_files, prepare_descriptors, raise_limit, shortage, too_few

MORE_THAN_ANY_SYSTEM_ALLOWS = 2**33


@contextmanager
def allowed(soft: int) -> Iterator[int]:
    """So many open files are allowed in this block, and may be raised up to what it gives."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, limits[1]))
    try:
        yield limits[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def soft_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_it_is_raised_to_what_we_may_have() -> None:
    with allowed(500) as hard:
        assert raise_limit(10) == hard
        assert soft_limit() == hard


def test_what_no_system_allows_is_told_with_the_command_that_helps() -> None:
    with allowed(500) as hard:
        problem = prepare_descriptors(MORE_THAN_ANY_SYSTEM_ALLOWS, skip=False)
        assert soft_limit() == hard
        assert f"up to {MORE_THAN_ANY_SYSTEM_ALLOWS} sockets may be open at once" in problem
        assert f"may have {hard} files open here" in problem
        assert "'sudo prlimit --pid $$ --nofile=" in problem
        assert "\n" not in problem


def test_what_suffices_is_not_spoken_of() -> None:
    with allowed(500):
        assert prepare_descriptors(600, skip=False) == ""


def test_it_can_be_left_as_it_is() -> None:
    with allowed(500) as hard:
        assert prepare_descriptors(100, skip=True) == ""
        problem = prepare_descriptors(600, skip=True)
        assert soft_limit() == 500
        assert "may have 500 files open here" in problem
        assert f"'ulimit -n {hard}'" in problem


def test_what_is_open_and_some_to_spare_are_reckoned_in() -> None:
    others = open_files() + SPARE
    assert too_few(100, 100 + others + 2) == ""
    assert too_few(100, 100 + others - 2)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EMFILE, "a process may have 500 files open here; start it after 'ulimit -n"),
        (errno.ENFILE, "this machine has too many files open; raise the limit with 'sysctl fs.file-max'"),
        (errno.ENOMEM, ""),
    ],
)
def test_what_was_short_is_told(number: int, advice: str) -> None:
    with allowed(500):
        said = shortage(OSError(number, "no"))
        assert said.startswith(advice)
        assert bool(said) == bool(advice)
