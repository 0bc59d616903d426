"""Publicity of enforcement (行政执法公示): what is public, in versions that three people made so, and the site that shows it (docs/adr/0020)."""
