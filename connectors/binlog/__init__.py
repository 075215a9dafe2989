"""The binary log of MySQL and MariaDB: bytes in, rows out."""
