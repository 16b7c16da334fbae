# SPDX-License-Identifier: AGPL-3.0-or-later
"""hatchling's build hook: puts the hot path into the wheel as machine code where that can be had, and else leaves it out.

The modules and what it takes to compile them are data in `pyproject.toml`. Their sources stay in the wheel: Python prefers
the shared object beside them, and where there is none everything works the same, more slowly. `GOSSIPPER_BUILD=pure` never
compiles; `GOSSIPPER_BUILD=compiled` lets a build fail that would come without.

The plugin hatch-mypyc does not do: it has no way back where there is no compiler, and it builds inside the source tree.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CHOICE = "GOSSIPPER_BUILD"
PURE, COMPILED = "pure", "compiled"


class CannotCompile(Exception):
    """Why there is no machine code, in one line."""


class CompileHook(BuildHookInterface[BuilderConfig]):
    """Compiles the modules that `modules` names."""

    def dependencies(self) -> list[str]:
        """What compiling needs, so that nobody downloads a compiler who cannot use it."""
        try:
            look_for_compiler()
        except CannotCompile:
            return []
        return [] if choice() == PURE else list(self.config["requires"])

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the shared objects to a wheel, or say in one line why it has none."""
        if version == "editable" or choice() == PURE:
            return
        # The folder has to be there until the wheel is written; it goes with the hook.
        self._folder = TemporaryDirectory(prefix="gossipper-build-")
        try:
            look_for_compiler()
            libraries = compile_modules(Path(self.root), Path(self._folder.name), self.config["modules"])
        except CannotCompile as reason:
            if choice() == COMPILED:
                raise
            self.app.display_warning(f"warning: gossipper is built as plain Python, which is slower: {reason}")
            return
        build_data["force_include"].update(libraries)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def choice() -> str:
    """What the environment asks for: `pure`, `compiled`, or nothing."""
    wanted = os.environ.get(CHOICE, "")
    if wanted not in ("", PURE, COMPILED):
        raise ValueError(f"{CHOICE}={wanted}: it is {PURE} or {COMPILED}, or not set")
    return wanted


def look_for_compiler() -> None:
    """Raises CannotCompile without a C compiler or Python's headers."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        raise CannotCompile(f"there is no C compiler ({compiler}; Debian: gcc)")
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.exists():
        raise CannotCompile(f"there are no headers of Python ({header}; Debian: python3-dev)")


def compile_modules(root: Path, folder: Path, modules: list[str]) -> dict[str, str]:
    """Compile into the folder; where each shared object is, and where it belongs in the wheel. Raises CannotCompile."""
    command = [sys.executable, str(root / ".build" / "compile.py"), str(folder), *modules]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise CannotCompile((done.stdout.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    built = folder / "lib"
    return {str(path): path.relative_to(built).as_posix() for path in sorted(built.rglob("*.so"))}
