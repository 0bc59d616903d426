"""Who this dock is: its keys, its certificate, and whom it trusts. Enrolment once, renewal before expiry."""
