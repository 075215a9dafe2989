"""The SQL of MySQL and MariaDB as it stands in their logs: as much of it as says what becomes of a table."""
