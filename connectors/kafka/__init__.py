"""Debezium's topics as a source."""
