# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where tracks come from: the bytes of a file, or nothing but a description; what reads the files stands elsewhere."""
