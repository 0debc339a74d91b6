"""What the buttons ask for, and where they lead back to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from agent.delivery.requests import Answer, Request
from agent.desk.page.done import DONE
from agent.desk.page.tokens import file_token
from agent.desk.page.views import actions
from agent.ledger.records import PacketRecord
from agent.model import PacketState
from tests.support import activity
from tests.support.page import Browser, DeskPractice, desk_in, signed_in


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=activity.StoppedClock()) as made:
        made.board.put(activity.snapshot())
        yield made


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []

    def keep(path: Path) -> bool:
        paths.append(path)
        return True

    defaults = (keep, keep)
    monkeypatch.setattr(actions.Actions.__init__, "__defaults__", defaults)
    return paths


def press(client: Browser, address: str, **fields: str) -> str:
    """Press a button; return where it leads."""
    answer = client.post(address, data=fields)
    assert answer.status_code == 303
    return answer.headers["location"]


def put(practice: DeskPractice, *records: PacketRecord) -> None:
    activity.remember(practice.ledger, *records)


def test_retry_is_asked_for_in_the_user_s_name(practice: DeskPractice) -> None:
    put(practice, activity.failed_ones()[0])
    client = signed_in(practice.desk)
    assert press(client, "/retry", packet="20260714-July-statements") == "/?done=retry"
    assert practice.asked == [Request("retry", packets=("20260714-July-statements",), actor=client.page.actor)]
    assert client.page.actor


def test_retry_failed_names_every_failed_packet(practice: DeskPractice) -> None:
    put(practice, *activity.failed_ones(), *activity.sent_ones())
    assert press(signed_in(practice.desk), "/retry-failed") == "/?done=retry-failed"
    assert [len(request.packets) for request in practice.asked] == [4]


@pytest.mark.parametrize("packet", ["20260714-FMX-20416", "nothing", ""])
def test_what_has_not_failed_is_not_retried(practice: DeskPractice, packet: str) -> None:
    put(practice, *activity.sent_ones())
    assert press(signed_in(practice.desk), "/retry", packet=packet) == "/?done=gone"
    assert practice.asked == []


def test_a_held_packet_can_be_withdrawn_after_a_question(practice: DeskPractice) -> None:
    put(practice, activity.packet("Statements.xml", lane=activity.STATEMENTS, state=PacketState.HELD))
    client = signed_in(practice.desk)
    question = client.get("/withdraw/20260714-Statements").text
    assert "Withdraw Statements.xml?" in question
    assert "It will not be sent. The file is not deleted" in question
    assert press(client, "/withdraw", packet="20260714-Statements") == "/?done=withdraw"
    assert [(request.verb, request.packets) for request in practice.asked] == [("withdraw", ("20260714-Statements",))]


def test_what_somebody_has_seen_to_is_taken_off_the_list(practice: DeskPractice) -> None:
    first, *_ = failed = activity.failed_ones()
    put(practice, *failed)
    assert press(signed_in(practice.desk), "/dismiss", packet=first.id) == "/?done=dismiss"
    assert [(request.verb, request.packets) for request in practice.asked] == [("dismiss", (first.id,))]


def test_only_what_is_held_is_withdrawn(practice: DeskPractice) -> None:
    put(practice, *activity.sent_ones())
    client = signed_in(practice.desk)
    assert press(client, "/withdraw", packet="20260714-FMX-20416") == "/?done=gone"
    assert client.get("/withdraw/20260714-FMX-20416", follow_redirects=False).status_code == 303
    assert practice.asked == []


@pytest.mark.parametrize("verb", ["pause", "resume", "look"])
def test_a_lane_or_every_lane(practice: DeskPractice, verb: str) -> None:
    client = signed_in(practice.desk)
    assert press(client, f"/{verb}", lane="main-street/attachments") == f"/?done={verb}"
    assert press(client, f"/{verb}") == f"/?done={verb}"
    assert press(client, f"/{verb}", lane="elsewhere/attachments") == "/?done=gone"
    assert [request.lanes for request in practice.asked] == [("main-street/attachments",), ()]


def test_a_stopped_engine_is_asked_nothing(practice: DeskPractice) -> None:
    practice.alive = False
    assert press(signed_in(practice.desk), "/pause") == "/?done=stopped"
    assert practice.asked == []


def test_why_something_could_not_be_done_is_told(practice: DeskPractice) -> None:
    practice.answer = lambda _request: Answer(sentences=("Someone has <b>opened</b> the file.",))
    answer = signed_in(practice.desk).post("/pause", data={"back": "/history"})
    assert answer.status_code == 409
    assert "Someone has &lt;b&gt;opened" in answer.text
    assert 'href="/history"' in answer.text


def test_a_busy_control_thread_keeps_nobody_waiting(practice: DeskPractice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "PATIENCE", 0.01)
    desk = replace(practice.desk, ask=lambda _request: Future())
    assert press(signed_in(desk), "/pause") == "/?done=pause"


@pytest.mark.parametrize(
    ("back", "leads"),
    [
        ("/history/20260714-a", "/history/20260714-a"),
        ("https://example.com/x", "/"),
        ("//example.com/x", "/"),
        ("/\\example.com", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_a_button_never_leads_away_from_the_page(practice: DeskPractice, back: str, leads: str) -> None:
    assert press(signed_in(practice.desk), "/pause", back=back) == f"{leads}?done=pause"


def test_a_folder_is_opened_on_this_pc(practice: DeskPractice, shown: list[Path]) -> None:
    folder = next(iter(practice.settings.lanes.values())).folder
    assert press(signed_in(practice.desk), "/open", lane="main-street/attachments") == "/?done=open"
    assert shown == [folder]


def test_a_waiting_file_is_shown_where_it_stands(practice: DeskPractice, shown: list[Path]) -> None:
    folder = next(iter(practice.settings.lanes.values())).folder
    (folder / "a b.jpg").write_bytes(b"x")
    waiting = tuple(activity.going(name, PacketState.WAITING) for name in ("a b.jpg", "gone.jpg"))
    practice.board.put(activity.snapshot(packets=waiting))
    client, lane = signed_in(practice.desk), str(activity.SCANS)
    assert press(client, "/show", lane=lane, file=file_token(lane, "a b.jpg")) == "/?done=show"
    assert shown == [folder / "a b.jpg"]
    assert press(client, "/show", lane=lane, file=file_token(lane, "gone.jpg")) == "/?done=not-there"
    assert press(client, "/show", lane=lane, file=file_token(lane, "other.jpg")) == "/?done=gone"


@pytest.mark.parametrize("file", ["../data/ledger.db", "/etc/passwd", "..", "../../x"])
def test_nothing_outside_of_the_lanes_is_shown(practice: DeskPractice, shown: list[Path], file: str) -> None:
    client, lane = signed_in(practice.desk), str(activity.SCANS)
    practice.board.put(activity.snapshot(packets=(activity.going(file, PacketState.WAITING),)))
    for asked in (file, file_token(lane, file)):
        assert press(client, "/show", lane=lane, file=asked) == "/?done=gone"
    assert shown == []


def test_a_failed_packet_whose_files_are_gone_opens_their_shelf(practice: DeskPractice, shown: list[Path]) -> None:
    put(practice, activity.failed_ones()[1])
    folder = next(iter(practice.settings.lanes.values())).folder
    assert press(signed_in(practice.desk), "/show", packet="20260714-PAN-20398") == "/?done=open"
    assert shown == [folder]


def test_without_a_file_manager_the_page_says_so(practice: DeskPractice, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody: Callable[[Path], bool] = lambda _path: False  # noqa: E731 - two of the same
    monkeypatch.setattr(actions.Actions.__init__, "__defaults__", (nobody, nobody))
    assert press(signed_in(practice.desk), "/open", lane="main-street/statements") == "/?done=no-window"


@pytest.mark.parametrize("done", DONE)
def test_what_was_done_is_told_once_in_words_of_ours(practice: DeskPractice, done: str) -> None:
    page = signed_in(practice.desk).get(f"/?done={done}").text
    assert DONE[done].lead in page


def test_an_address_cannot_put_words_onto_the_page(practice: DeskPractice) -> None:
    page = signed_in(practice.desk).get("/?done=Call%20555-0199%20now").text
    assert "555-0199" not in page


def test_an_action_is_not_done_by_a_link(practice: DeskPractice) -> None:
    assert signed_in(practice.desk).get("/pause").status_code == 405
    assert practice.asked == []
