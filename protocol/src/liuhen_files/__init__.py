"""What dock, archive and witness need of the machine: files that survive a power cut, files that stay secret, the event loop."""
