"""The peer, asked by bounded connections: what is worth asking after a failure, and the answers."""
