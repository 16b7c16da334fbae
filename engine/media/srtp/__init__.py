# SPDX-License-Identifier: AGPL-3.0-or-later
"""SRTP: suites and keys (`suites`), how they are agreed on in SDP (`sdes`) or by DTLS (`dtls`), and packets (`session`)."""
