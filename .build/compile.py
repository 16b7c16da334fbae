# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compile modules with mypyc: `python .build/compile.py FOLDER MODULE …` leaves the shared objects in FOLDER/lib.

A program and not a function of the build hook, because mypyc and the C compiler print, exit and may crash as they like: so
they cost a process and not the build.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import Distribution
from setuptools.command.build_ext import build_ext

from mypyc.build import mypycify  # isort: skip - it asks whether setuptools has been imported

GROUP = "engine.native"
"""The one library that holds all the code is `engine/native__mypyc.*.so`; each module is a small shared object beside its
source that opens it."""

CHECK = ("--config-file=", f"--cache-dir={os.devnull}", "--follow-imports=silent", "--ignore-missing-imports")
"""mypy's options. What the package depends on is not there where it is built, and strictness is the business of CI."""


def compile_modules(folder: Path, modules: list[str]) -> None:
    """Translate the modules to C, and compile it, the big library beside the small ones."""
    files = [f"{module.replace('.', '/')}.py" for module in modules]
    extensions = mypycify([*CHECK, *files], opt_level="2", debug_level="0", group_name=GROUP, target_dir=str(folder / "c"))
    for extension in extensions:
        # A warning of a compiler that is newer than mypyc is no error.
        extension.extra_compile_args.append("-Wno-error")
        extension.extra_link_args.append("-Wl,--strip-all")
    command = build_ext(Distribution({"name": "gossipper", "ext_modules": extensions}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.parallel = os.cpu_count()
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    compile_modules(Path(sys.argv[1]), sys.argv[2:])
