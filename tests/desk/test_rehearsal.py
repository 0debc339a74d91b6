"""A lane on a sandbox is said everywhere where it could be taken for a real one; a real one nowhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.delivery.reconcile.going_live import leaving_in
from agent.delivery.reconcile.settings_changed import places_of
from agent.delivery.snapshot import LaneSnapshot, Snapshot
from agent.desk.doctor.examination import run_checks
from agent.desk.doctor.finding import Check, State
from agent.desk.interface.api import snapshot_from, tray_view
from agent.desk.tray.guest import guest_view
from agent.desk.tray.view import Record, view
from agent.ledger.records import LaneRecord
from agent.model import LaneId, LaneKind, LaneState
from agent.settings.account import account_of
from agent.settings.reading import parse
from tests.support import activity
from tests.support.desk import practice, settings_text, world_of
from tests.support.page import desk_in, signed_in

NOW = datetime(2026, 7, 14, 9, 41, tzinfo=UTC)
STATES = [
    {},
    {"state": LaneState.PAUSED},
    {"state": LaneState.BLOCKED},
    {"state": LaneState.OFFLINE},
    {"needs_attention": 2},
    {"counts": {"sent": 41}},
]
TRIAL = {"attachments": "https://sandbox-apigw.optum.com/v1", "statements": "http://127.0.0.1:9"}
"""What the settings say of both lanes, one on each kind of sandbox."""


def of(environment: str, other: str = "production", **facts: object) -> Snapshot:
    scans, statements = (
        LaneSnapshot(name, LaneState.RUNNING, "/x", environment=at)
        for name, at in (("main-street/attachments", environment), ("main-street/statements", other))
    )
    needs = int(str(facts.get("needs_attention", 0)))
    return Snapshot("2026-07-14T09:41:00Z", True, 1, (replace(scans, **facts), statements), (), needs)  # type: ignore[arg-type]


@pytest.mark.parametrize("environment", ["sandbox", "loopback"])
@pytest.mark.parametrize("facts", STATES)
def test_the_tray_says_it_in_every_state(environment: str, facts: dict[str, object]) -> None:
    whole, part = (view(of(environment, other, **facts), Record(), NOW) for other in (environment, "production"))
    assert whole.line.startswith("Sandbox: ")
    assert part.line.startswith("Sandbox (1 of 2 lanes): ")
    assert any("Main Street, attachments sends to" in entry.text for entry in part.menu)
    assert whole.menu[0].text == whole.line


@pytest.mark.parametrize("facts", STATES)
def test_the_tray_says_nothing_of_the_real_service(facts: dict[str, object]) -> None:
    shown = view(of("production", **facts), Record(), NOW)
    assert "sandbox" not in (shown.line + "".join(entry.text for entry in shown.menu)).lower()


def test_another_users_tray_is_told_too() -> None:
    seen = snapshot_from(json.loads(json.dumps(tray_view(of("sandbox", "sandbox")))))
    assert guest_view(seen, "sally", NOW).line.startswith("Sandbox: ")


def test_an_agent_of_before_that_does_not_tell_is_understood() -> None:
    told = tray_view(of("sandbox"))
    for lane in told["lanes"]:
        del lane["environment"]
    assert snapshot_from(told).lanes[0].environment == "production"


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("path", ["/", "/history", "/trends", "/health", "/help", "/history/none"])
def test_a_band_stands_on_every_view(tmp_path: Path, path: str, running: bool) -> None:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:  # type: ignore[arg-type]
        client = signed_in(made.desk)
        made.board.put(replace(of("sandbox", "loopback"), running=running))
        page = client.get(path).text
        assert "This is a test: Main Street, attachments sends to the service&#39;s sandbox." in page
        assert "This is a test: Main Street, statements sends to a sandbox on this PC." in page
        made.board.put(replace(of("production"), running=running))
        assert "This is a test" not in client.get(path).text


def test_a_receipt_of_the_sandbox_says_so(tmp_path: Path) -> None:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:  # type: ignore[arg-type]
        for packet_id, where in (
            ("real-1", "https://apigw.optum.com/x"),
            ("trial-1", "https://sandbox-apigw.optum.com/x"),
        ):
            record = activity.sent("a.pdf", "CLM-1", packet_id, packet_id=packet_id)
            activity.remember(made.ledger, replace(record, receipt={**(record.receipt or {}), "destination": where}))
        client = signed_in(made.desk)
        assert "sandbox, not the attachments service itself" in client.get("/history/trial-1").text
        assert "sandbox" not in client.get("/history/real-1").text


# --- The commands ---------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    practice(tmp_path)
    file = tmp_path / "outtray.toml"
    file.write_text(settings_text(tmp_path, **TRIAL), encoding="utf-8")
    return file


def outtray(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    return done.stdout + done.stderr


def test_status_says_it_to_people_and_to_scripts(file: Path) -> None:
    told = " ".join(outtray("status", "--config", file).split())
    assert "This is a test: Main Street, attachments sends to the service's sandbox." in told
    assert "This is a test: Main Street, statements sends to a sandbox on this PC." in told
    lanes = json.loads(outtray("status", "--config", file, "--json"))["lanes"]
    assert [lane["environment"] for lane in lanes] == ["sandbox", "loopback"]


def test_the_doctor_warns(file: Path, tmp_path: Path) -> None:
    trial, real = parse(file.read_text(), file), practice(tmp_path)
    for settings, state in ((trial, State.WARN), (real, State.OK)):
        found = [one for one in run_checks(settings, world_of(None), offline=True) if one.check is Check.ENVIRONMENT]
        assert [(one.state, one.lane) for one in found] == [(state, str(lane)) for lane in settings.lanes]


# --- Leaving it -----------------------------------------------------------------------------------------------------


def test_leaving_the_sandbox_names_what_changes(tmp_path: Path, file: Path) -> None:
    trial = parse(file.read_text(), file)
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:  # type: ignore[arg-type]
        with made.ledger.transaction() as tx:
            for store in trial.store:
                for lane, of_lane in store.lanes.items():
                    where = places_of(lane, of_lane, account_of(store, of_lane))
                    tx.lane(LaneRecord(lane, places=where))
        activity.remember(made.ledger, activity.sent("a.pdf", "CLM-1", "1"), activity.sent("b.pdf", "CLM-2", "2"))
        assert list(leaving_in(made.ledger, trial)) == []
        live = parse(
            settings_text(tmp_path, attachments="https://apigw.optum.com/v1", statements=TRIAL["statements"]), file
        )
        [(lane, problem)] = leaving_in(made.ledger, live)
        assert lane == LaneId("main-street", LaneKind.ATTACHMENTS)
        for said in ("the service's sandbox", "apigw.optum.com", "(2 packets) counts as not sent", "(0 packets)"):
            assert said in problem.sentence
        assert "outtray secret set main-street/client_secret" in problem.what_to_do
    file.write_text(settings_text(tmp_path, attachments="https://apigw.optum.com/v1", statements=TRIAL["statements"]))
    told = outtray("config", "check", "--config", file)
    assert "counts as not sent there" in " ".join(told.split())
