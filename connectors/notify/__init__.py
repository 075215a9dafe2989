"""People told, and other systems: mail, chat groups, webhooks."""
