"""Who may write to this archive: its certificate authority, enrolment, docks and their keys."""
