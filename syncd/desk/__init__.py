"""What people do and ask: parked rows, approvals, trace, verification; for command line and console alike."""
