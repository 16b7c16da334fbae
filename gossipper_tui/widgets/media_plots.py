# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media over time: a panel for each figure."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.media_plots import jitter_plot, loss_plot, mos_plot, packets_plot
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class PacketsPlot(Panel):
    """Packets a second in both directions."""

    TITLE = "Packets/s"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.media_plots.packets_plot`."""
        return packets_plot(history, width, height)


class MosPlot(Panel):
    """How good what came was."""

    TITLE = "MOS"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.media_plots.mos_plot`."""
        return mos_plot(history, width, height)


class JitterPlot(Panel):
    """How unevenly it came."""

    TITLE = "Jitter"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.media_plots.jitter_plot`."""
        return jitter_plot(history, width, height)


class LossPlot(Panel):
    """How much of it did not come."""

    TITLE = "Loss"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.media_plots.loss_plot`."""
        return loss_plot(history, width, height)
