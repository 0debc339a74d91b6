"""What was typed outlasts an agent that starts anew, and a page that locks itself, between the form and saving it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import files
from tests.support.forms import Form
from tests.support.page import browser
from tests.support.simulated_desk import SimulatedDesk
from tests.support.simulated_practice import REFUSE

TYPED = {name: str(value) for name, value in json.loads(files.sidecar(claimId="CLM-TYPED")).items()}


@pytest.fixture
def desk(tmp_path: Path) -> SimulatedDesk:
    return SimulatedDesk(tmp_path)


def form_of(desk: SimulatedDesk, kind: str) -> Form:
    if kind == "complete":
        desk.drop("SCN_7.jpg", files.jpeg())
        desk.pass_(minutes=1)
        return Form.of(desk.client.get(desk.scan_form("SCN_7.jpg")))
    desk.service().script = [REFUSE]
    desk.drop("PA.jpg", files.jpeg())
    desk.drop("PA.json", files.sidecar(claimId="CLM-OWN"))
    desk.pass_(minutes=1)
    return Form.of(desk.client.get(f"/packet/{desk.failed_one()}/metadata"))


@pytest.mark.parametrize("happens", ["the agent starts anew", "the page locks itself"])
@pytest.mark.parametrize("kind", ["complete", "correct"])
def test_a_form_that_comes_too_late_is_given_back_whole_and_saved_after_all(
    desk: SimulatedDesk, kind: str, happens: str
) -> None:
    form = form_of(desk, kind)
    if happens == "the agent starts anew":
        desk.restart()
        desk.pass_(minutes=1)
        client = browser(desk.desk)
    else:
        client = desk.client
        desk.pass_(minutes=20)
    answer = form.send(client, **TYPED)
    assert answer.status_code == 403
    assert "What you typed was not saved" in answer.text
    kept = Form.of(answer)
    assert kept["claimId"] == "CLM-TYPED"
    assert kept.send(client).status_code == 403  # not before the page was opened from the tray
    client.sign_in()
    assert kept.send(client).status_code == 303
    desk.pass_(minutes=1)
    assert desk.went() == [("CLM-TYPED", [files.jpeg()])]


def test_what_is_given_back_is_text(desk: SimulatedDesk) -> None:
    form = form_of(desk, "correct")
    client = browser(desk.desk)
    answer = form.send(client, claimId='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text
    assert Form.of(answer)["claimId"] == '"><script>alert(1)</script>'


@pytest.mark.parametrize("address", ["/retry", "/withdraw", "/dismiss", "/history", "/pause"])
def test_what_nobody_types_into_is_not_given_back(desk: SimulatedDesk, address: str) -> None:
    answer = browser(desk.desk).post(address, data={"packet": "secret-of-mine", "q": "secret-of-mine"})
    assert answer.status_code == 403
    assert "secret-of-mine" not in answer.text


def test_another_sites_form_is_not_given_back(desk: SimulatedDesk) -> None:
    form = form_of(desk, "correct")
    client = browser(desk.desk)
    answer = client.post(form.action, data={"claimId": "theirs"}, headers={"Origin": "https://example.com"})
    assert answer.status_code == 403
    assert "theirs" not in answer.text
