"""What an EAM's tables are, and what its rows say of assets."""
