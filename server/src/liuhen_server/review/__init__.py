"""Legal review of major decisions (法制审核): lists, submissions, opinions (docs/adr/0020)."""
