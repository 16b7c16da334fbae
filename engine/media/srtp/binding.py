# SPDX-License-Identifier: AGPL-3.0-or-later
"""libsrtp as pylibsrtp binds it: `lib` has its functions, `ffi` the memory that they work on. Neither has types."""

from __future__ import annotations

from typing import Any, Final

from pylibsrtp import _binding

ffi: Final[Any] = _binding.ffi
lib: Final[Any] = _binding.lib
