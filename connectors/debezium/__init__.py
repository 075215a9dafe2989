"""Debezium's messages as changes."""
