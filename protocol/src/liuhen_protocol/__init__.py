"""Liuhen's formats and verifier: pure functions over frozen values, no I/O, no clock, no randomness."""
