"""The life cycle of assets: states, deadlines, the disposal gap, and what is told of them."""
