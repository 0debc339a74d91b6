"""What an activity page shows, made up: packets in a ledger and snapshots of a busy morning. Synthetic people only."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from agent.delivery.problems import NAME_USED, WITHDRAWN
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot, moment
from agent.destinations.problems import BUSY, KEY_NOT_ACCEPTED, REFUSED
from agent.folder.problems import OFFLINE
from agent.intake.problems import SIDECAR_FIELDS, TWO_SIDECARS
from agent.intake.statements.problems import BAD_ROWS, COLUMN_MISSING
from agent.ledger import schema
from agent.ledger.ledger import Ledger
from agent.ledger.life import FIRST
from agent.ledger.records import PacketFile, PacketRecord, Shelf
from agent.model import Fault, Identity, LaneId, LaneKind, LaneState, PacketState, Problem

NOW = datetime(2026, 7, 14, 14, 42, tzinfo=UTC)
"""A Tuesday morning in Chicago."""
SCANS, STATEMENTS = LaneId("main-street", LaneKind.ATTACHMENTS), LaneId("main-street", LaneKind.STATEMENTS)
FAR_SCANS, FAR_STATEMENTS = LaneId("lakeside", LaneKind.ATTACHMENTS), LaneId("lakeside", LaneKind.STATEMENTS)


class StoppedClock:
    """A clock that stands still at a moment, until it is set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def steady(self) -> float:
        return self.moment.timestamp()

    def read(self) -> Any:
        from agent.clock import Reading

        return Reading(self.moment, self.steady(), "one boot")


def ago(minutes: float = 0, *, days: float = 0) -> datetime:
    """A moment before `NOW`."""
    return NOW - timedelta(minutes=minutes, days=days)


def packet(
    name: str = "PAN-20411.pdf",
    *,
    packet_id: str = "",
    lane: LaneId = SCANS,
    state: PacketState = PacketState.SENT,
    more: Iterable[str] = (),
    minutes: float = 10,
    took: float = 6,
    sidecar: bool | None = None,
    size: int = 1_800_000,
    **facts: Any,
) -> PacketRecord:
    """A packet as the ledger has it: `minutes` ago, and `took` seconds from its arrival to its end."""
    arrived = ago(minutes)
    ended = state in (PacketState.SENT, PacketState.FAILED, PacketState.DELIVERED)
    stem = name.rpartition(".")[0] or name
    with_sidecar = lane.kind is LaneKind.ATTACHMENTS if sidecar is None else sidecar
    names = [(name, "document"), *((one, "document") for one in more)]
    if with_sidecar:
        names.append((f"{stem}.json", "sidecar"))
    shelves = {PacketState.SENT: Shelf.SENT, PacketState.FAILED: Shelf.FAILED, PacketState.HELD: Shelf.HELD}
    known: dict[str, Any] = {
        "id": packet_id or f"20260714-{stem}",
        "lane": lane,
        "state": state,
        "name": stem,
        "shelf": shelves.get(state, Shelf.SENDING),
        "files": tuple(PacketFile(one, role, Identity(size, 1, one), "ab" * 32) for one, role in names),
        "arrived_at": arrived,
        "ended_at": arrived + timedelta(seconds=took) if ended else None,
        "attempts": 1 if state is PacketState.SENT else 0,
    }
    return PacketRecord(**(known | facts))


def sent(name: str, claim: str, number: str, **facts: Any) -> PacketRecord:
    """A delivered scan, with its receipt."""
    record = packet(name, claim=claim, control_number=number, **facts)
    receipt = {
        "packet": record.id,
        "store": record.lane.store,
        "lane": str(record.lane.kind),
        "files": [{"name": file.name, "size": file.identity.size, "sha256": file.sha256} for file in record.documents],
        "sent_at": moment(record.ended_at),
        "attempts": record.attempts,
        "destination": "https://api.example.com/attachments/documents",
        "status": 201,
        "response": {"attachmentControlNumber": number, "note": "<script>alert(1)</script>"},
        "attachment_control_number": number,
        "attachment_ids": [f"CHC#20416000000{place}" for place, _ in enumerate(record.documents)],
        "image_intelligence_transaction_id": None,
        "possibly_sent_twice": record.possibly_sent,
        "confirmed_by": "response",
        "warnings": list(record.warnings),
    }
    return PacketRecord(**(vars(record) | {"receipt": receipt}))


def failed(name: str, problem: Problem, **facts: Any) -> PacketRecord:
    """A failed packet."""
    return packet(name, state=PacketState.FAILED, problem=problem, **facts)


def remember(ledger: Ledger, *records: PacketRecord) -> None:
    """Put packets into a ledger."""
    with ledger.transaction(synced=False) as tx:
        for record in records:
            as_it_began = record.attempts == 0 and record.state in FIRST
            tx.admit(record if as_it_began else replace(record, state=PacketState.QUEUED), record.arrived_at)
            if record.attempts:
                before = replace(record, attempts=record.attempts - 1)
                tx.start_attempt(before, record.arrived_at + timedelta(seconds=1))
                tx.end_attempt(record, record.ended_at or record.arrived_at, "delivered", 201)
            if not as_it_began:
                tx._change(record, state=record.state, shelf=record.shelf)


BAD_SHEET = BAD_ROWS.problem(
    [
        Fault("row 18, column Amount Due", "1.234,56", "This amount can be read in two ways. Write it as 1,234.56."),
        Fault("row 97, column Stmt Date", "02/30/2026", "February has no 30th day."),
        Fault("row 140, column Acct #", "", "The patient’s account number is missing."),
    ],
    name="July-statements.xlsx",
    rows="3 rows",
)
UNKNOWN_PAYER = REFUSED.problem(
    [Fault("payerId", "", "“payerId: payer is not configured for attachments” (HTTP status 422)")],
    service="attachments service",
    reason="The payer ID TST09 is not known.",
)
BAD_FIELDS = SIDECAR_FIELDS.problem(
    [Fault("payerId", "TST0", "A payer ID has 5 letters or digits; this has 4.")],
    first="The payer ID TST0 is too short.",
    more="",
    sidecar="PAN-20398.json",
)
TWO_CARDS = TWO_SIDECARS.problem(
    [Fault("PA-20402.tif", "PA-20402.json, PA-20402.tif.json", "More than one sidecar speaks for this file.")],
    sidecars="PA-20402.json and PA-20402.tif.json",
    files="PA-20402.tif",
)
NEW_COLUMNS = COLUMN_MISSING.problem(
    name="aging-july.csv", missing="the statement date", spellings="Statement Date", found="Bal Fwd Dt, Resp Party"
)


def sent_ones() -> list[PacketRecord]:
    """What was delivered lately."""
    return [
        sent(
            "FMX-20416.jpg",
            "CLM-20416",
            "CHC#65a4c0ffee12d34b5e6f7a81",
            more=[f"FMX-20416-{number:02}.jpg" for number in range(2, 11)],
            minutes=4,
        ),
        sent("PAN-20411.pdf", "CLM-20411", "CHC#65a4bf90d81c27aa4039b6e2", minutes=13, possibly_sent=True, attempts=2),
        sent("PERIO-20400.pdf", "CLM-20400", "CHC#65a3d71b0c44e98f2d5a6013", minutes=60 * 16, lane=FAR_SCANS),
    ]


def failed_ones() -> list[PacketRecord]:
    """What has failed and needs someone."""
    return [
        failed("July-statements.xlsx", BAD_SHEET, lane=STATEMENTS, minutes=30),
        failed("PAN-20398.pdf", UNKNOWN_PAYER, claim="CLM-20398", minutes=22),
        failed("PA-20402.tif", TWO_CARDS, minutes=16),
        failed("aging-july.csv", NEW_COLUMNS, lane=STATEMENTS, minutes=11),
    ]


def going(name: str, state: PacketState, *, lane: LaneId = SCANS, minutes: float = 2, **facts: Any) -> PacketSnapshot:
    """A packet, or files on their way to being one, as the snapshot has them."""
    stem = name.rpartition(".")[0]
    unborn = state in (PacketState.WAITING, PacketState.SETTLING)
    known: dict[str, Any] = {
        "id": "" if unborn else f"20260714-{stem}",
        "lane": str(lane),
        "name": stem,
        "state": str(state),
        "files": (name,),
        "since": moment(ago(minutes)),
        "total_bytes": 8_200_000,
    }
    return PacketSnapshot(**(known | facts))


def well_lanes(*, today: int = 41) -> tuple[LaneSnapshot, ...]:
    """Two stores whose four lanes all run."""
    counts = {SCANS: {"sent": today}}
    return tuple(
        LaneSnapshot(str(lane), LaneState.RUNNING, f"/practice/{lane}", "native", counts=counts.get(lane, {}))
        for lane in (SCANS, STATEMENTS, FAR_SCANS, FAR_STATEMENTS)
    )


def snapshot(lanes: tuple[LaneSnapshot, ...] = (), packets: tuple[PacketSnapshot, ...] = (), **facts: Any) -> Snapshot:
    """A snapshot of a running agent."""
    lanes = lanes or well_lanes()
    known: dict[str, Any] = {
        "at": moment(NOW),
        "running": True,
        "pid": 1,
        "needs_attention": sum(lane.needs_attention for lane in lanes),
    }
    return Snapshot(lanes=lanes, packets=packets, **(known | facts))


def busy_snapshot() -> Snapshot:
    """A morning on which everything happens at once: see the page's mock."""
    lanes = (
        LaneSnapshot(str(SCANS), LaneState.RUNNING, "/practice/scans", counts={"sent": 41}, needs_attention=3),
        LaneSnapshot(str(STATEMENTS), LaneState.RUNNING, "/practice/statements", needs_attention=2),
        LaneSnapshot(
            str(FAR_SCANS),
            LaneState.OFFLINE,
            r"\\RECEPTION-2\Scans",
            problem=OFFLINE.problem(
                [Fault(r"\\RECEPTION-2\Scans", "", "the network path was not found")], folder=r"\\RECEPTION-2\Scans"
            ),
        ),
        LaneSnapshot(
            str(FAR_STATEMENTS),
            LaneState.BLOCKED,
            "/practice/far",
            since=moment(ago(62)),
            counts={"queued": 14},
            problem=KEY_NOT_ACCEPTED.problem(
                [Fault("https://api.example.com", "", "HTTP status 401")],
                service="statements service",
                store="lakeside",
                name="api_key",
            ),
        ),
    )
    packets = (
        going("SCN_0007.jpg", PacketState.WAITING, minutes=45, needs_someone=True, why="Waits for its sidecar."),
        going("CBCT-20421.dcm", PacketState.SENDING, sent_bytes=318_000_000, total_bytes=512_000_000),
        going("BW-20419.jpg", PacketState.SENDING, sent_bytes=7_400_000, files=tuple(f"BW-{n}.jpg" for n in range(4))),
        going("Statements-A.xml", PacketState.SENDING, lane=STATEMENTS, sent_bytes=8_200_000),
        *(going(f"NEXT-{number}.pdf", PacketState.QUEUED) for number in range(5)),
        going(
            "Statements.xml",
            PacketState.HELD,
            lane=STATEMENTS,
            next_at=moment(NOW + timedelta(hours=22, minutes=30)),
            why=NAME_USED.problem(name="Statements.xml").sentence,
        ),
        going("BW-20424.pdf", PacketState.WAITING, minutes=4, why="Waits for its sidecar."),
        going("PA.json", PacketState.WAITING, files=(), sidecar="20430.json", why="Waits for PA-20430.jpg."),
        going(
            "PERIO-20415.pdf",
            PacketState.QUEUED,
            next_at=moment(NOW + timedelta(minutes=2)),
            why=BUSY.problem(service="attachments service").sentence,
        ),
        *(going(f"far-{number}.csv", PacketState.QUEUED, lane=FAR_STATEMENTS) for number in range(14)),
    )
    return snapshot(lanes, packets)


def fill(ledger: Ledger, count: int, *, now: datetime = NOW, seed: int = 1) -> None:
    """Put a long history into a ledger: `count` packets over the last year, nearly all of them sent."""
    dice = random.Random(seed)
    packets, files = [], []
    for number in range(count):
        arrived = now - timedelta(days=365 * number / count, seconds=dice.randrange(3600))
        state = PacketState.FAILED if number % 50 == 3 else PacketState.SENT
        lane = SCANS if number % 5 else STATEMENTS
        bad = WITHDRAWN.problem(name=f"file-{number}") if state is PacketState.FAILED else None
        name = f"scan-{number:05}"
        packets.append(
            {
                "id": f"20260101-{number:06}",
                "store": lane.store,
                "kind": str(lane.kind),
                "state": str(state),
                "name": name,
                "folder": "",
                "keep_names": False,
                "shelf": str(Shelf.FAILED if bad else Shelf.SENT),
                "arrived_at": arrived,
                "ended_at": arrived + timedelta(seconds=dice.expovariate(1 / 6) + 2),
                "resolved_at": arrived + timedelta(hours=1) if bad else None,
                "claim": f"CLM-{number:05}",
                "control_number": "" if bad else f"CHC#{dice.getrandbits(96):024x}",
                "problem": {"code": bad.code, "sentence": bad.sentence, "what_to_do": bad.what_to_do, "details": []}
                if bad
                else None,
                "receipt": None if bad else {"warnings": [], "response": {"status": "created", "x": "y" * 200}},
                "attempts": 1,
                "size": 100_000,
                "warnings": [],
            }
        )
        for position, (file, role) in enumerate(((f"{name}.pdf", "document"), (f"{name}.json", "sidecar"))):
            files.append(
                {
                    "packet": f"20260101-{number:06}",
                    "position": position,
                    "role": role,
                    "name": file,
                    "size": 100_000,
                    "mtime_ns": 1,
                    "sha256": "ab" * 32,
                }
            )
    with ledger.transaction(synced=False) as tx:
        for start in range(0, count, 1000):
            tx._connection.execute(insert(schema.packet), packets[start : start + 1000])
            tx._connection.execute(insert(schema.packet_file), files[start * 2 : start * 2 + 2000])
