"""The shape of finance: how cards, vouchers and entries lie in its tables."""
