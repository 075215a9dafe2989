"""Who may do what: accounts, what is told to whom, and by what somebody is known."""
