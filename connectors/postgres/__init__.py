"""PostgreSQL: its log as a source."""
