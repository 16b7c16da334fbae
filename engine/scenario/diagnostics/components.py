# SPDX-License-Identifier: AGPL-3.0-or-later
"""The circles of a graph: its strongly connected components (Tarjan's algorithm, without recursion)."""

from __future__ import annotations

from collections.abc import Sequence


def components(successors: Sequence[Sequence[int]], start: int) -> list[list[int]]:
    """The components that can be reached from `start`, each before those that lead to it. Time and memory are linear."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    stack: list[int] = []
    done: set[int] = set()
    found: list[list[int]] = []
    path: list[tuple[int, int]] = [(start, 0)]
    while path:
        node, position = path.pop()
        if position == 0:
            order[node] = lowest[node] = len(order)
            stack.append(node)
        else:
            # The edge before has been followed to its end.
            lowest[node] = min(lowest[node], lowest[successors[node][position - 1]])
        position = _next_open(successors[node], position, node, order, lowest, done)
        if position < len(successors[node]):
            path += [(node, position + 1), (successors[node][position], 0)]
        elif lowest[node] == order[node]:
            at = len(stack) - 1
            while stack[at] != node:
                at -= 1
            found.append(stack[at:])
            done.update(stack[at:])
            del stack[at:]
    return found


def _next_open(
    edges: Sequence[int], position: int, node: int, order: dict[int, int], lowest: dict[int, int], done: set[int]
) -> int:
    """The position of the next edge to a node that is not known yet; those before it that lead back are noted."""
    while position < len(edges):
        to = edges[position]
        if to not in order:
            break
        if to not in done:
            lowest[node] = min(lowest[node], order[to])
        position += 1
    return position
