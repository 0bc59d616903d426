"""The dock (采集站): takes footage off recorders, proves what it took, sends it to the archive, and clears a recorder only
on receipts it has checked itself."""

__version__ = "0.1.0"
