# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a call waits for without a message: digits (a `recv dtmf`), and what an action holds it for (`Hold`)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from engine.call.progress import Progress
from engine.scenario.program import DigitsStep, Hold, Step

NS_A_MS: Final = 1_000_000
LOOK_AGAIN_NS: Final = 20_000_000
"""How often a call that is held by an action looks whether it is over."""


class Holding(Progress):
    """A call that may be held. How it runs its steps and is woken is the `Call`'s."""

    __slots__ = ()

    @abstractmethod
    def _advance(self, now_ns: int) -> None:
        """Run steps until one waits or the call is over."""

    @abstractmethod
    def _pass(self, step: Step, message: bytes, now_ns: int) -> bool:
        """A step is done; False when the call is to wait."""

    @abstractmethod
    def _schedule(self) -> None:
        """Tell the host when to wake this call."""

    @abstractmethod
    def _wait_for_digits(self, until_ns: int) -> None:
        """Wait until then at the most."""

    @abstractmethod
    def _wait_to_look(self, until_ns: int) -> None:
        """Look then whether what the call is held for is over (`_look_again`)."""

    # --- digits --------------------------------------------------------------------------------------------------------

    def _enter_digits(self, step: DigitsStep, now_ns: int) -> bool:
        """Wait, unless they have come already."""
        if self.media.take_digits(step.pattern):
            self.context.meter.steps[step.index].messages += 1
            return self._pass(step, self._last_data(), now_ns)
        if step.timeout_ns is not None:
            self._wait_for_digits(now_ns + step.timeout_ns)
        return False

    def digits_arrived(self, now_ns: int) -> None:
        """The peer has sent digits (DTMF): whoever waits for some looks."""
        steps = self.context.program.steps
        step = steps[self.step_index] if self.step_index < len(steps) and not self._counted else None
        if not isinstance(step, DigitsStep) or self._held_by is not None or not self.media.take_digits(step.pattern):
            return
        self.wait_until_ns = 0
        self.context.meter.steps[step.index].messages += 1
        if self._pass(step, self._last_data(), now_ns):
            self._advance(now_ns)
        elif not self.is_over:
            self._schedule()

    # --- what actions hold a call for -----------------------------------------------------------------------------------

    def _is_held(self, now_ns: int) -> bool:
        """Begin to wait for what an action waits for. Who waited before goes on: a message has led the call further."""
        hold = self._held_by
        if hold is None or self._held_until_ns:
            self._held_by = None
            if hold is not None:
                self._judge(hold, late=True)
            return False
        self._held_until_ns = now_ns + self._held_ms * NS_A_MS
        self._wait_to_look(now_ns + LOOK_AGAIN_NS)
        return True

    def _advance_unless_held(self, now_ns: int) -> None:
        if self._held_by is None or not self._is_held(now_ns):
            self._advance(now_ns)
        else:
            self._schedule()

    def _hold_here(self, now_ns: int) -> None:
        """Of a message that leads nowhere: what its actions wait for is judged at once, for the call waits for others."""
        hold = self._held_by
        if hold is not None and not self._held_until_ns:
            self._held_by = None
            self._judge(hold, late=True)
        self._schedule()

    def _judge(self, hold: Hold, late: bool) -> bool:
        """Whether it is over. The call stands at the step to come by now; a failure is that of the step that asked."""
        comes_to, self.step_index = self.step_index, self._held_at
        over = hold.is_over(self, late)
        self.step_index = comes_to
        return over

    def _look_again(self, now_ns: int) -> None:
        hold = self._held_by
        late = now_ns >= self._held_until_ns
        if hold is not None and not self._judge(hold, late) and not late:
            self._wait_to_look(now_ns + LOOK_AGAIN_NS)
            return
        self._held_by = None
        if not self.is_over:
            self._advance(now_ns)
