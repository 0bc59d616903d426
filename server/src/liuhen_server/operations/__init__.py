"""What an administrator does with a whole archive: found it, open it, verify it, scrub its store."""
