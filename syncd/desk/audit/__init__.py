"""Whether the record is whole, and finance still holds what was posted."""
