"""The justice department's oversight of every agency (docs/adr/0023)."""
