"""The mapping language: what a change in the EAM means to finance."""
