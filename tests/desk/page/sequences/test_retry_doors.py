"""Trying again, by whichever door: not past the 24-hour rule, nor a colleague's withdrawal, nor without doubts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.delivery.all_failed import of_all
from agent.delivery.requests import Request
from agent.desk.tray.errands import of_all as of_the_tray
from agent.model import PacketState
from tests.support.forms import Form
from tests.support.simulated_desk import SimulatedDesk
from tests.support.simulated_practice import LOSE_REPLY, REFUSE, STATEMENTS
from tests.support.statement_files import ROW, csv


@pytest.fixture
def desk(tmp_path: Path) -> SimulatedDesk:
    return SimulatedDesk(tmp_path)


def export(desk: SimulatedDesk, account: str, name: str = "s.csv") -> bytes:
    data = csv((account, *ROW[1:]))
    desk.drop(name, data, STATEMENTS)
    desk.pass_(minutes=1)
    return data


def names(desk: SimulatedDesk) -> list[str]:
    return [name for name, _ in desk.statements()]


def withdrawn(desk: SimulatedDesk) -> str:
    """A file of a name that went today, held and withdrawn; its packet."""
    export(desk, "1001")
    export(desk, "1002")
    [held] = [packet.id for packet in desk.ledger.history(states=[PacketState.HELD])]
    assert desk.client.post("/withdraw", data={"packet": held}).status_code == 303
    desk.pass_(minutes=1)
    return desk.failed_one(STATEMENTS, "withdrawn")


def _retry(desk: SimulatedDesk, packet: str) -> None:
    assert desk.client.post("/retry", data={"packet": packet}).status_code == 303


def _command(desk: SimulatedDesk, packet: str) -> None:
    desk.answer(Request("retry", packets=(packet,), actor="it"))


def _drag(desk: SimulatedDesk, packet: str) -> None:
    del packet
    shelf = desk.folder(STATEMENTS) / "failed"
    for name in ("s.csv", "s (2)/s.csv"):
        if name in desk.fs.files(shelf):
            desk.fs.rename(shelf / name, desk.folder(STATEMENTS) / "s.csv")
    desk.hint(STATEMENTS)


DOORS = [_retry, _command, _drag]


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_what_was_withdrawn_and_is_wanted_after_all_waits_for_the_rule(
    desk: SimulatedDesk, door: Callable[[SimulatedDesk, str], None]
) -> None:
    packet = withdrawn(desk)
    door(desk, packet)
    desk.pass_(hours=2)
    assert names(desk) == ["s.csv"]
    assert [one.upload_name for one in desk.ledger.history(states=[PacketState.HELD])] == ["s.csv"]
    desk.pass_(hours=24)
    assert names(desk) == ["s.csv", "s.csv"]


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_what_is_tried_again_while_a_newer_export_waits_keeps_its_name_and_its_place(
    desk: SimulatedDesk, door: Callable[[SimulatedDesk, str], None]
) -> None:
    packet = withdrawn(desk)
    export(desk, "1003")  # held in its turn
    door(desk, packet)
    desk.pass_(hours=2)
    assert names(desk) == ["s.csv"]
    desk.pass_(days=3)
    assert names(desk) == ["s.csv"] * 3
    accounts = [body[0]["externalPatientId"] for _, body in desk.statements()]
    assert sorted(accounts) == ["1001", "1002", "1003"]


@pytest.mark.slow
def test_all_leaves_out_what_a_colleague_withdrew(desk: SimulatedDesk) -> None:
    packet = withdrawn(desk)
    assert desk.client.post("/retry-failed").headers["location"] == "/?done=gone"
    assert "Retry failed" not in desk.client.get("/").text
    desk.pass_(days=3)
    assert names(desk) == ["s.csv"]
    assert desk.failed_one(STATEMENTS) == packet


def test_all_leaves_out_what_may_have_arrived(desk: SimulatedDesk) -> None:
    desk.service().script = [LOSE_REPLY, REFUSE]
    desk.drop_packet("PA", claimId="CLM-UNSURE")
    desk.pass_(minutes=30)
    unsure = desk.failed_one()
    desk.service().script = [REFUSE, REFUSE]
    desk.drop_packet("PB", claimId="CLM-B")
    desk.drop_packet("PC", claimId="CLM-C")
    desk.pass_(minutes=1)
    assert "Retry failed (2)" in desk.client.get("/").text
    assert desk.client.post("/retry-failed").headers["location"] == "/?done=retry-failed"
    desk.pass_(minutes=5)
    assert sorted(claim for claim, _ in desk.went()) == ["CLM-B", "CLM-C", "CLM-UNSURE"]
    assert desk.failed_one() == unsure


def test_every_door_means_the_same_by_all() -> None:
    assert of_the_tray is of_all


@pytest.mark.parametrize("how", ["retry", "correct", "drag"])
def test_a_doubt_is_kept_through_every_door(desk: SimulatedDesk, how: str) -> None:
    desk.service().script = [LOSE_REPLY, REFUSE]
    desk.drop_packet("PA", claimId="CLM-UNSURE")
    desk.pass_(minutes=30)
    packet = desk.failed_one()
    if how == "retry":
        _retry(desk, packet)
    elif how == "correct":
        form = Form.of(desk.client.get(f"/packet/{packet}/metadata"))
        assert form.send(desk.client, memberId="W00999999").status_code == 303
    else:
        for name in ("PA.pdf", "PA.json"):
            desk.fs.rename(desk.folder() / "failed" / name, desk.folder() / name)
    desk.pass_(minutes=5)
    [receipt] = desk.receipts()
    assert receipt["possibly_sent_twice"] is True


@pytest.mark.parametrize("door", [_retry, _command])
def test_a_second_click_sends_nothing_twice(desk: SimulatedDesk, door: Callable[[SimulatedDesk, str], None]) -> None:
    desk.service().script = [REFUSE]
    desk.drop_packet("PA", claimId="CLM-A")
    desk.pass_(minutes=1)
    packet = desk.failed_one()
    door(desk, packet)
    desk.client.post("/retry", data={"packet": packet})
    desk.answer(Request("retry", packets=(packet,)))
    desk.pass_(minutes=5)
    assert [claim for claim, _ in desk.went()] == ["CLM-A"]


def test_what_was_seen_to_is_not_sent_by_an_older_page(desk: SimulatedDesk) -> None:
    desk.service().script = [REFUSE]
    desk.drop_packet("PA", claimId="CLM-A")
    desk.pass_(minutes=1)
    packet = desk.failed_one()
    assert desk.client.post("/dismiss", data={"packet": packet}).status_code == 303
    assert desk.client.post("/retry", data={"packet": packet}).headers["location"] == "/?done=gone"
    assert desk.client.post("/retry-failed").headers["location"] == "/?done=gone"
    assert desk.client.get(f"/packet/{packet}/metadata").status_code == 404
    desk.pass_(minutes=5)
    assert desk.went() == []


@pytest.mark.parametrize("address", ["/retry", "/withdraw", "/dismiss"])
@pytest.mark.parametrize("packet", ["", "nobody", "../failed", "20260704-090000-XXXXX"])
def test_a_packet_that_is_none_changes_nothing(desk: SimulatedDesk, address: str, packet: str) -> None:
    desk.service().script = [REFUSE]
    desk.drop_packet("PA", claimId="CLM-A")
    desk.pass_(minutes=1)
    before = desk.standing()
    assert desk.client.post(address, data={"packet": packet}).headers["location"] == "/?done=gone"
    assert desk.standing() == before


def test_a_sent_packet_is_neither_retried_nor_withdrawn(desk: SimulatedDesk) -> None:
    desk.drop_packet("PA", claimId="CLM-A")
    desk.pass_(minutes=1)
    [receipt] = desk.receipts()
    for address in ("/retry", "/withdraw"):
        desk.client.post(address, data={"packet": receipt["packet"]})
    desk.pass_(minutes=5)
    assert len(desk.went()) == 1
    assert json.loads(json.dumps(receipt)) in desk.receipts()
