"""Debezium Engine within this process, as a source."""
