"""The mapping language: what a change in the EAM means to finance."""

from syncd.mapping.load import Mapping, load

__all__ = ["Mapping", "load"]
