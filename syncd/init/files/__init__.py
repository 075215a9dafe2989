"""What is proposed, as the files that it is written in."""
