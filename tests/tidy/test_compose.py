"""compose.yaml, which no test can run: that it can be read, and refers to nothing that is not in it."""

from typing import Any

import yaml

from tests.tidy.tree import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def test_services_wait_for_services_and_keep_volumes_that_there_are() -> None:
    services = COMPOSE["services"]
    assert {"postgres", "mariadb", "kafka", "connect", "syncd"} <= services.keys()
    for name, service in services.items():
        assert ("image" in service) != ("build" in service), name
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in ("service_healthy", "service_completed_successfully")
            assert "healthcheck" in services[other] or how["condition"] != "service_healthy", f"{name}: {other}"
        named = [v.partition(":")[0] for v in service.get("volumes", ()) if not v.startswith(".")]
        assert set(named) <= COMPOSE["volumes"].keys(), name


def test_images_are_called_by_their_well_known_names() -> None:
    """No registry's address."""
    images = [service["image"] for service in COMPOSE["services"].values() if "image" in service]
    assert all("." not in image.partition("/")[0] or "/" not in image for image in images), images
