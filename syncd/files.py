"""Where the files are that syncd ships beside its code: mappings and migrations."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent


def shipped(*parts: str) -> Path:
    """A shipped file or folder, `shipped("mappings", "demo.yaml")`: inside an installed wheel, else in the checkout."""
    inside = _PACKAGE / "shipped"
    return (inside if inside.is_dir() else _PACKAGE.parent).joinpath(*parts)
