"""What is told outside: deliveries that were decided, sent by relays, seen and sent again by people."""
