"""See: the only rooms that touch sockets, files, environment and clock. What they find becomes facts."""
