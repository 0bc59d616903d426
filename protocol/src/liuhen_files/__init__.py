"""Files that must survive a power cut, and files that must stay secret: shared by the dock and the archive."""
