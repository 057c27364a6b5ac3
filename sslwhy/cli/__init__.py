"""The command line: check, explain, causes, demo, trust, run. The only rooms that print."""
