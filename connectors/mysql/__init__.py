"""MySQL and MariaDB: their binary log as a source, and what the ledger shares with it."""
