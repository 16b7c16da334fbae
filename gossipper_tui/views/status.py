# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a run stands, in parts and in one line: the status line of every interface."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages import Role, RunStarted, RunState, Snapshot, TlsState, Verdict
from engine.options import RunConfig
from engine.options.transports import title_of
from gossipper_tui.views import media, numbers, queues

STATE_MARKS = {RunState.RUNNING: "●", RunState.PAUSED: "‖", RunState.FINISHING: "◌", RunState.FINISHED: "■"}
"""A mark for each state; the state's name stands beside it, so that neither colour nor mark is needed to tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The parts of a status line. `call_rate` is calls begun per second since the previous snapshot, `target_rate` what
    was asked for (0 for a server or with users)."""

    title: str
    state: RunState
    elapsed_ns: int
    call_rate: float
    target_rate: float
    open: int
    successful: int
    failed: int
    p99_ns: int | None
    verdict: Verdict
    security: str
    media: str
    dropped: str

    def line(self, width: int) -> str:
        """One line of at most `width` columns; reasons, then the least important parts go first when it is narrow."""
        verdict = verdict_text(self.verdict)
        parts = self._parts(verdict)
        if len("  ".join(text for _, text in parts)) > width:
            parts = self._parts(verdict.partition(":")[0])
        kept = sorted(range(len(parts)), key=lambda index: parts[index][0])
        while kept:
            text = "  ".join(parts[index][1] for index in sorted(kept))
            if len(text) <= width or len(kept) == 1:
                return text if len(text) <= width else text[: max(0, width - 1)] + "…"
            kept.pop()
        return ""

    def _parts(self, verdict: str) -> list[tuple[int, str]]:
        """Rank (0 is the most important) and text of each part, in the order in which they are shown."""
        target = f"/{numbers.rate(self.target_rate)}" if self.target_rate else ""
        return [
            (0, f"{STATE_MARKS[self.state]} {self.state.value:<9} {numbers.clock(self.elapsed_ns)}"),
            (8, self.title),
            (1, f"{numbers.rate(self.call_rate) + target:>9} calls/s"),
            (4, f"{numbers.count(self.open, 6)} open"),
            (3, f"{numbers.count(self.successful, 7)} ok"),
            (2, f"{numbers.count(self.failed, 4)} failed"),
            *([(9, f"p99 {numbers.duration(self.p99_ns, 7)}")] if self.p99_ns is not None else []),
            *([(7, self.media)] if self.media else []),
            *([(6, self.security)] if self.security else []),
            *([(3, self.dropped)] if self.dropped else []),
            (5, verdict),
        ]


def status(started: RunStarted, snapshot: Snapshot, previous: Snapshot | None = None) -> Status:
    """The status at `snapshot`; rates are taken from `previous` on, or from the start when there is none."""
    counters = snapshot.counters
    begun, since_ns = counters.created, snapshot.elapsed_ns
    if previous is not None:
        begun, since_ns = begun - previous.counters.created, since_ns - previous.elapsed_ns
    first_timer = next(iter(snapshot.response_times.values()), None)
    return Status(
        title=run_title(started),
        state=snapshot.state,
        elapsed_ns=snapshot.elapsed_ns,
        call_rate=begun * 1e9 / since_ns if since_ns > 0 else 0.0,
        target_rate=snapshot.target_rate if started.scenario.role is Role.UAC else 0.0,
        open=counters.open,
        successful=counters.successful,
        failed=counters.failed,
        p99_ns=first_timer.percentiles_ns(99)[0] if first_timer and first_timer.count else None,
        verdict=snapshot.verdict,
        security=security_warning(snapshot.tls),
        media=media.phrase(snapshot, previous),
        dropped=queues.phrase(snapshot),
    )


def run_title(started: RunStarted) -> str:
    """Which scenario runs between whom: `uac → 10.0.0.5:5060 udp`, `uas on 0.0.0.0:5060 udp`."""
    config, role = started.config, started.scenario.role
    place = f"→ {config.remote}" if role is Role.UAC else f"on {started.local}"
    return f"{scenario_name(config)} {place} {title_of(config.transport, role)}"


def scenario_name(config: RunConfig) -> str:
    """The name of a configuration's scenario: a file without its folder, or the built-in one's."""
    return config.scenario_file.rpartition("/")[2] or config.scenario_name or "uac"


def security_warning(tls: TlsState | None) -> str:
    """What a person should know about TLS while calls go on: that nobody knows whom they go to."""
    return "TLS, not verified" if tls is not None and tls.verified is False else ""


def security_text(tls: TlsState) -> str:
    """What TLS gave a run: `TLS, verified · TLSv1.3 TLS_AES_256_GCM_SHA384`."""
    checked = {True: "TLS, verified", False: "TLS, not verified", None: "TLS, no certificates asked for"}[tls.verified]
    return f"{checked} · {tls.version} {tls.cipher}" if tls.version else checked


def verdict_text(verdict: Verdict) -> str:
    """Whether the numbers can be believed, with a mark: `✔ trustworthy`, `✘ generator-limited: late starts`."""
    return f"{'✔' if verdict.trustworthy else '✘'} {verdict}"
