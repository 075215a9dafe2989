"""The demonstration: an EAM and a general ledger in two SQLite files, and a month of asset life between them."""

from syncd.demo.show import run

__all__ = ["run"]
