"""The mapping file: its shape, its rules read and checked, all that is wrong with it."""
