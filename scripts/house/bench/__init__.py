"""Every benchmark, each beside its reference in one run: one JSON line each on stdout (form: docs/operations.md)."""
