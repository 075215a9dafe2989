"""Reconciliation: both sides compared, and why they differ."""
