"""Depreciation: computed, run, previewed, and worked out a second time."""
