"""Drafts, decisions, their service and execution (docs/adr/0020)."""
