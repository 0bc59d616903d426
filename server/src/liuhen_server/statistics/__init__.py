"""The annual tables (行政执法统计年报): counted from the cases themselves, signed off, printed (docs/adr/0022)."""
