"""A change table that triggers write, as a source."""
