"""The rules at work: compiled to Python, run over batches, tried again."""
