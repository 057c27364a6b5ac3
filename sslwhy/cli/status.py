"""Exit statuses of the command line."""

from __future__ import annotations


FINE = 0
"""All is fine."""

PROBLEM = 1
"""A problem was found."""

USAGE = 2
"""The command could not be used as given, or nothing could be learned."""
