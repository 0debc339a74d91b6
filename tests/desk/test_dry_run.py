"""The dry run: what each file would become, with every fault in it, and nothing in the folder changed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.desk.dry_run.run import dry_run
from agent.desk.dry_run.scope import NoSuchLane, NoSuchPath
from agent.desk.dry_run.verdict import Expected, Verdict
from agent.folder.names import name_key
from agent.folder.real import RealFileSystem
from agent.intake.statements import spool
from agent.ledger.ledger import Ledger
from agent.ledger.opening import memory_ledger
from agent.ledger.records import ClaimState, FilenameClaim, PacketFile, PacketRecord, Shelf
from agent.model import Identity, LaneId, LaneKind, PacketState
from agent.settings.schema import Settings
from tests.support import files
from tests.support import statement_files as made
from tests.support.bad_packets import BadPacket, bad_packets, everything_said
from tests.support.bad_statements import BAD_STATEMENTS, BadStatements
from tests.support.desk import everything_in, practice
from tests.support.folders import ARRIVED, HandClock

SCANS = LaneId("main-street", LaneKind.ATTACHMENTS)
STATEMENTS = LaneId("main-street", LaneKind.STATEMENTS)


def put(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def check(*paths: Path, settings: Settings | None = None, **options: Any) -> list[Verdict]:
    """Make a dry run at ARRIVED, and see that it changes nothing around the paths."""
    around = [path if path.is_dir() else path.parent for path in paths]
    before = [everything_in(folder) for folder in around]
    fs = options.pop("fs", RealFileSystem())
    verdicts = dry_run(paths, settings, fs=fs, clock=HandClock(), **options)
    assert [everything_in(folder) for folder in around] == before
    return verdicts


def one(verdicts: list[Verdict]) -> Verdict:
    assert len(verdicts) == 1, verdicts
    return verdicts[0]


# --- Packets that cannot go ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", bad_packets(), ids=lambda bad: bad.id)
def test_every_fault_of_a_bad_packet_is_told(tmp_path: Path, bad: BadPacket) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans", bad.files)
    problems = [found.problem for found in check(tmp_path / "scans", settings=settings) if found.problem]
    (problem,) = (problem for problem in problems if problem.code == bad.code)
    said = everything_said(problem)
    assert [word for word in bad.words if word not in said] == []


@pytest.mark.parametrize("bad", BAD_STATEMENTS, ids=lambda bad: bad.id)
def test_every_fault_of_bad_statements_is_told(tmp_path: Path, bad: BadStatements) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "statements", {bad.filename: bad.data})
    found = one(check(tmp_path / "statements", settings=settings))
    assert found.state is Expected.FAILED
    assert found.problem is not None
    assert found.problem.code == bad.code
    assert [word for word in bad.words if word not in everything_said(found.problem)] == []


# --- Packets that can ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "name"),
    [
        ({"scan.pdf": files.pdf(), "scan.json": files.sidecar()}, "scan"),
        ({"scan.jpg": files.jpeg(), "scan.jpg.json": files.sidecar()}, "scan"),
        ({"a.png": files.png(), "b.tif": files.tiff(), "c.json": files.sidecar(files=["a.png", "b.tif"])}, "c"),
        ({"smith/x.gif": files.gif(), "smith/y.pdf": files.pdf(), "smith/smith.json": files.sidecar()}, "smith"),
    ],
)
def test_good_packets_of_every_form(tmp_path: Path, contents: dict[str, bytes], name: str) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans", contents)
    found = one(check(tmp_path / "scans", settings=settings))
    assert (found.state, found.name, found.lane) == (Expected.READY, name, str(SCANS))
    assert found.claim == "CLM-2026-000123"
    assert found.endpoint == "documents"
    assert {file.name for file in found.files} | {found.sidecar} == set(contents)
    assert all(file.type for file in found.files)
    assert found.problem is None


def test_image_intelligence_and_a_warning(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    entry = {"fileName": "scan.gif", "procedureCodes": "D2740", "toothNumbers": "14"}
    put(tmp_path / "scans", {"scan.gif": files.gif(), "scan.json": files.sidecar(fileMetadata=[entry])})
    found = one(check(tmp_path / "scans", settings=settings))
    assert found.endpoint == "image-intelligence"
    assert "GIF" in found.warnings[0]


def test_defaults_of_the_store(tmp_path: Path) -> None:
    put(tmp_path / "scans", {"scan.pdf": files.pdf(), "scan.json": files.sidecar(submitterId=...)})
    with_default = practice(tmp_path, in_attachments='submitter_id = "SUB-9"')
    assert one(check(tmp_path / "scans", settings=with_default)).state is Expected.READY
    without = one(check(tmp_path / "scans"))
    assert without.problem is not None
    assert "submitter" in everything_said(without.problem).lower()


def test_statements_are_summed_up(tmp_path: Path) -> None:
    settings = practice(
        tmp_path, in_statements='[store.statements.filename_rule]\nupload_name = "{stem} {date}{suffix}"'
    )
    put(tmp_path / "statements", {"july.csv": made.csv(made.ROW, ("1002", *made.ROW[1:])), "notes.pdf": files.pdf()})
    found = one(check(tmp_path / "statements", settings=settings))
    assert found.state is Expected.READY
    assert found.endpoint == "pending-invoices"
    assert found.statements is not None
    held = found.statements
    assert (held.profile, held.count, held.upload_name) == ("generic", 2, "july 2026-07-04.csv")
    assert held.amount_due_cents == 2 * round(float(made.ROW[made.HEADINGS.index("Amount Due")]) * 100)
    assert "headings" in held.why


# --- What waits, and what is left alone ------------------------------------------------------------------------------


def test_waits(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans", {"alone.pdf": files.pdf(), "c.json": files.sidecar(files=["p1.pdf", "p2.pdf"])})
    found = {verdict.name: verdict for verdict in check(tmp_path / "scans", settings=settings)}
    assert {verdict.state for verdict in found.values()} == {Expected.WAITING}
    assert "alone.json" in found["alone"].waits_for
    assert found["c"].waits_for == "p1.pdf, p2.pdf"


def test_a_file_that_is_open_elsewhere_waits(tmp_path: Path) -> None:
    class Open(RealFileSystem):
        def in_use(self, path: Path) -> bool:
            return path.suffix == ".pdf"

    settings = practice(tmp_path)
    put(tmp_path / "scans", {"scan.pdf": files.pdf(), "scan.json": files.sidecar()})
    found = one(check(tmp_path / "scans", settings=settings, fs=Open()))
    assert found.state is Expected.WAITING
    assert found.problem is not None
    assert found.problem.code == "folder-busy"


@pytest.mark.parametrize(
    ("name", "word"), [("scan.tmp", "temporary"), ("scan.problem.json", "OutTray writes"), (".hidden", "hidden")]
)
def test_a_named_file_that_is_never_picked_up(tmp_path: Path, name: str, word: str) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans", {name: b"x"})
    assert check(tmp_path / "scans", settings=settings) == []
    found = one(check(tmp_path / "scans" / name, settings=settings))
    assert (found.state, found.problem and found.problem.code) == (Expected.FAILED, "left-alone")
    assert found.problem is not None
    assert word in found.problem.sentence


def test_a_statement_file_that_the_lane_does_not_include(tmp_path: Path) -> None:
    settings = practice(tmp_path, in_statements='include = ["*.xml"]')
    put(tmp_path / "statements", {"july.csv": made.csv(made.ROW)})
    found = one(check(tmp_path / "statements" / "july.csv", settings=settings))
    assert found.problem is not None
    assert "*.xml" in found.problem.sentence


def test_the_shelves_are_not_looked_into(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans" / "failed", {"old.pdf": files.pdf(), "old.json": files.sidecar(), "old.problem.txt": b""})
    assert check(tmp_path / "scans", settings=settings) == []
    assert one(check(tmp_path / "scans" / "failed", settings=settings)).name == "old", "but on request"


# --- Which paths, and whose rules ------------------------------------------------------------------------------------


def test_only_what_was_named(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    pair = {"scan.pdf": files.pdf(), "scan.json": files.sidecar()}
    put(
        tmp_path / "scans",
        {**pair, "other.pdf": files.pdf(), "sub/x.png": files.png(), "sub/sub.json": pair["scan.json"]},
    )
    scans = tmp_path / "scans"
    assert one(check(scans / "scan.pdf", settings=settings)).name == "scan"
    assert one(check(scans / "scan.pdf", scans / "scan.json", settings=settings)).name == "scan"
    assert one(check(scans / "sub", settings=settings)).name == "sub"
    assert one(check(scans / "sub" / "x.png", settings=settings)).name == "sub"
    both = check(scans / "other.pdf", scans / "sub", settings=settings)
    assert {found.name for found in both} == {"other", "sub"}
    assert {found.name for found in check(scans / "sub", scans, settings=settings)} == {"scan", "other", "sub"}


def test_a_folder_in_which_things_were_put_aside_is_told_of(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans", {"aside/x.png": files.png(), "aside/c.json": files.sidecar()})
    for asked in ("aside", "aside/x.png", "."):
        told = one(check(tmp_path / "scans" / asked, settings=settings))
        assert (told.name, told.problem is not None and told.problem.code) == ("aside/", "left-alone")


def test_kinds_outside_of_any_lane(tmp_path: Path) -> None:
    """A sidecar decides what is a scan; of the rest, the ending. Without settings the lane is the kind alone."""
    put(
        tmp_path / "desktop",
        {
            "scan.txt": b"Narrative: the crown is broken.",
            "scan.json": files.sidecar(),
            "july.csv": made.csv(made.ROW),
            "Statements.xml": made.opendental(made.statement()),
            "upload.json": b'{"filename": "u", "pendingInvoiceUploads": []}',
            "alone.pdf": files.pdf(),
        },
    )
    found = {verdict.name: verdict for verdict in check(tmp_path / "desktop")}
    assert {name: verdict.lane for name, verdict in found.items()} == {
        "scan": "attachments",
        "alone": "attachments",
        "july": "statements",
        "Statements": "statements",
        "upload": "statements",
    }
    assert found["scan"].state is found["july"].state is found["Statements"].state is Expected.READY
    settings = practice(tmp_path)
    known = {verdict.name: verdict.lane for verdict in check(tmp_path / "desktop", settings=settings)}
    assert (known["scan"], known["july"]) == (str(SCANS), str(STATEMENTS))


def test_a_packet_folder_outside_of_any_lane(tmp_path: Path) -> None:
    put(tmp_path / "smith", {"x1.png": files.png(), "x2.png": files.png(), "claim.json": files.sidecar()})
    found = one(check(tmp_path / "smith"))
    assert (found.state, found.name, len(found.files)) == (Expected.READY, "smith", 2)


def test_a_folder_outside_whose_sidecar_speaks_for_a_name_is_no_packet_folder(tmp_path: Path) -> None:
    put(tmp_path / "smith", {"x1.png": files.png(), "x2.png": files.png(), "x1.json": files.sidecar()})
    assert {found.name: found.state for found in check(tmp_path / "smith")} == {
        "x1": Expected.READY,
        "x2": Expected.WAITING,
    }


def test_the_lane_that_was_chosen(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "desktop", {"letter.txt": b"Dear practice"})
    chosen = one(check(tmp_path / "desktop", settings=settings, lane=str(SCANS)))
    assert (chosen.lane, chosen.state) == (str(SCANS), Expected.WAITING)
    assert one(check(tmp_path / "desktop", settings=settings)).lane == str(STATEMENTS)
    with pytest.raises(NoSuchLane, match="main-street/statements"):
        check(tmp_path / "desktop", settings=settings, lane="elsewhere/statements")
    with pytest.raises(NoSuchLane, match="No settings"):
        check(tmp_path / "desktop", lane=str(SCANS))


def test_a_path_where_nothing_stands(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPath):
        check(tmp_path / "nothing.pdf")


# --- With a ledger ---------------------------------------------------------------------------------------------------


def test_a_name_that_was_used_is_held_and_equal_bytes_are_a_duplicate(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    data = made.csv(made.ROW)
    put(tmp_path / "statements", {"july.csv": data})
    fresh = one(check(tmp_path / "statements", settings=settings))
    assert fresh.state is Expected.READY
    for sha256, state in (("00", Expected.HELD), (_digest(data), Expected.DUPLICATE)):
        ledger = Ledger(memory_ledger())
        sent_at = ARRIVED - timedelta(hours=3)
        with ledger.transaction() as tx:
            tx.admit(_sent("p1", STATEMENTS, "july.csv", data, sha256), sent_at)
            key = name_key("july.csv")
            tx.claim(
                FilenameClaim("p1", "01GDG5BZA29R3SZMZ63Y2GFENV", key, sha256, ClaimState.ACCEPTED, sent_at, sent_at)
            )
        journal = len(ledger.journal())
        found = one(check(tmp_path / "statements", settings=settings, ledger=ledger))
        assert found.state is state
        assert found.until == (sent_at + timedelta(hours=24) if state is Expected.HELD else None)
        assert len(ledger.journal()) == journal
        ledger.close()


def test_a_scan_that_was_sent_is_a_duplicate(tmp_path: Path) -> None:
    settings = practice(tmp_path)
    put(tmp_path / "scans", {"scan.pdf": files.pdf(), "scan.json": files.sidecar()})
    before = one(check(tmp_path / "scans", settings=settings))
    assert before.state is Expected.READY
    ledger = Ledger(memory_ledger())
    record = _sent("p1", SCANS, "earlier.pdf", files.pdf(), _digest(files.pdf()))
    fingerprint = _fingerprint(tmp_path / "scans", settings)
    with ledger.transaction() as tx:
        tx.admit(PacketRecord(**{**vars(record), "fingerprint": fingerprint, "control_number": "ACN-7"}), ARRIVED)
    found = one(check(tmp_path / "scans", settings=settings, ledger=ledger))
    assert found.state is Expected.DUPLICATE
    assert found.problem is not None
    assert "ACN-7" in found.problem.what_to_do
    ledger.close()


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _fingerprint(folder: Path, settings: Settings) -> str:
    from agent.folder.looking import look
    from agent.folder.settling import FileLook, FileStatus
    from agent.intake.lanes import intake_for

    fs = RealFileSystem()
    lane = settings.lanes[SCANS]
    intake = intake_for(lane, SCANS, fs, folder)
    seen = look(fs, lane, packet_folders=True, marker_expected=False)
    (candidate,) = intake.gather([FileLook(entry, FileStatus.SETTLED) for entry in seen.observations], seen)
    return intake.check(folder, candidate, "p", "", ARRIVED).fingerprint


def _sent(packet: str, lane: LaneId, name: str, data: bytes, sha256: str) -> PacketRecord:
    return PacketRecord(
        id=packet,
        lane=lane,
        state=PacketState.SENT,
        name=name,
        shelf=Shelf.SENT,
        files=(PacketFile(name, "document", Identity(len(data), 1, ""), sha256),),
        arrived_at=ARRIVED - timedelta(hours=3),
        ended_at=ARRIVED - timedelta(hours=3),
    )


def test_no_body_stands_on_a_disk_at_any_moment_of_a_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the command is ended, nothing with a patient's name is left behind."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    seen: list[list[Path]] = []
    monkeypatch.setattr(spool, "here", lambda _point: seen.append(list(temporary.iterdir())))
    put(tmp_path / "elsewhere", {"july.csv": made.csv(made.ROW)})
    verdict = one(check(tmp_path / "elsewhere" / "july.csv"))
    assert verdict.state is Expected.READY
    assert seen
    assert not any(seen)
