"""What a database shows: its schema, a sample of its rows, and what names and values are like."""
