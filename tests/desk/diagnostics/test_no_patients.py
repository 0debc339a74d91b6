"""Patients are planted everywhere that OutTray keeps or meets anything; none is found in a byte of the ZIP."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.desk.diagnostics import harmless
from agent.desk.doctor.finding import Check, Finding, State
from agent.ledger import schema
from agent.ledger.opening import open_ledger
from agent.log import log, where, write_to
from tests.support.desk import settings_text

PLANTED = {
    "last name": "Okaforsson",
    "first name": "Philippa",
    "born": "1968-03-02",
    "born, as written": "03/02/1968",
    "member": "MBR884412907",
    "claim": "CLM-77123",
    "control number": "CHC#77aa88bb99",
    "file": "xray_okaforsson_77.pdf",
    "account": "ACCT-660123",
    "phone": "555-0142",
    "e-mail": "philippa@example.com",
    "os user": "rosa-frontdesk",
    "client id": "client-id-4711",
    "secret": "hush-hush-secret",
    "tax id": "98-7654321",
    "store id": "01GDG5BZA29R3SZMZ63Y2GFENV",
}
EVERYTHING = " ".join(PLANTED.values())
NOW = datetime(2026, 7, 14, 9, 0, tzinfo=UTC)


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A practice with patients in its folders' names, files, sidecars, ledger, vendors' replies, log and settings."""
    folder = tmp_path / f"Scans of {PLANTED['first name']} {PLANTED['last name']}"
    for name in ("scans", "statements", "data", "scans/failed", "scans/sent", "scans/sending"):
        (folder / name).mkdir(parents=True)
    text = settings_text(
        folder,
        store_id=PLANTED["store id"],
        client_id=PLANTED["client id"],
        in_attachments=f'billing_provider_tax_id = "{PLANTED["tax id"]}"\nsubmitter_id = "{PLANTED["last name"]}"\n'
        f'failed = "failed {PLANTED["last name"]}"',
        in_statements=f'include = ["{PLANTED["last name"]}*.csv"]\nexternal_location_id = "{PLANTED["member"]}"',
    )
    (folder / "outtray.toml").write_text(text, encoding="utf-8")
    (folder / "scans" / PLANTED["file"]).write_bytes(b"%PDF-1.4")
    (folder / "scans" / f"{PLANTED['file']}.json").write_text(json.dumps(PLANTED), encoding="utf-8")
    (folder / "statements" / f"{PLANTED['last name']}.csv").write_text(EVERYTHING, encoding="utf-8")
    (folder / "scans/failed" / f"{PLANTED['last name']}.problem.txt").write_text(EVERYTHING, encoding="utf-8")
    _ledger(folder / "data")
    _log(folder / "data" / "logs")
    monkeypatch.setenv("OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET", PLANTED["secret"])
    monkeypatch.setenv("OUTTRAY_SECRET_MAIN_STREET_API_KEY", PLANTED["secret"])
    return folder


def _ledger(folder: Path) -> None:
    engine = open_ledger(folder / "ledger.sqlite", NOW).engine
    problem = {"code": "refused", "sentence": EVERYTHING, "what_to_do": EVERYTHING}
    problem |= {"details": [{"where": EVERYTHING, "value": EVERYTHING, "message": EVERYTHING}]}
    with engine.begin() as connection:
        for number, state in enumerate(["sent", "failed", "queued", "held"]):
            connection.execute(
                schema.packet.insert().values(
                    id=f"2026-07-14-{number}",
                    store="main-street",
                    kind="attachments",
                    state=state,
                    name=PLANTED["last name"],
                    folder=PLANTED["last name"],
                    shelf=state if state != "queued" else "sending",
                    arrived_at=NOW,
                    claim=PLANTED["claim"],
                    upload_name=PLANTED["file"],
                    warnings=[EVERYTHING],
                    problem=problem if state == "failed" else None,
                    receipt={"response": {"message": EVERYTHING, **PLANTED}},
                    control_number=PLANTED["control number"],
                )
            )
            connection.execute(
                schema.packet_file.insert().values(
                    packet=f"2026-07-14-{number}", position=0, role="document", name=PLANTED["file"], size=8, mtime_ns=1
                )
            )
            connection.execute(
                schema.attempt.insert().values(
                    packet=f"2026-07-14-{number}",
                    number=1,
                    started_at=NOW,
                    ended_at=NOW,
                    outcome="refused",
                    status=422,
                    code=PLANTED["last name"],
                )
            )
            connection.execute(
                schema.journal.insert().values(
                    at=NOW,
                    packet=f"2026-07-14-{number}",
                    lane="main-street/attachments",
                    event="admitted",
                    detail=dict(PLANTED),
                    actor=PLANTED["os user"],
                )
            )
        connection.execute(
            schema.lane.insert().values(
                store="main-street", kind="attachments", blocked_since=NOW, setbacks=1, problem=problem
            )
        )
    engine.dispose()


def _log(folder: Path) -> None:
    """What OutTray writes; and what nobody should ever write there, but someone might."""
    write_to(folder)
    try:
        try:
            raise FileNotFoundError(2, "not there", PLANTED["file"])
        except FileNotFoundError as trouble:
            log.error("a job broke down", extra={"trouble": where(trouble), "packet": "2026-07-14-1"})
            raise ValueError(EVERYTHING) from trouble
    except ValueError:
        log.exception(EVERYTHING)
    log.info("sent", extra={"packet": PLANTED["claim"] + " x", "lane": EVERYTHING, "patient": PLANTED["last name"]})
    log.info(f"sent {PLANTED['file']}", extra={"detail": EVERYTHING, "trouble": EVERYTHING, "by": EVERYTHING})
    log.info("started", extra={"version": "0.1.0", "lanes": [EVERYTHING, "main-street/attachments"]})
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    log.addHandler(logging.NullHandler())
    with (folder / "outtray.log").open("a", encoding="utf-8") as file:
        file.write(f"{EVERYTHING}\n{json.dumps([EVERYTHING])}\n{json.dumps({'event': EVERYTHING})}\n")
    (folder / "outtray.log.1").write_text(json.dumps({"event": PLANTED["last name"], "level": EVERYTHING}) + "\n")


def diagnostics_of(folder: Path) -> bytes:
    """The ZIP that the command writes."""
    target = folder.parent / "support.zip"
    words = ["diagnostics", str(target), "--offline", "--config", str(folder / "outtray.toml")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return target.read_bytes()


def members(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert not file.comment
        assert not any(one.comment or one.extra for one in file.infolist())
        return {one.filename: file.read(one).decode() for one in file.infolist()}


def test_no_patient_is_in_any_byte(planted: Path) -> None:
    archive = diagnostics_of(planted)
    found = members(archive)
    for kind, value in PLANTED.items():
        for form in {value, value.lower(), value.upper(), json.dumps(value)[1:-1]}:
            assert form.encode() not in archive, f"{kind} stands in the archive"
            for name, text in found.items():
                assert form.lower() not in text.lower(), f"{kind} stands in {name}"
                assert form.lower() not in name.lower()


def test_what_support_needs_is_there(planted: Path) -> None:
    found = members(diagnostics_of(planted))
    ledger = json.loads(found["ledger.json"])
    assert {"lane": "main-street/attachments", "state": "failed", "problem": "refused", "packets": 1} in ledger[
        "counts"
    ]
    assert [packet["packet"] for packet in ledger["packets"]] == [f"2026-07-14-{number}" for number in range(4)]
    assert ledger["packets"][1]["problem"] == "refused"
    assert ["2026-07-14 09:00:00+00:00", "2026-07-14-1", "main-street/attachments", "admitted"] in ledger["journal"]
    assert any("refused 422" in line[3] for line in ledger["journal"])
    settings = json.loads(found["settings.json"])
    assert settings["agent"]["senders"] == 4
    assert settings["store"][0]["attachments"]["client_id"] == "set"
    assert json.loads(found["about.json"])["outtray"]
    checks = {(one["check"], one["lane"]) for one in json.loads(found["doctor.json"])}
    assert ("folder", "main-street/attachments") in checks
    lines = [json.loads(line) for line in found["logs/0.jsonl"].splitlines()]
    assert any(line.get("packet") == "2026-07-14-1" and "FileNotFoundError" in line["trouble"] for line in lines)
    assert any(line.get("lanes") == ["…", "main-street/attachments"] for line in lines)
    assert {"lines left out": 2} in lines


def test_settings_with_faults_give_a_file_too_and_are_not_quoted(planted: Path) -> None:
    settings = planted / "outtray.toml"
    settings.write_text(f'[agent]\nsenders = "{PLANTED["last name"]}"\n{PLANTED["last name"]} = 1\n', encoding="utf-8")
    found = members(diagnostics_of(planted))
    assert set(found) == {"README.txt", "about.json", "doctor.json"}
    assert PLANTED["last name"] not in str(found)


def test_a_file_that_is_there_is_not_written_over(planted: Path) -> None:
    target = planted.parent / "support.zip"
    target.write_bytes(b"mine")
    words = ["diagnostics", str(target), "--offline", "--config", str(planted / "outtray.toml")]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The folder C:\\Scans\\Theo Marsh cannot be reached.", "The folder … cannot be reached."),
        ('The file "Theo Marsh.pdf" is in the way.', "The file … is in the way."),
        ("The share \\\\RECEPTION\\Marsh is away.", "The share … is away."),
        ("75 GB free.", "75 GB free."),
    ],
)
def test_a_finding_loses_paths_and_quotations(sentence: str, said: str) -> None:
    found = Finding(Check.FOLDER, State.FAIL, sentence, detail=r"C:\Scans\Theo Marsh: PermissionError 5")
    kept = harmless.finding(found, [r"C:\Scans\Theo Marsh"])
    assert kept["sentence"] == said
    assert kept["detail"] == "PermissionError 5"


def test_a_packet_s_trace_is_in_order_and_names_nobody(planted: Path) -> None:
    words = ["trace", "2026-07-14-1", "--json", "--config", str(planted / "outtray.toml")]
    done = CliRunner().invoke(app, words)
    lines = json.loads(done.output)
    assert [(line["source"], line["event"]) for line in lines] == [
        ("journal", "admitted"),
        ("attempt", "try 1 began"),
        ("attempt", "try 1: refused"),
        ("log", "a job broke down"),
    ]
    assert PLANTED["file"] not in done.output
    assert CliRunner().invoke(app, ["trace", "nobody", *words[2:]]).exit_code == 2
