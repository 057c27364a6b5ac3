"""Certificate causes: validity, identity, the path to a trust anchor, content."""
