"""Who may enter the archive's pages, and what each may see: accounts, passwords, lock-out, sessions, API tokens."""
