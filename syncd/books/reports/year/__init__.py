"""The sheets of a year, which come with those of its last month."""
