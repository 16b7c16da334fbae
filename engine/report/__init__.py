# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run leaves behind in files: SIPp's table and message log, and the JSON summary. It writes down, it never measures.

What goes into a file is made by pure functions from events; the few functions that open or write a file say so by their
names. A file that cannot be written raises ReportError, one line that names it.
"""
