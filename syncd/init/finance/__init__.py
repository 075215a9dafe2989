"""What a finance database's tables are, and how its vouchers run."""
