# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ways that a call can take through the steps of a scenario, as a graph.

It holds every way there is and may hold some that there are not: a path that is missing makes false warnings. Nodes are the
indices of the steps, and that of the end. Some more stand for many edges, so that there are a few a step in all: `anywhere`
leads to every step, `later` to where a call may come from any step, and a chain of one for each step to each `recv` that
stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.scenario.model import Recv, Send, Step


class Paths:
    """`successors` of each node; `targets` are the steps that something else than the step before them leads to."""

    def __init__(self, steps: Sequence[Step], unexpected: int | None) -> None:
        self.steps = steps
        self.end = len(steps)
        self.anywhere, self.later, self._open = self.end + 1, self.end + 2, self.end + 3
        self.successors: list[list[int]] = [[] for _ in range(self._open + len(steps))]
        self.jumps_anywhere = False
        self.targets: set[int] = set()
        for index, step in enumerate(steps):
            self._add_step(index, step)
        self._add_runs()
        self._add_open()
        self._add_later(unexpected)
        self.successors[self.anywhere] = list(range(self.end + 1))

    def following(self, index: int) -> list[int]:
        """Where a step leads that is done or passed over, but for what its actions say."""
        step = self.steps[index]
        if step.next is None or step.chance <= 0:
            return [index + 1]
        return [step.next] if step.test is None and step.chance >= 1 else [step.next, index + 1]

    def behind(self, index: int) -> list[int]:
        """Where a call goes from a `recv` that has got its message; one that is optional and has no `next` keeps it waiting."""
        step = self.steps[index]
        leaves = not (isinstance(step, Recv) and step.optional) or (step.next is not None and step.test is None)
        return self.following(index) if leaves else self.successors[index]

    def reachable(self, starts: Iterable[int], *, stops: frozenset[int] = frozenset()) -> bytearray:
        """For each node whether it can be reached from one of `starts`; no way leads on from `stops`."""
        return _reachable(self.successors, starts, stops)

    def reaching(self, ends: Iterable[int], *, stops: frozenset[int] = frozenset()) -> bytearray:
        """For each node whether one of `ends` can be reached from it; no way leads through `stops`."""
        predecessors: list[list[int]] = [[] for _ in self.successors]
        for node, successors in enumerate(self.successors):
            for each in successors:
                predecessors[each].append(node)
        return _reachable(predecessors, ends, stops)

    def _add_step(self, index: int, step: Step) -> None:
        following = self.following(index)
        found = self.successors[index]
        found += following
        if step.next is not None:
            self.targets.add(step.next)
        if isinstance(step, Recv):
            found += [index + 1] if step.optional else []
        else:
            self._add_actions(index, step, following)
        if step.on_timeout is not None:
            self.targets.add(step.on_timeout)
            if isinstance(step, Recv):
                found.append(step.on_timeout)

    def _add_actions(self, index: int, step: Step, following: list[int]) -> None:
        """A jump leads where the step before its target does, and the end of an earlier pause behind the next step."""
        found = self.successors[index]
        for action in step.actions:
            if action.name == "pauserestore":
                found += [each for after in following if after < self.end for each in self.following(after)]
            elif action.name == "jump" and "value" in action.attributes:
                target = int(action.number("value"))
                ahead = self.following(target - 1) if 0 < target <= self.end else [0]
                found += ahead
                self.targets.update(ahead)
            elif action.name == "jump":
                found.append(self.anywhere)
                self.jumps_anywhere = True

    def _add_runs(self) -> None:
        """Whoever stands in a run of optional `recv` may still get what an earlier one of it waits for."""
        begin = None
        for index, step in enumerate(self.steps):
            if not isinstance(step, Recv):
                begin = None
                continue
            if begin is None:
                begin = index
            elif begin < index:
                self.successors[index].append(begin)
            if not step.optional:
                begin = None

    def _add_open(self) -> None:
        """From each step to every `recv` before it that is open to the end."""
        if not any(isinstance(step, Recv) and step.is_global for step in self.steps):
            return
        for index, step in enumerate(self.steps):
            self.successors[index].append(self._open + index)
            if index:
                self.successors[self._open + index].append(self._open + index - 1)
            if isinstance(step, Recv) and step.is_global:
                self.successors[self._open + index].append(index)

    def _add_later(self, unexpected: int | None) -> None:
        """A message that is unexpected comes at any step, and the time for an answer may end at one behind its `send`."""
        ahead = {step.on_timeout for step in self.steps if isinstance(step, Send)} | {unexpected}
        found = sorted(each for each in ahead if each is not None)
        if not found:
            return
        self.targets.update(found)
        self.successors[self.later] = found
        for index in range(self.end):
            self.successors[index].append(self.later)


def _reachable(edges: Sequence[Sequence[int]], starts: Iterable[int], stops: frozenset[int]) -> bytearray:
    found = bytearray(len(edges))
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        if found[node]:
            continue
        found[node] = 1
        if node not in stops:
            waiting += edges[node]
    return found
