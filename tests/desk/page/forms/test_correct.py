"""A packet on `failed` whose metadata is corrected on the page, with an agent that runs and the sandbox behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.desk.desk import desk_of
from agent.desk.page.forms.correct import NOTE
from tests.support import files
from tests.support.forms import Form, told
from tests.support.page import Browser, signed_in
from tests.support.practice import Practice


@contextmanager
def at_work(folder: Path, **options: Any) -> Iterator[tuple[Practice, Browser]]:
    """A practice whose agent runs, and a browser that is signed in to its page."""
    with Practice(folder, **options) as practice:
        assert practice.engine is not None
        yield practice, signed_in(desk_of(practice.engine, lambda: True))


def packet_of(practice: Practice, name: str) -> str:
    """Wait until a packet of this NAME has failed and come to rest; return its id."""
    practice.wait_for(lambda: name in practice.problems() and not practice.sending(), f"{name} to fail")
    packet: str = practice.problems()[name]["packet"]
    assert practice.engine is not None
    ledger = practice.engine.ledger
    practice.wait_for(lambda: (found := ledger.packet(packet)) and found.shelf == "failed", "the ledger to say so")
    return packet


def events(practice: Practice, packet: str) -> list[tuple[str, str]]:
    assert practice.engine is not None
    return [(line.event, line.actor) for line in practice.engine.ledger.journal(packet) if line.actor]


def test_a_faulty_field_is_corrected_and_the_packet_goes(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        wrong = files.sidecar(payerId="TST0", claimId="CLM-1")
        practice.drop("scan.json", wrong)
        practice.drop("scan.pdf", files.pdf())
        packet = packet_of(practice, "scan")
        shown = client.get(f"/packet/{packet}/metadata")
        assert told(shown) == {
            "payerId": "Payer ID: TST0 does not fit. It has exactly 5 letters or digits, such as 60054."
        }
        form = Form.of(shown)
        assert (form["claimId"], form["patientLastName"]) == ("CLM-1", "Example")
        answer = form.send(client, payerId="60054")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/?done={NOTE}")
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-1"]
        assert practice.sandbox.journal[0]["metadata"]["payerId"] == "60054"
        assert practice.failed() == {}
        assert not practice.problems()
        kept = practice.folder / "failed" / "scan.json.replaced.problem.txt"
        assert kept.read_bytes() == wrong
        actor = client.page.actor
        assert events(practice, packet) == [(NOTE, actor), ("resolved", actor)]


def test_a_correction_that_is_still_wrong_changes_nothing(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        wrong = files.sidecar(payerId="TST0")
        practice.drop("scan.json", wrong)
        practice.drop("scan.pdf", files.pdf())
        packet = packet_of(practice, "scan")
        answer = Form.of(client.get(f"/packet/{packet}/metadata")).send(client, payerId="TST012", memberId="")
        assert answer.status_code == 422
        assert set(told(answer)) == {"payerId", "memberId"}
        assert Form.of(answer)["payerId"] == "TST012"
        assert practice.failed() == {"scan.json": wrong, "scan.pdf": files.pdf()}


def test_what_the_service_refused_is_told_and_goes_again_after_a_correction(tmp_path: Path) -> None:
    with at_work(tmp_path, plan="422@1") as (practice, client):
        practice.drop_packet("scan", claimId="CLM-1")
        packet = packet_of(practice, "scan")
        assert practice.problems()["scan"]["code"] == "refused"
        shown = client.get(f"/packet/{packet}/metadata")
        assert 'role="alert"' in shown.text
        assert Form.of(shown).send(client, claimId="CLM-2").status_code == 303
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-2"]


def test_a_sidecar_that_is_no_json_is_shown_as_text_and_replaced(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("scan.json", b'{"claimId": "CLM-7", <b>broken</b>}')
        practice.drop("scan.pdf", files.pdf())
        packet = packet_of(practice, "scan")
        shown = client.get(f"/packet/{packet}/metadata")
        assert "Its fields could not be taken over" in shown.text
        assert "&lt;b&gt;broken&lt;/b&gt;" in shown.text
        form = Form.of(shown)
        assert form["claimId"] == ""
        assert form.send(client, **json.loads(files.sidecar(claimId="CLM-7"))).status_code == 303
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-7"]


@pytest.mark.slow
def test_a_packet_subfolder_and_its_list_are_corrected_where_they_stand(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("Smith/1.jpg", files.jpeg())
        practice.drop("Smith/2.pdf", files.pdf())
        practice.drop("Smith/card.json", files.sidecar(claimId="", files=["1.jpg", "2.pdf"]))
        packet = packet_of(practice, "Smith")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        assert len(form.values("file")) == 2
        assert form.send(client, claimId="CLM-2").status_code == 303
        practice.wait_until_sent(1)
        assert [line["filenames"] for line in practice.sandbox.journal] == [["1.jpg", "2.pdf"]]


def test_a_file_that_is_left_out_goes_back_into_the_folder_without_a_sidecar(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        for name in ("a.jpg", "b.jpg"):
            practice.drop(name, files.jpeg())
        practice.drop("card.json", files.sidecar(payerId="1", claimId="CLM-3", files=["a.jpg", "b.jpg"]))
        packet = packet_of(practice, "card")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        first, _second = form.values("file")
        assert form.send(client, payerId="60054", file=[first]).status_code == 303
        practice.wait_until_sent(1)
        assert [line["filenames"] for line in practice.sandbox.journal] == [["a.jpg"]]
        practice.wait_for(lambda: practice.waiting() == ["b.jpg"], "b.jpg alone")
        assert not practice.problems()


def test_details_of_files_are_corrected_too(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        about = [{"fileName": "scan.pdf", "procedureCodes": "D0120", "toothNumbers": "99"}]
        practice.drop("scan.json", files.sidecar(claimId="CLM-4", fileMetadata=about))
        practice.drop("scan.pdf", files.pdf())
        packet = packet_of(practice, "scan")
        shown = client.get(f"/packet/{packet}/metadata")
        [name] = told(shown)
        assert name.endswith("-toothNumbers")
        assert Form.of(shown).send(client, **{name: "14"}).status_code == 303
        practice.wait_until_sent(1)


def test_a_sidecar_that_was_edited_meanwhile_is_told_and_kept(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("scan.json", files.sidecar(payerId="TST0"))
        practice.drop("scan.pdf", files.pdf())
        packet = packet_of(practice, "scan")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        theirs = files.sidecar(payerId="60054", claimId="CLM-OTHER")
        (practice.folder / "failed" / "scan.json").write_bytes(theirs)
        answer = form.send(client, payerId="60055")
        assert answer.status_code == 422
        assert "was changed meanwhile" in answer.text
        assert (practice.folder / "failed" / "scan.json").read_bytes() == theirs
        assert Form.of(answer).send(client).status_code == 303
        practice.wait_until_sent(1)
        assert practice.sandbox.journal[0]["metadata"]["payerId"] == "60055"
        assert (practice.folder / "failed" / "scan.json.replaced.problem.txt").read_bytes() == theirs


def test_a_packet_that_was_dealt_with_meanwhile_is_told(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("scan.json", files.sidecar(payerId="TST0"))
        practice.drop("scan.pdf", files.pdf())
        packet = packet_of(practice, "scan")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        for name in ("scan.json", "scan.pdf"):
            (practice.folder / "failed" / name).unlink()
        answer = form.send(client, payerId="60054")
        assert answer.status_code == 404
        assert "This packet needs nobody any more" in answer.text
        assert client.get("/packet/20260101-000000-AAAAA/metadata").status_code == 404


@pytest.mark.slow
def test_a_scan_that_waited_too_long_gets_its_sidecar_and_goes(tmp_path: Path) -> None:
    with at_work(tmp_path, lane="waiting_hours = 0.0001") as (practice, client):
        practice.drop("scan.jpg", files.jpeg())
        packet = packet_of(practice, "scan")
        practice.drop("scan.jpg", files.jpeg(200))  # scanners begin again with the same names
        practice.wait_for(lambda: len(practice.problems()) == 2, "the second to fail too")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        assert form.send(client, **json.loads(files.sidecar(claimId="CLM-6"))).status_code == 303
        practice.wait_until_sent(1)
        [sent] = next(iter(practice.receipts().values()))["files"]
        assert sent["size"] == len(files.jpeg())
        assert practice.claims == ["CLM-6"]


def test_a_sidecar_that_could_belong_to_two_files_goes_with_the_one_that_is_ticked(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("x.jpg", files.jpeg())
        practice.drop("x.jpg.pdf", files.pdf())
        practice.drop("x.jpg.json", files.sidecar(claimId="CLM-X"))
        [name] = _wait_for_one(practice)
        packet = packet_of(practice, name)
        practice.drop("x.jpg", files.jpeg(99))  # meanwhile a stranger has the name
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        ticks = [one.value for one in form.controls if one.name == "file"]
        assert [one.checked for one in form.controls if one.name == "file"] == [False, False]
        assert "No file is ticked" in form.send(client).text
        assert form.send(client, file=[ticks[0]]).status_code == 303
        practice.wait_until_sent(1)
        [sent] = practice.receipts().values()
        assert [file["size"] for file in sent["files"]] == [len(files.jpeg())]
        practice.wait_for(lambda: practice.waiting() == ["x.jpg", "x.jpg.pdf"], "the stranger and the other file")


@pytest.mark.slow
def test_a_file_that_the_sidecar_does_not_list_is_left_out_or_taken_along(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        for name in ("1.jpg", "2.jpg"):
            practice.drop(f"Smith/{name}", files.jpeg())
        practice.drop("Smith/card.json", files.sidecar(claimId="CLM-S", files=["1.jpg"]))
        packet = packet_of(practice, "Smith")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        ticks = [one.value for one in form.controls if one.name == "file"]
        assert len(form.values("file")) == 1
        assert form.send(client, file=ticks).status_code == 303
        practice.wait_until_sent(1)
        assert [line["filenames"] for line in practice.sandbox.journal] == [["1.jpg", "2.jpg"]]


@pytest.mark.slow
def test_the_second_of_a_name_on_the_shelf_is_corrected_and_not_the_first(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        for claim, scan in (("CLM-1", files.jpeg()), ("CLM-2", files.jpeg(99))):
            practice.drop("scan.jpg", scan)
            practice.drop("scan.json", files.sidecar(payerId="TST0", claimId=claim))
            packet = packet_of(practice, "scan" if claim == "CLM-1" else "scan (2)/scan")
        form = Form.of(client.get(f"/packet/{packet}/metadata"))
        assert form["claimId"] == "CLM-2"
        assert form.send(client, payerId="60054").status_code == 303
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-2"]
        assert json.loads(practice.failed()["scan.json"])["claimId"] == "CLM-1"


def _wait_for_one(practice: Practice) -> list[str]:
    practice.wait_until_failed(1)
    return list(practice.problems())
