# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of SIPp's language works, as a table that names the tests for each row.

`table` says what a row is, `rows` holds them by subject, `python -m tests.compatibility` prints docs/compatibility.md, and
`python -m tests.compatibility.breaking` breaks one row after the other and tells which go unnoticed.
"""
