"""Catch: the only rooms that know zeep, requests and httpx. Drop-ins, and what a traceback tells of their calls."""
