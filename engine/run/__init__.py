# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run from its configuration to its summary: it validates, starts shards, and merges what they report.

`commands` answers the bus, `validation` says what is wrong with a configuration, `links` starts shards in this process
or in children, `run` is the life of one run. Nothing here touches a socket of a call.
"""
