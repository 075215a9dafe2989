"""What tests wait for: that nothing which was collected is due and not posted yet."""


def due(prefix: str) -> str:
    """How many rows are; `prefix` is that of syncd's tables, `syncd.` or `syncd_`."""
    return (
        f"SELECT count(*) FROM {prefix}collected c WHERE posted = '' AND (due = 1 OR (due = 0 AND EXISTS ("
        f"SELECT 1 FROM {prefix}released r WHERE r.pipeline = c.pipeline AND r.rule = c.rule"
        " AND substr(c.grp, 1, length(r.grp)) = r.grp)))"
    )
