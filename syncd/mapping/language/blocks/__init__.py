"""The blocks of a mapping beside its rules: what each says, and what it compiles to."""
