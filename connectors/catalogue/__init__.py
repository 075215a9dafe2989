"""What a database says of itself: tables, columns, keys, and the newest rows of each. Read only; for `syncd init`."""
