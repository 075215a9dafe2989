"""Closing a month: what must hold, each with its rows and with what mends it."""
