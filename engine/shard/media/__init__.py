# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ties the calls of a shard to their media: sockets, times, and what actions ask for. The rest is in `engine.media`."""
