"""Tell: the report, its parts, and its renderers. The only rooms that know layout and colour."""
