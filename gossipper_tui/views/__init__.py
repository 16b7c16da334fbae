# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an interface shows, as plain functions: events in; rows, series and text out. No textual, no terminal."""
