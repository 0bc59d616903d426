"""What docks send: entries, uploads, and the questions they ask about both (receipts, head)."""
