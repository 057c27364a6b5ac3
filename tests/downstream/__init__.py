"""The libraries' own test suites, run with their classes and with ours, compared test by test."""
