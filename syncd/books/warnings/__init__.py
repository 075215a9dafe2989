"""What is worth a look in what was posted. Nothing waits for it, and it keeps nothing."""
