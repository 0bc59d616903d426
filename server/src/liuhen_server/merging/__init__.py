"""Agencies that are merged into another (机构合并): proposed, confirmed by another person, and what goes to the successor."""
