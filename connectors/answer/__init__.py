"""Answers to the EAM: a statement of its own database, done for a row."""
