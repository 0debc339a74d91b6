"""A scan without a sidecar, completed on the page: what is written, and what is told instead."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.delivery.snapshot import PacketSnapshot, Snapshot
from agent.desk.page.forms.complete import NOTE
from agent.desk.page.tokens import file_token
from agent.intake.attachments.fields import claim_fields
from tests.support import files
from tests.support.forms import Form, told
from tests.support.page import Browser, DeskPractice, desk_in, signed_in

LANE = "main-street/attachments"
DEFAULTS = 'submitter_id = "SUB-9"\nbilling_provider_tax_id = "12-3456789"\nprovider_npi = "1234567893"'
RIGHT = {
    "patientLastName": "Lindqvist",
    "patientFirstName": "Maya",
    "patientDateOfBirth": "1988-03-09",
    "memberId": "W0000123401",
    "claimId": "CLM-20417",
    "payerId": "TST01",
    "dateOfService": "2026-01-13",
}


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, in_attachments=DEFAULTS) as made:
        yield made


@pytest.fixture
def client(practice: DeskPractice) -> Browser:
    return signed_in(practice.desk)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    return tmp_path / "scans"


def waits(practice: DeskPractice, *packets: tuple[str, ...]) -> None:
    """Let the lane's last look have seen these files waiting for their sidecar, each tuple one packet."""
    seen = tuple(
        PacketSnapshot("", LANE, names[0], "waiting", files=names, since="2026-07-14T08:57:00Z") for names in packets
    )
    practice.board.put(Snapshot("2026-07-14T09:00:00Z", True, 1, (), seen, 0))


def address(name: str) -> str:
    return f"/scan/{LANE}/{file_token(LANE, name)}/form"


def test_what_is_saved_is_a_sidecar_beside_the_scan(practice: DeskPractice, client: Browser, scans: Path) -> None:
    (scans / "SCN_7.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    answer = Form.of(client.get(address("SCN_7.jpg"))).send(client, **RIGHT)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?done={NOTE}")
    said = json.loads((scans / "SCN_7.jpg.json").read_bytes())
    assert said.pop("sha256") == {"SCN_7.jpg": hashlib.sha256(files.jpeg()).hexdigest()}
    assert said == RIGHT | {"submitterId": "SUB-9", "billingProviderTaxId": "12-3456789", "providerNPI": "1234567893"}
    [asked] = practice.asked
    assert (asked.verb, asked.lanes, asked.actor, asked.note) == ("look", (LANE,), client.page.actor, NOTE)


def test_only_what_the_settings_say_is_filled_in_and_no_scan_is_ticked(
    practice: DeskPractice, client: Browser, scans: Path
) -> None:
    for name in ("SCN_7.jpg", "SCN_8.jpg"):
        (scans / name).write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",), ("SCN_8.jpg",))
    form = Form.of(client.get(address("SCN_7.jpg")))
    filled = {info.name: form[info.name] for info in claim_fields() if form[info.name]}
    assert filled == {"submitterId": "SUB-9", "billingProviderTaxId": "12-3456789", "providerNPI": "1234567893"}
    assert [one.checked for one in form.controls if one.name == "with"] == [False]


def test_faults_stand_at_their_fields_and_what_was_typed_is_kept(
    practice: DeskPractice, client: Browser, scans: Path
) -> None:
    (scans / "SCN_7.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    answer = Form.of(client.get(address("SCN_7.jpg"))).send(
        client, **RIGHT | {"payerId": "TST0", "memberId": "", "patientDateOfBirth": "03/09/1988"}
    )
    assert answer.status_code == 422
    assert told(answer) == {
        "payerId": "Payer ID: TST0 does not fit. It has exactly 5 letters or digits, such as 60054.",
        "memberId": "The member ID is missing.",
        "patientDateOfBirth": "Patient's date of birth: 03/09/1988 has to begin with the year. Write it as 1988-03-09.",
    }
    form = Form.of(answer)
    assert (form["patientLastName"], form["payerId"], form["patientDateOfBirth"]) == ("Lindqvist", "TST0", "03/09/1988")
    [first] = [one for one in form.controls if "autofocus" in one.attributes]
    assert first.name == "patientDateOfBirth"
    assert '<a href="#' in answer.text
    assert sorted(path.name for path in scans.iterdir()) == ["SCN_7.jpg"]
    assert not practice.asked


def test_what_is_wrong_with_the_scan_itself_is_told_before_anything_is_written(
    practice: DeskPractice, client: Browser, scans: Path
) -> None:
    (scans / "locked.pdf").write_bytes(files.encrypted_pdf())
    waits(practice, ("locked.pdf",))
    answer = Form.of(client.get(address("locked.pdf"))).send(client, **RIGHT)
    assert "locked.pdf is locked with a password" in answer.text
    assert not (scans / "locked.pdf.json").exists()


def test_ticked_scans_go_with_it_in_one_packet(practice: DeskPractice, client: Browser, scans: Path) -> None:
    names = ["SCN_7.jpg", "SCN_8.jpg", "SCN_9.jpg"]
    for name in names:
        (scans / name).write_bytes(files.jpeg())
    waits(practice, *((name,) for name in names))
    form = Form.of(client.get(address("SCN_7.jpg")))
    ticks = [one.value for one in form.controls if one.name == "with"]
    assert form.send(client, **RIGHT, **{"with": [ticks[0]]}).status_code == 303
    assert json.loads((scans / "SCN_7.jpg.json").read_bytes())["files"] == ["SCN_7.jpg", "SCN_8.jpg"]


def test_a_packet_subfolder_gets_its_sidecar_inside(practice: DeskPractice, client: Browser, scans: Path) -> None:
    (scans / "Smith").mkdir()
    for name in ("Smith/1.jpg", "Smith/2.pdf"):
        (scans / name).write_bytes(files.jpeg() if name.endswith("jpg") else files.pdf())
    waits(practice, ("Smith/1.jpg", "Smith/2.pdf"))
    assert Form.of(client.get(address("Smith/1.jpg"))).send(client, **RIGHT).status_code == 303
    assert json.loads((scans / "Smith" / "Smith.json").read_bytes())["files"] == ["1.jpg", "2.pdf"]


@pytest.mark.parametrize("sidecar", ["SCN_7.json", "SCN_7.jpg.json", "other.json"])
def test_a_sidecar_that_came_meanwhile_is_told_and_stays_as_it_is(
    practice: DeskPractice, client: Browser, scans: Path, sidecar: str
) -> None:
    (scans / "SCN_7.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    form = Form.of(client.get(address("SCN_7.jpg")))
    theirs = files.sidecar(**({"files": ["SCN_7.jpg"]} if sidecar == "other.json" else {}))
    (scans / sidecar).write_bytes(theirs)
    answer = form.send(client, **RIGHT)
    assert answer.status_code == 422
    assert "A sidecar for SCN_7.jpg has come meanwhile" in answer.text
    assert (scans / sidecar).read_bytes() == theirs
    assert len(list(scans.glob("*.json"))) == 1


def test_a_scan_that_was_replaced_since_the_form_was_shown_is_told(
    practice: DeskPractice, client: Browser, scans: Path
) -> None:
    (scans / "SCN_7.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    form = Form.of(client.get(address("SCN_7.jpg")))
    (scans / "SCN_7.jpg").write_bytes(files.jpeg(320))
    answer = form.send(client, **RIGHT)
    assert "SCN_7.jpg has changed since this form was shown" in answer.text
    assert Form.of(answer)["patientLastName"] == "Lindqvist"
    assert not list(scans.glob("*.json"))
    assert Form.of(answer).send(client, **RIGHT).status_code == 303


def test_a_scan_that_has_gone_is_told(practice: DeskPractice, client: Browser, scans: Path) -> None:
    (scans / "SCN_7.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    form = Form.of(client.get(address("SCN_7.jpg")))
    (scans / "SCN_7.jpg").unlink()
    answer = form.send(client, **RIGHT)
    assert answer.status_code == 404
    assert "This scan does not wait any more" in answer.text
    assert not list(scans.iterdir())


@pytest.mark.parametrize("name", ["../outtray.toml", "/etc/passwd", "held.jpg", "SCN_8.jpg", "", "SCN_7.jpg\0"])
def test_a_file_that_the_last_look_has_not_seen_waiting_is_none(
    practice: DeskPractice, client: Browser, scans: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "outtray.toml").write_bytes(b"secret")
    (scans / "held.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    for what in ("form", "image"):
        answer = client.get(f"/scan/{LANE}/{file_token(LANE, name)}/{what}")
        assert answer.status_code == 404
        assert "secret" not in answer.text


def test_names_and_values_are_shown_as_text(practice: DeskPractice, client: Browser, scans: Path) -> None:
    name = "<img src=x onerror=alert(1)>.jpg"
    (scans / name).write_bytes(files.jpeg())
    waits(practice, (name,))
    form = Form.of(client.get(address(name)))
    answer = form.send(client, **RIGHT | {"payerId": '"><script>alert(2)</script>'})
    for page in (client.get(address(name)).text, answer.text):
        assert "<img src=x" not in page
        assert "<script>alert" not in page


def test_a_name_that_is_no_unicode_is_told_and_breaks_nothing(
    practice: DeskPractice, client: Browser, scans: Path
) -> None:
    name = "scan\udcff.jpg"
    try:
        (scans / name).write_bytes(files.jpeg())
    except (OSError, UnicodeEncodeError):
        pytest.skip("no such names here")
    waits(practice, (name,))
    shown = client.get(address(name))
    assert shown.status_code == 200
    answer = Form.of(shown).send(client, **RIGHT)
    assert answer.status_code == 422
    assert "characters that" in answer.text


def test_a_part_is_the_form_alone(practice: DeskPractice, client: Browser, scans: Path) -> None:
    (scans / "SCN_7.jpg").write_bytes(files.jpeg())
    waits(practice, ("SCN_7.jpg",))
    part = client.get(f"{address('SCN_7.jpg')}?part=1").text
    assert '<form class="form"' in part
    assert "<html" not in part
