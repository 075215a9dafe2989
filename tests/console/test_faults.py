"""What is wrong with an address, a form or ourselves is a page in the reader's language, with what to do; never a line
of a framework.
"""

import pytest
from fastapi.testclient import TestClient

from syncd.console import overview
from tests.advice import advice, heard
from tests.console.site import Site
from tests.console.test_pages import sign_in
from tests.console.test_parked import many, text

__all__ = ["many"]


@advice("page_nowhere", "page_unreadable")
@pytest.mark.parametrize(
    ("code", "status", "address"),
    [
        ("page_nowhere", 404, "/nowhere"),
        ("page_nowhere", 405, "/audit/verify"),
        ("page_unreadable", 422, "/parked/row?pipeline=main&id=one"),
        ("page_unreadable", 422, "/parked/row"),
    ],
)
def test_a_wrong_address_leads_back_to_the_overview(reader: TestClient, code: str, status: int, address: str) -> None:
    sign_in(reader)
    page = reader.get(address)
    assert page.status_code == status
    heard(code, text(page))
    assert '<a class="name" href="/">' in page.text
    assert reader.get("/").status_code == 200
    sign_in(reader, "nobody")
    assert "<h1>" in reader.get("/nowhere", headers={"cookie": ""}).text, "who is not signed in is told too"


@advice("page_unexpected")
def test_what_nobody_foresaw_is_a_page_without_what_it_was_about(
    reader: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object, **__: object) -> None:
        raise ValueError("secret of 120000")

    sign_in(reader)
    calm = TestClient(reader.app, raise_server_exceptions=False, cookies=reader.cookies, headers=reader.headers)
    with monkeypatch.context() as broken:
        broken.setattr(overview, "page", wrong)
        answer = calm.get("/")
    assert (answer.status_code, "120000" in answer.text) == (500, False)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert heard("page_unexpected", text(answer))["error"].startswith("ValueError")
    assert calm.get("/").status_code == 200


def test_the_language_is_switched_and_what_was_chosen_stays(client: TestClient, many: Site) -> None:
    sign_in(client)
    page = client.get("/parked/bulk?pipeline=main&what=retry&id=1&id=2&id=3&lang=zh")
    assert "/parked/bulk?pipeline=main&amp;what=retry&amp;id=1&amp;id=2&amp;id=3&amp;lang=en" in page.text
