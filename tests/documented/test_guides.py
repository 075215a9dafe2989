"""What the guide for DBAs lets them ask their servers."""

import re
from contextlib import closing

import pytest

from tests.acceptance.databases import connected
from tests.tidy.tree import ROOT


def _asked(language: str, section: str) -> list[str]:
    """The statements of a section that only look."""
    text = (ROOT / "docs" / language / "dba.md").read_text("utf-8")
    part = next(one for one in text.split("\n## ") if one.startswith(section))
    blocks = re.findall(r"^```sql\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    statements = re.sub(r"--.*", "", "".join(blocks)).split(";")
    return [one.strip() for one in statements if one.strip().startswith(("SELECT", "SHOW"))]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("section", "made"), [("PostgreSQL", "new_database"), ("MySQL", "new_mariadb")])
def test_a_server_can_be_asked_what_the_guide_asks(
    language: str, section: str, made: str, request: pytest.FixtureRequest
) -> None:
    asked = _asked(language, section)
    assert len(asked) == 3
    with closing(connected(request.getfixturevalue(made)())) as server:
        for statement in asked:
            server.rows(statement)
