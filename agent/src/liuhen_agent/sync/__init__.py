"""The dock's side of the archive: entries, bytes, receipts, and a watchful eye on the log."""
