"""What has to be done by when: the year's notice of working days, one table of every clock, who has to act, and reminders."""
