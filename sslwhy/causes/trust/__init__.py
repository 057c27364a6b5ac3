"""Trust store causes: which anchors were in force, and whether they are the trouble."""
