"""The public site: plain files that say the same to everybody, on a web server or from a disk."""
