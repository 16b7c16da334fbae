# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pauses, and the distributions that they and the action sample draw from."""

from __future__ import annotations

from tests.compatibility.table import Row, Section, tests_in

CALL = tests_in("engine/call/test_call.py")
DISTRIBUTIONS = tests_in("engine/scenario/test_distributions.py")
PAUSES = tests_in("engine/scenario/test_pauses.py")
LOAD = tests_in("engine/scenario/test_load.py")

DRAWS = DISTRIBUTIONS("test_draws_follow_the_distribution")

SECTION = Section(
    title="Pauses and distributions",
    about="Each distribution is tested with a seed against its distribution function (Kolmogorov and Smirnov).",
    rows=(
        Row(
            what="`<pause>`",
            does="Waits; without an attribute as long as `-d` says.",
            covers="element:pause",
            tests=PAUSES("test_pauses_that_are_always_as_long") + CALL("test_a_whole_call_succeeds_and_is_measured"),
        ),
        Row(
            what="`pause milliseconds`",
            does="So long. What is below 0 is 0.",
            covers="attribute:pause.milliseconds",
            tests=PAUSES("test_pauses_that_are_always_as_long"),
        ),
        Row(
            what="`pause variable`",
            does="As many ms as the variable holds.",
            covers="attribute:pause.variable",
            tests=PAUSES("test_pauses_as_long_as_a_variable_says") + CALL("test_a_pause_is_as_long_as_its_call_says"),
        ),
        Row(
            what="`pause distribution`",
            does="As many ms as are drawn.",
            covers="attribute:pause.distribution",
            tests=PAUSES("test_pauses_that_are_drawn"),
        ),
        Row(
            what="`pause sanity_check`",
            does="A pause that may be longer than 25 days is refused, unless this is `false`.",
            covers="attribute:pause.sanity_check",
            tests=PAUSES("test_what_is_not_sane_may_be_allowed"),
        ),
        Row(
            what='`<pause normal="true" mean=… />` and SIPp\'s other old short forms',
            does="Still load: `min`/`max` alone, `normal`, `lognormal`, `exponential`, `weibull`, `pareto`, `gamma`.",
            covers="short-forms:pause",
            tests=DISTRIBUTIONS("test_old_forms_of_pauses") + PAUSES("test_pauses_that_are_drawn"),
        ),
        Row(
            what="`<timewait>`",
            does="The call counts as finished; it stays only to absorb retransmissions. It can only be the last step.",
            covers="element:timewait",
            tests=CALL("test_a_server_answers_and_waits_to_absorb_repetitions", "test_a_timewait_may_be_drawn")
            + LOAD("test_what_is_refused"),
        ),
        Row(
            what="Actions of a pause",
            does="Run at its start.",
            tests=tests_in("engine/call/test_flow.py")("test_actions_of_a_pause_run_at_its_start"),
        ),
        Row(
            what="`fixed` (`value`)",
            does="Always the same.",
            covers="distribution:fixed",
            tests=DISTRIBUTIONS("test_where_nothing_is_left_to_chance") + PAUSES("test_pauses_that_are_always_as_long"),
        ),
        Row(
            what="`uniform` (`min`, `max`)",
            does="Any value between, with equal chance.",
            covers="distribution:uniform",
            tests=DRAWS,
        ),
        Row(
            what="`normal` (`mean`, `stdev`)",
            does="The normal distribution.",
            covers="distribution:normal",
            tests=DRAWS,
        ),
        Row(
            what="`lognormal` (`mean`, `stdev`)",
            does="Its logarithm is normal, with this mean and deviation.",
            covers="distribution:lognormal",
            tests=DRAWS,
        ),
        Row(
            what="`exponential` (`mean`)",
            does="The exponential distribution.",
            covers="distribution:exponential",
            tests=DRAWS,
        ),
        Row(
            what="`weibull` (`lambda`, `k`)",
            does="Scale and shape.",
            covers="distribution:weibull",
            tests=DRAWS,
        ),
        Row(
            what="`pareto` (`k`, `x_m`)",
            does="Shape and least value.",
            covers="distribution:pareto",
            tests=DRAWS,
        ),
        Row(
            what="`gpareto` (`shape`, `scale`, `location`)",
            does="The generalised Pareto distribution.",
            covers="distribution:gpareto",
            tests=DRAWS,
        ),
        Row(
            what="`gamma` (`k`, `theta`)",
            does="Shape and scale.",
            covers="distribution:gamma",
            tests=DRAWS,
        ),
        Row(
            what="`negbin` (`p`, `n`)",
            does="Failures before `n` successes that have the probability `p` each.",
            covers="distribution:negbin",
            tests=DISTRIBUTIONS("test_negative_binomial_draws_are_failures_before_successes"),
        ),
        Row(
            what="A distribution that is none",
            does="Refused with the nearest known one, and so is a parameter that is missing or out of bounds.",
            tests=DISTRIBUTIONS("test_what_is_no_distribution"),
        ),
    ),
)
