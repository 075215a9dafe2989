"""What a rule can say, a verb a file: its shape in YAML, how it is read, what code it becomes, what can be wrong."""
