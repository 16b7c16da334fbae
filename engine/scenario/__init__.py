# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's scenario language: XML → checked `Scenario` → compiled `Program`. Nothing here runs a call."""
