"""syncd: what happens to an asset in the EAM becomes a card and a voucher in finance."""

__version__ = "0.4.0"
