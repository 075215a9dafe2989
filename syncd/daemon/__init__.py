"""The daemon: what carries changes from the source to the ledger, and what keeps it going."""
