"""Whose Date is believed: that of a reply of the service's own, made for this very request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.destinations.answers import speaks_of_failure
from agent.destinations.attempt import health_of
from agent.destinations.outcomes import Service, own_date
from agent.destinations.reply import Reply
from tests.support.folders import HandClock

SERVICE = Service("service", "https://service.example.com", "main-street", "api_key")
SAID = "Sat, 04 Jul 2026 09:00:00 GMT"
MOMENT = datetime(2026, 7, 4, 9, 0, tzinfo=UTC)
JSON = {"content-type": "application/json", "date": SAID}
OWN_ERROR = {"title": "Bad Request", "detail": "no", "instance": "/x"}


def has_number(content) -> bool:
    return "number" in content and not speaks_of_failure(content)


@pytest.mark.parametrize(
    ("reply", "believed"),
    [
        (Reply(201, JSON, {"number": 1}), MOMENT),
        (Reply(400, JSON, OWN_ERROR), MOMENT),
        (Reply(500, JSON, OWN_ERROR | {"properties": {"errors": []}}), MOMENT),
        (Reply(500, JSON, OWN_ERROR), None),
        (Reply(201, JSON, {"ok": True}), None),
        (Reply(201, JSON, {"number": 1}, whole=False), None),
        (Reply(400, JSON, {"status": 400}), None),
        (Reply(502, JSON, {"error": "bad gateway"}), None),
        (Reply(201, JSON, []), None),
        (Reply(201, JSON, ""), None),
        (Reply(200, {"content-type": "text/html", "date": SAID}, "<html>"), None),
        (Reply(201, JSON | {"age": "3600"}, {"number": 1}), None),
        (Reply(201, JSON | {"date": "yesterday"}, {"number": 1}), None),
        (Reply(201, JSON | {"date": "Thu, 01 Jan 1970 00:00:00 GMT"}, {"number": 1}), None),
        (Reply(201, JSON | {"date": "Fri, 31 Dec 9999 23:59:59 GMT"}, {"number": 1}), None),
        (Reply(201, {"content-type": "application/json"}, {"number": 1}), None),
    ],
)
def test_only_a_reply_of_the_services_own_tells_its_time(reply: Reply, believed: datetime | None) -> None:
    assert own_date(reply, SERVICE, has_number) == believed


@pytest.mark.parametrize("status", [200, 403])
def test_a_look_at_the_service_tells_its_time_whatever_it_says(status: int) -> None:
    reply = Reply(status, JSON, {"entities": []} if status == 200 else OWN_ERROR)

    def look(heard):
        heard(reply)
        return reply

    assert health_of(look, SERVICE, HandClock()).service_date == MOMENT
