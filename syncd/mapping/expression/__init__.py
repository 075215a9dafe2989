"""SQL expressions, read once: their kinds, and how Python and each database say them."""
