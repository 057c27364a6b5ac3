"""The registries of TLS: suites, groups, signature schemes, alerts, and the reason symbols of OpenSSL."""
