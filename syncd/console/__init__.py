"""Pages and forms over the desk and the books: a process of its own, which posts nothing."""
