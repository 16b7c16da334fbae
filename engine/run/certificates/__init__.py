# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates for a lab: a CA, and what it issues for a server and for a client.

`names` says for whom a certificate is good, `authority` makes the CA or takes the one that is there, `pairs` is what every
certificate has, `files` writes all or nothing, `making` puts it together. The package that does the cryptography takes a
while to import: import this one where certificates are made, and nowhere else.
"""

from __future__ import annotations

from engine.run.certificates.making import make_certificates

__all__ = ["make_certificates"]
