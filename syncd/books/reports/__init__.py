"""The reports of a month: sheets made of figures, and how they are written."""
