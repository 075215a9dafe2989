"""Ledgers: what SQL databases share, and one file for each that does it in its own way."""
