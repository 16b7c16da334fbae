# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's flags that are no option of a run: tables that `gossipper_tui.cli.arguments` reads.

A flag leaves this file when it becomes an option in `engine.options`.
"""

from __future__ import annotations

from engine.options import FLAGS

_MEASURED = "nothing to watch: how late each call starts is measured and reported"
_TOLD = "nothing to write: a call that failed a check of its media says what was wrong"

TUNING_FLAGS = {
    "-timer_resol": "nothing to tune: a timer fires when it is due",
    "-max_recv_loops": "nothing to tune: receiving and starting calls share the time by themselves",
    "-max_sched_loops": "nothing to tune: a call runs when it is due",
    "-watchdog_interval": _MEASURED,
    "-watchdog_reset": _MEASURED,
    "-watchdog_minor_threshold": _MEASURED,
    "-watchdog_major_threshold": _MEASURED,
    "-watchdog_major_maxtriggers": _MEASURED,
    "-watchdog_minor_maxtriggers": _MEASURED,
    "-mb": "nothing to tune: an echo takes packets of any size",
    "-rtp_threadtasks": "nothing to tune: all streams are sent by one clock, which needs no threads",
    "-rtp_buffsize": "nothing to tune: media sockets have the buffers that their load needs",
    "-rtpcheck_debug": _TOLD,
    "-srtpcheck_debug": _TOLD,
}
"""Flags that are accepted and change nothing, and why (shown under `-v`)."""

BARE_TUNING_FLAGS = frozenset({"-rtpcheck_debug", "-srtpcheck_debug"})
"""Those of them that take no argument."""

ACTION_FLAGS = {
    "-sd": ("-sd", 1),
    "-v": ("-v", 0),
    "-version": ("-v", 0),
    "--version": ("-v", 0),
    "-h": ("-h", 0),
    "-help": ("-h", 0),
    "--help": ("-h", 0),
}
"""Flags that print something and end: the name they go by, and how many arguments they take."""

_UNBUILT = """
    -ci -cp -multihome -heartbeat -assocmaxret -pathmaxret -pmtu -gracefulclose -bg -plugin -sleep -sendbuffer_warn
    -rate_increase -rate_interval -rate_max -no_rate_quit -3pcc -master -slave -slave_cfg -f -periodic_rtd -trace_shortmsg
    -shortmessage_file -shortmessage_overwrite -trace_counts -trace_err -error_file -error_overwrite -trace_error_codes
    -trace_screen -screen_file -screen_overwrite -trace_rtt -rtt_freq
    -trace_logs -log_file -log_overwrite -ringbuffer_files -ringbuffer_size -max_log_size
"""
UNBUILT_FLAGS = frozenset(_UNBUILT.split()) - FLAGS.keys()
"""Flags that SIPp has and we have not built: refused by name, never swallowed."""
