# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is doubtful in a scenario that can be run: warnings for whoever writes one. A run is never kept from starting by them.

Each module has one subject and a function that takes the `Subject` and reports to the `Problems`; THE tables of them are here.
`ON_STEPS` look at steps as they stand in the file, also in a broken one. `ON_PATHS` follow the ways that a call can take, which
only a file without errors tells. Two rules: a sound scenario gets no warning, so whatever cannot be known counts as right;
and the time grows as the file does.

They run when somebody looks at a scenario (`describe`), not when a shard loads it.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.scenario.diagnostics import acknowledgements, labels, lengths, reachability, receiving, responses, variables
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.model import Scenario
from engine.scenario.problems import Problems
from engine.scenario.reading import Reading

Check = Callable[[Subject, Problems], None]

ON_STEPS: tuple[Check, ...] = (labels.unused, lengths.lengths, receiving.jumps)
ON_PATHS: tuple[Check, ...] = (
    reachability.unreachable,
    variables.unset,
    acknowledgements.unacknowledged,
    receiving.covered,
    responses.before_any_request,
)


def diagnose(reading: Reading, scenario: Scenario) -> None:
    """Add all warnings to the problems of the reading."""
    problems = reading.problems
    checks = ON_STEPS if problems.errors else ON_STEPS + ON_PATHS
    subjects = [
        Subject(section, steps, reading, scenario.unexpected if section is reading.main else None)
        for section, steps in ((reading.main, scenario.steps), (reading.init, scenario.init))
    ]
    for check in checks:
        for subject in subjects:
            check(subject, problems)
