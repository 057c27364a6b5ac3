"""Trust anchors: which store was in force and who chose it; the stores of this machine."""
