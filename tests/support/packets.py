"""Made-up packets, candidates and lanes, for tests of what decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.delivery.actions import Found
from agent.delivery.planner import LaneView, Terms, View
from agent.folder.names import name_key
from agent.ledger.records import ClaimState, FilenameClaim, LaneRecord, PacketFile, PacketRecord, Shelf
from agent.model import (
    Candidate,
    Checked,
    Identity,
    LaneId,
    LaneKind,
    Observation,
    PacketState,
    Problem,
    Readiness,
)

NOW = datetime(2026, 7, 4, 9, 0, tzinfo=UTC)
SCANS = LaneId("main-street", LaneKind.ATTACHMENTS)
STATEMENTS = LaneId("main-street", LaneKind.STATEMENTS)
TROUBLE = Problem("trouble", "The service is busy.", "Nothing needs doing.")


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def seen(name: str, size: int = 100, mtime_ns: int = 1) -> Observation:
    return Observation(name, Identity(size, mtime_ns, name))


def packet(packet_id: str = "p1", lane: LaneId = SCANS, **changes: Any) -> PacketRecord:
    names = changes.pop("names", ("scan.pdf", "scan.json"))
    sha256 = changes.pop("sha256", "")
    sizes = changes.pop("sizes", {})
    files = tuple(
        PacketFile(
            name,
            "sidecar" if name.endswith(".json") else "document",
            Identity(sizes.get(name, 100), 1, name),
            "" if name.endswith(".json") else sha256,
        )
        for name in names
    )
    made = PacketRecord(
        id=packet_id,
        lane=lane,
        state=PacketState.QUEUED,
        name="scan",
        shelf=Shelf.SENDING,
        files=files,
        arrived_at=NOW - hours(1),
    )
    return replace(made, **changes)


def found(name: str = "scan", packet_id: str = "p1", **changes: Any) -> Found:
    candidate = changes.pop("candidate", None) or Candidate(
        name=name,
        files=(seen(f"{name}.pdf"),),
        sidecar=seen(f"{name}.json"),
        readiness=changes.pop("readiness", Readiness.READY),
        problem=changes.pop("problem", None),
        missing=changes.pop("missing", ()),
    )
    return Found(packet=packet_id, candidate=candidate, since=changes.pop("since", NOW), **changes)


def statement(name: str, packet_id: str = "p1", sha256: str = "aa") -> Found:
    candidate = Candidate(name=name.rpartition(".")[0], files=(seen(name),))
    return Found(
        packet=packet_id,
        candidate=candidate,
        since=NOW,
        checked=Checked(sha256=(sha256,)),
        upload_name=name,
    )


def claim(packet_id: str, name: str = "Statements.xml", sha256: str = "00", **changes: Any) -> FilenameClaim:
    made = FilenameClaim(
        packet=packet_id,
        store_id="store-1",
        key=name_key(name),
        sha256=sha256,
        state=ClaimState.RESERVED,
        claimed_at=NOW - hours(2),
    )
    return replace(made, **changes)


def accepted(packet_id: str, ago: timedelta, name: str = "Statements.xml", sha256: str = "00") -> FilenameClaim:
    at = NOW - ago
    return claim(packet_id, name, sha256, state=ClaimState.ACCEPTED, claimed_at=at, accepted_at=at, active=False)


def lane(lane_id: LaneId = SCANS, **changes: Any) -> LaneView:
    record = LaneRecord(
        lane_id,
        **{
            key: changes.pop(key)
            for key in ("paused_since", "blocked_since", "rest_until", "setbacks")
            if key in changes
        },
    )
    terms = replace(Terms(account="store-1"), **changes.pop("terms", {}))
    return LaneView(lane_id, terms, record, **changes)


def view(*lanes: LaneView, **changes: Any) -> View:
    return View(lanes=lanes or (lane(),), free_senders=changes.pop("free_senders", 4), **changes)
