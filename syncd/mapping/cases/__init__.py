"""Golden cases: source rows in, cards and vouchers out."""
