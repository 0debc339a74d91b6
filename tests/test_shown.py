"""Names that are no Unicode: spelled out in one place for every output, and still the names of their files."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.commands.options import answer_json
from agent.delivery import documents
from agent.delivery.glance import status_json
from agent.delivery.once import Pass
from agent.delivery.snapshot import PacketSnapshot, Snapshot
from agent.desk.notices.words import Cause, Member, cause
from agent.ledger.records import PacketRecord, Shelf
from agent.log import log, write_to
from agent.model import Fault, LaneId, LaneKind, PacketState, Problem
from agent.shown import called, in_unicode, shown
from tests.support.page import DeskPractice, desk_in, signed_in

LANE = LaneId("main-street", LaneKind.ATTACHMENTS)
NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
BYTE_OF_A_CODE_PAGE, HALF_A_PAIR = chr(0xDCFF), chr(0xD83D)  # on Linux; on Windows
ODD = {
    f"scan{BYTE_OF_A_CODE_PAGE}.pdf": r"scan\udcff.pdf",
    f"scan{HALF_A_PAIR}.pdf": r"scan\ud83d.pdf",
    f"{HALF_A_PAIR}scan {BYTE_OF_A_CODE_PAGE}.pdf": r"\ud83dscan \udcff.pdf",
}


@pytest.mark.parametrize(("name", "said"), ODD.items(), ids=ODD.values())
def test_half_a_character_is_spelled_out_wherever_it_stands(name: str, said: str) -> None:
    assert in_unicode(name) == shown(name) == said
    assert in_unicode({name: [name, (name, 1, None, True)]}) == {said: [said, [said, 1, None, True]]}


def test_whole_characters_stay_what_they_are() -> None:
    for text in ("", "Zoë 😀.pdf", "a\nb\x1b[2J"):
        assert in_unicode(text) == text


def test_the_file_is_known_by_what_was_written() -> None:
    names = [*ODD, "plain.pdf"]
    for name in names:
        assert called(in_unicode(name), names) == name
    assert called("other.pdf", names) is None
    assert called(r"scan\udcff.pdf", [r"scan\udcff.pdf", "scan\udcff.pdf"]) == r"scan\udcff.pdf"


def packet(name: str) -> PacketRecord:
    return PacketRecord(
        "20260714-120000-ABCDE",
        LANE,
        PacketState.FAILED,
        name,
        Shelf.FAILED,
        (),
        NOON,
        claim=name,
        warnings=(name,),
        control_number=name,
        problem=Problem("refused", name, name, (Fault(name, name, name),)),
        ended_at=NOON,
    )


def the_snapshot(name: str) -> Any:
    return status_json(Snapshot("", True, 1, (), (PacketSnapshot("", str(LANE), name, "waiting", files=(name,)),), 0))


def a_pass(name: str) -> Any:
    return Pass(waiting=[{"name": name}], unreachable={"lane": name}).as_json


def problem_text(name: str) -> Any:
    return documents.problem_text(packet(name), packet(name).problem or Problem("", "", ""), NOON)


def a_notice(name: str) -> Any:
    return cause(next(iter(Cause)), [Member("a", name)], show_names=True).text


@pytest.mark.parametrize("output", [the_snapshot, a_pass, problem_text, a_notice])
@pytest.mark.parametrize("name", ODD, ids=ODD.values())
def test_no_output_holds_half_a_character(output: Callable[[str], Any], name: str) -> None:
    json.dumps(output(name), ensure_ascii=False).encode()


@pytest.mark.parametrize("name", ODD, ids=ODD.values())
def test_no_json_on_the_console_holds_half_a_character(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer_json({"name": name})
    assert json.loads(capsys.readouterr().out) == {"name": in_unicode(name)}


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    before = list(log.handlers), log.level, log.propagate
    write_to(tmp_path / "log")
    yield tmp_path / "log" / "outtray.log"
    for handler in log.handlers:
        handler.close()
    log.handlers[:], log.level, log.propagate = before
    logging.getLogger("agent").setLevel(before[1])


def test_no_line_of_the_log_holds_half_a_character(logged: Path) -> None:
    for name in ODD:
        log.info("named", extra={"files": [name], "place": Path(name)})
    for line in logged.read_text(encoding="utf-8").splitlines():
        json.dumps(json.loads(line), ensure_ascii=False).encode()


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as made:
        yield made


@pytest.mark.parametrize(("name", "said"), ODD.items(), ids=ODD.values())
def test_the_ledger_takes_any_name_and_any_words(practice: DeskPractice, name: str, said: str) -> None:
    with practice.ledger.transaction() as tx:
        tx.admit(replace(packet(name), state=PacketState.QUEUED), NOON)
        tx.fail(packet(name), packet(name).problem or Problem("", "", ""), NOON)
        tx.note(NOON, "noted", name=name)
    [kept] = practice.ledger.history()
    assert kept.name == name
    assert (kept.claim, kept.control_number, kept.warnings) == (said, said, (said,))
    assert kept.problem == Problem("refused", said, said, (Fault(said, said, said),))
    assert practice.ledger.journal()[-1].detail == {"name": said}


@pytest.mark.parametrize(("name", "said"), ODD.items(), ids=ODD.values())
@pytest.mark.parametrize("path", ["/", "/history", "/history.csv", "/health", "/trends"])
def test_every_view_can_be_shown(practice: DeskPractice, path: str, name: str, said: str) -> None:
    with practice.ledger.transaction() as tx:
        tx.admit(packet(name), NOON)
    waits = PacketSnapshot(
        "", str(LANE), name, "waiting", files=(name,), since="2026-07-14T08:57:00Z", needs_someone=True
    )
    held = PacketSnapshot("p", str(LANE), name, "held", files=(name,), next_at="2026-07-14T12:00:00Z", why=name)
    practice.board.put(Snapshot("2026-07-14T09:00:00Z", True, 1, (), (waits, held), 1))
    answer = signed_in(practice.desk).get(path)
    assert answer.status_code == 200
    assert said in answer.text or path not in ("/", "/history", "/history.csv")
