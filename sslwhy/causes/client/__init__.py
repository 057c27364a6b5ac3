"""Client certificate causes: demanded, refused, or not usable on this side."""
