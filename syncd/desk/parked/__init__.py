"""Parked rows: corrected, tried again, given up, agreed to."""
