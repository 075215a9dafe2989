"""What the EAM keeps of its log for a pipeline, and when that begins to hurt: also while nobody reads."""

from collections.abc import Iterator, Mapping
from typing import Final

from syncd.ports import Finding

GIGABYTE: Final = 1 << 30
SAFE_SHARE_MIN: Final = 0.3
"""Of what the server may keep for the slot; with less left it is said."""
RETAINED_BYTES_MAX: Final = 10 * GIGABYTE
"""Where the server sets no limit the disk is the limit, and that cannot be seen from here."""
ROWS_MAX: Final = 1_000_000


def of_note(note: Mapping[str, str]) -> dict[str, str]:
    """The sizes in what a reader notes of its source, by the names that a holding gives them."""
    names = {"retained_bytes": "retained_bytes", "safe_wal_size": "safe_bytes", "wal_status": "wal_status"}
    names |= {name: name for name in ("expires_s", "expires_of_s", "longer")}
    return {ours: note[name] for name, ours in names.items() if note.get(name)}


def warnings(sizes: Mapping[str, str]) -> Iterator[Finding]:
    """What is too large, or will soon be thrown away."""
    retained, safe = int(sizes.get("retained_bytes") or 0), sizes.get("safe_bytes", "")
    if sizes.get("wal_status") in ("unreserved", "lost"):
        yield Finding("error", f"kept_{sizes['wal_status']}", {})
    elif safe and int(safe) < SAFE_SHARE_MIN * (int(safe) + retained):
        yield Finding("warning", "kept_running_out", {"left": shown(int(safe))})
    elif not safe and retained > RETAINED_BYTES_MAX:
        yield Finding("warning", "kept_large", {"retained": shown(retained)})
    if "expires_s" in sizes and (left_s := float(sizes["expires_s"])) < SAFE_SHARE_MIN * float(sizes["expires_of_s"]):
        said = {"left_h": f"{max(left_s, 0) / 3600:.1f}", "longer": sizes["longer"]}
        yield Finding("warning" if left_s > 0 else "error", "kept_expiring", said)
    if int(sizes.get("rows") or 0) > ROWS_MAX:
        yield Finding("warning", "kept_rows", {"rows": f"{int(sizes['rows']):,}"})


def shown(bytes_count: int) -> str:
    """A size for people."""
    size, unit = float(bytes_count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024 or unit == "TB":
            break
        size /= 1024
    return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
