"""Debian packages of dock, archive and witness: a virtual environment from the hash-pinned lock, units, rules, maintainer scripts."""
