"""The files as they are written: their shape, their lines, their names."""
