"""What finance computes and compares: depreciation, reconciliation."""
