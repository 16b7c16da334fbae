# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is counted and measured of media (RTP, RTCP, what protects them and what is said in them). All of it adds.

A *leg* is one `m=` line of one call: it may send a stream, receive one, or both.
"""

from __future__ import annotations

import msgspec

from engine.messages.distributions import Distribution, Percentiles
from engine.messages.histogram import Histogram


class MediaCounters(msgspec.Struct, kw_only=True):
    """What the media of a run did. Octets are those of RTP's packets, without what protects them.

    `streams_out` and `streams_in` are legs that send and that receive now, `legs` all that there were. `expected` packets are
    those that sequence numbers say were sent to us, `lost` those of them that did not come (RFC 3550 appendix A.3), `gaps`
    the times without packets that a listener hears, `late` packets that came too late to be played (both of legs that ended).
    `garbage` is neither RTP nor RTCP nor DTLS nor STUN, `foreign` belongs to no call. `unprotected` came in the clear where
    SRTP was agreed, `srtp_replayed` came a second time, `srtp_rejected` did not prove its key. `kernel_drops` are packets
    that the kernel threw away because we did not read them, `send_errors` those that it did not take, `skipped` those that
    were not sent because their time had passed. `no_port` are calls for which there was no port, `keys_failed` legs that got
    no keys of SRTP, `dtls_failed` those of them whose handshake failed. `one_way`, `silent` and `clipped` are legs whose
    audio was found to be so. `recording_drops` are packets that a recording left out because the disk was too slow.
    """

    legs: int = 0
    streams_out: int = 0
    streams_in: int = 0
    packets_sent: int = 0
    octets_sent: int = 0
    packets_received: int = 0
    octets_received: int = 0
    expected: int = 0
    lost: int = 0
    gaps: int = 0
    late: int = 0
    duplicates: int = 0
    reordered: int = 0
    rtcp_sent: int = 0
    rtcp_received: int = 0
    garbage: int = 0
    foreign: int = 0
    ssrc_changes: int = 0
    srtp_replayed: int = 0
    srtp_rejected: int = 0
    unprotected: int = 0
    keys_failed: int = 0
    dtls_failed: int = 0
    no_port: int = 0
    send_errors: int = 0
    skipped: int = 0
    kernel_drops: int = 0
    digits_sent: int = 0
    digits_received: int = 0
    checks_passed: int = 0
    checks_failed: int = 0
    one_way: int = 0
    silent: int = 0
    clipped: int = 0
    recordings: int = 0
    recording_drops: int = 0

    def plus(self, other: MediaCounters) -> MediaCounters:
        """Both together."""
        return MediaCounters(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class MediaNumbers(msgspec.Struct, kw_only=True):
    """All that is known of the media of a run, or of a shard. Counters count since the start.

    Histograms of durations are in ns, those of `loss` in parts per million, those of `mos` in thousandths (1000 to 4500).
    `lateness`: how late each packet was sent; its one bound parts those that were too late.
    Of what legs received, one value a leg at its end: `loss`, `jitter` (the mean of RFC 3550's), `jitter_max`, `gap` (the
    longest time without a packet), `mos`. `jitter_seen` and `mos_seen` are the same of a few seconds each, while legs go on.
    Of what legs sent, as the peers' RTCP tells, one value a leg: `sent_loss`, `sent_jitter`, `sent_mos`.
    `round_trip`: each that RTCP measured. `audio_latency`: from the end of what we said to the first sound of each answer.
    """

    counters: MediaCounters
    lateness: Histogram
    loss: Histogram
    jitter: Histogram
    jitter_max: Histogram
    gap: Histogram
    mos: Histogram
    jitter_seen: Histogram
    mos_seen: Histogram
    sent_loss: Histogram
    sent_jitter: Histogram
    sent_mos: Histogram
    round_trip: Histogram
    audio_latency: Histogram

    def histograms(self) -> dict[str, Histogram]:
        """The histograms by their names."""
        return {name: getattr(self, name) for name in MEDIA_HISTOGRAMS}


MEDIA_HISTOGRAMS: tuple[str, ...] = tuple(name for name in MediaNumbers.__struct_fields__ if name != "counters")
"""The names of the histograms in `MediaNumbers`."""


class MediaSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The media of a finished run; what each figure is, `MediaNumbers` says."""

    counters: MediaCounters
    lateness: Percentiles
    loss_percent: Distribution
    jitter: Percentiles
    jitter_max: Percentiles
    gap: Percentiles
    mos: Distribution
    sent_loss_percent: Distribution
    sent_jitter: Percentiles
    sent_mos: Distribution
    round_trip: Percentiles
    audio_latency: Percentiles
