"""`outtray pause`, `resume`, `retry`, `status`, `stop`, `open`, and a second `run`: with an agent, and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from agent.cli import app
from agent.desk import browser
from agent.desk.desk import desk_of
from agent.desk.page.server import page_server
from agent.ledger.ledger import Ledger
from agent.ledger.opening import read_only
from agent.settings.locations import ledger_file
from tests.support import files
from tests.support.practice import PATIENCE, Practice

LANE = "main-street/attachments"


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Practice]:
    """A practice in which no agent runs."""
    with Practice(tmp_path, running=False) as practice:
        yield practice


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Practice]:
    """A practice whose agent runs, and is reached by other programs."""
    with Practice(tmp_path) as practice:
        agent = practice.engine
        assert agent is not None
        with page_server(desk_of(agent, lambda: agent.is_running)) as server:
            assert server.wait(PATIENCE)
            yield practice


def outtray(practice: Practice, *arguments: str) -> Result:
    config = practice.root / "outtray.toml"
    config.write_text(practice.settings_text, encoding="utf-8")
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def journal(practice: Practice) -> list[tuple[str, bool]]:
    """Every request in the journal, and whether it says whose."""
    ledger = Ledger(read_only(ledger_file(practice.settings.agent)))
    verbs = ("pause", "resume", "stop", "resolved")
    found = [(line.event, bool(line.actor)) for line in ledger.journal() if line.event in verbs]
    ledger.close()
    return found


@pytest.mark.slow
def test_resume_cuts_a_long_wait_short_without_an_agent_too(tmp_path: Path) -> None:
    with Practice(tmp_path, plan="429:86400@1") as practice:
        practice.drop_packet()
        practice.wait_for(
            lambda: [(p["state"], p["attempts"]) for p in practice.status().get("packets", ())] == [("queued", 1)],
            "the long wait",
        )
        practice.stop()
        assert outtray(practice, "resume").exit_code == 0
        practice.start()
        practice.wait_until_sent(1)
        assert len(practice.claims) == 1


@pytest.mark.parametrize("practice", ["idle", "busy"])
def test_pause_and_resume_are_done_when_the_command_ends(practice: str, request: pytest.FixtureRequest) -> None:
    found: Practice = request.getfixturevalue(practice)
    for verb, said, state in (("pause", "Paused", "paused"), ("resume", "Going on", "running")):
        done = outtray(found, verb)
        assert (done.exit_code, done.stdout) == (0, f"{said}: {LANE}\n")
        assert outtray(found, verb, "--json").stdout == json.dumps({verb: [LANE]}, indent=2) + "\n"
        found.wait_for(lambda: seen_state(found) == state, f"status to say {state}")  # noqa: B023 - waited for here
    assert journal(found) == [("pause", True)] * 2 + [("resume", True)] * 2


def seen_state(practice: Practice) -> str:
    return str(json.loads(outtray(practice, "status", "--json").stdout)["lanes"][0]["state"])


def test_a_lane_that_is_not_there_is_named(idle: Practice) -> None:
    done = outtray(idle, "pause", "elsewhere/statements")
    assert done.exit_code == 2
    assert f'There is no lane "elsewhere/statements". The lanes are: {LANE}.' in done.stderr


def test_status_tells_whether_an_agent_runs(idle: Practice) -> None:
    assert json.loads(outtray(idle, "status", "--json").stdout)["running"] is False
    assert "OutTray is not running; nothing is being sent." in outtray(idle, "status").stdout


def test_status_is_what_the_running_agent_says(busy: Practice) -> None:
    busy.drop("scan.pdf", files.pdf())
    busy.wait_for(lambda: busy.status().get("packets"), "the scan to be seen")
    told = json.loads(outtray(busy, "status", "--json").stdout)
    assert told["running"] is True
    assert [packet["name"] for packet in told["packets"]] == ["scan"]


def test_a_retry_is_tried_again_by_the_agent(busy: Practice) -> None:
    busy.drop_packet(payerId="1")
    busy.wait_until_failed(1)
    (busy.folder / "failed" / "scan.json").write_bytes(files.sidecar())
    packet = busy.problems()["scan"]["packet"]
    busy.wait_for(lambda: busy.status()["needs_attention"] == 1, "the failure to be recorded")
    assert outtray(busy, "retry", packet).stdout == f"To be tried again: {packet}\n"
    busy.wait_until_sent(1)
    again = outtray(busy, "retry", packet)
    assert again.exit_code == 2
    assert f"Packet {packet} was dealt with already" in again.stderr
    assert ("resolved", True) in journal(busy)


def test_retry_wants_to_know_what(idle: Practice) -> None:
    assert outtray(idle, "retry").exit_code == 2
    assert outtray(idle, "retry", "--all-failed").stdout == "No failed packet needs to be tried again.\n"


def test_stop_with_no_agent_is_done_already(idle: Practice) -> None:
    done = outtray(idle, "stop")
    assert (done.exit_code, done.stdout) == (0, "OutTray is not running.\n")
    assert json.loads(outtray(idle, "stop", "--json").stdout) == {"was_running": False, "ended": True}


def test_stop_asks_and_says_when_it_has_waited_in_vain(busy: Practice) -> None:
    agent = busy.engine
    assert agent is not None
    done = outtray(busy, "stop", "--wait", "0")  # it is this process that holds the data folder
    assert done.exit_code == 4
    assert "had not ended after 0 seconds" in done.stderr
    busy.wait_for(lambda: not agent.is_running, "the agent to end")
    assert journal(busy) == [("stop", True)]


def test_open_gives_a_link_that_opens_once(busy: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "has_display", lambda: False)
    link = outtray(busy, "open").stdout.strip()
    assert httpx.get(link, trust_env=False, timeout=30).status_code == 200
    assert httpx.get(link, trust_env=False, timeout=30).status_code == 403
    assert json.loads(outtray(busy, "open", "--json", "--at", "/history").stdout)["url"].startswith("http://127.0.0.1:")


def test_open_shows_the_page_on_a_screen(busy: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(browser, "has_display", lambda: True)
    monkeypatch.setattr(browser.webbrowser, "open", lambda url: shown.append(url) or True)
    assert outtray(busy, "open").stdout == ""
    assert httpx.get(shown[0], trust_env=False, timeout=30).status_code == 200


def test_open_with_no_agent_says_how_to_start_one(idle: Practice) -> None:
    done = outtray(idle, "open")
    assert done.exit_code == 4
    assert "OutTray is not running. Start it with: outtray run" in done.stderr


def test_a_second_run_opens_the_page_of_the_first(busy: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(browser, "has_display", lambda: True)
    monkeypatch.setattr(browser.webbrowser, "open", lambda url: shown.append(url) or True)
    done = outtray(busy, "run")
    assert done.exit_code == 0
    assert "already running" in done.stderr
    assert httpx.get(shown[0], trust_env=False, timeout=30).status_code == 200


@pytest.mark.parametrize("how", [["--headless"], ["--once"], []])
def test_a_second_run_without_a_screen_says_that_one_runs(
    busy: Practice, monkeypatch: pytest.MonkeyPatch, how: list[str]
) -> None:
    monkeypatch.setattr(browser, "has_display", lambda: how != [])
    done = outtray(busy, "run", *how)
    assert done.exit_code == 2
    assert "already running" in done.stderr


def test_a_retry_with_the_folder_away_says_so_and_is_not_done(tmp_path: Path) -> None:
    with Practice(tmp_path) as practice:
        practice.drop("scan.json", files.sidecar(payerId="TST0"))
        practice.drop("scan.pdf", files.pdf())
        practice.wait_until_failed(1)
        practice.stop()
        (tmp_path / "outtray.toml").write_text(practice.settings_text)
        packet = practice.problems()["scan"]["packet"]
        away = practice.folder.rename(tmp_path / "away")
        practice.folder.mkdir()  # where a share was mounted
        for asked in (("retry", packet), ("retry", "--all-failed")):
            result = outtray(practice, *asked)
            assert result.exit_code == 4
            assert f"Packet {packet} cannot be put back just now" in result.stderr
        practice.folder.rmdir()
        away.rename(practice.folder)
        assert outtray(practice, "retry", packet).exit_code == 0
