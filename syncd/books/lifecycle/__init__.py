"""Where assets stand between use and disposal: states and deadlines out of the record, and what is told of them."""
