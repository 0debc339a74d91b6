"""What became of everything that was dropped, as one value; nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.delivery.told import as_told
from agent.demo.settings import FOLDERS
from agent.model import LaneKind, PacketState, Problem, Readiness
from agent.settings.locations import SETTINGS_FILE

if TYPE_CHECKING:
    from agent.delivery.actions import Found
    from agent.delivery.state import State
    from agent.ledger.records import PacketRecord

RESTING = (PacketState.SENT, PacketState.FAILED, PacketState.HELD, PacketState.WAITING)


@dataclass(frozen=True)
class Item:
    """One packet, or files on their way to being one. `packet` is empty until they are taken."""

    packet: str
    lane: LaneKind
    name: str  # for people: the file's name, or the packet's where it has several
    files: tuple[str, ...]
    state: PacketState
    shelved: bool = True  # its files have come to where the state says
    control_number: str = ""
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None
    until: datetime | None = None
    sent_bytes: int = 0
    total_bytes: int = 0

    @property
    def resting(self) -> bool:
        """Tell whether nothing happens to it any more unless somebody, or time, does something."""
        return self.state in RESTING and self.shelved


@dataclass(frozen=True)
class Summary:
    """Everything at one moment: what has ended in that order, then what has not, in order of arrival."""

    items: tuple[Item, ...]
    seconds: float
    finished: bool = False
    troubles: tuple[str, ...] = ()  # what hampers a lane, in sentences

    def of(self, state: PacketState) -> tuple[Item, ...]:
        """Return what stands in a state."""
        return tuple(item for item in self.items if item.state is state and item.shelved)

    def as_json(self, folder: Path) -> dict[str, Any]:
        """Return it as JSON: a list for each state that a packet can rest in."""
        return {
            "finished": self.finished,
            "seconds": round(self.seconds, 1),
            "troubles": list(self.troubles),
            "folder": str(folder),
            "settings": str(folder / SETTINGS_FILE),
            "folders": {str(lane): str(folder / name) for lane, name in FOLDERS.items()},
            **{str(state): [_as_json(item) for item in self.of(state)] for state in RESTING},
        }


def summary_of(state: State, seconds: float, *, finished: bool = False) -> Summary:
    """Return what the control thread knows. Called in that thread."""
    ended = {packet.id: _of_packet(as_told(state.lanes[packet.lane].fs, packet)) for packet in state.ended}
    active = [
        _of_packet(packet, state.sending.get(packet.id))
        for packet in sorted(state.packets.values(), key=lambda packet: (packet.arrived_at, packet.id))
    ]
    found = [_of_found(lane.id.kind, one) for lane in state.lanes.values() for one in lane.found.values()]
    return Summary((*ended.values(), *active, *found), seconds, finished, tuple(_troubles(state)))


def _troubles(state: State) -> Iterator[str]:
    for lane in state.lanes.values():
        problem = lane.offline or state.lane_records[lane.id].problem or state.trouble_of(lane.id)
        if problem is not None:
            yield f"{FOLDERS[lane.id.kind]}: {problem.sentence} {problem.what_to_do}"


def _of_packet(packet: PacketRecord, progress: tuple[int, int] | None = None) -> Item:
    files = tuple(file.name for file in packet.documents)
    sent, total = progress or (0, sum(packet.sizes))
    return Item(
        packet=packet.id,
        lane=packet.lane.kind,
        name=_name(packet.name, files),
        files=files,
        state=packet.state,
        shelved=not packet.unshelved,
        control_number=packet.control_number,
        warnings=tuple((packet.receipt or {}).get("warnings", ())),
        problem=packet.problem if packet.state is not PacketState.SENT else None,
        until=packet.next_at,
        sent_bytes=sent,
        total_bytes=total,
    )


def _of_found(lane: LaneKind, found: Found) -> Item:
    candidate = found.candidate
    files = tuple(file.name for file in candidate.files)
    waiting = candidate.readiness is Readiness.WAITING
    return Item(
        packet="",
        lane=lane,
        name=_name(candidate.name, files),
        files=files,
        state=PacketState.WAITING if waiting else PacketState.SETTLING,
        problem=_waits_for(found) if waiting else None,
        total_bytes=sum(file.identity.size for file in candidate.files),
    )


def _waits_for(found: Found) -> Problem:
    candidate = found.candidate
    if candidate.sidecar is None:
        return Problem(
            "waits-for-sidecar",
            "This scan came without a sidecar.",
            f"Save the sidecar beside it as {candidate.name}.json, and it goes.",
        )
    missing = ", ".join(candidate.missing)
    return Problem("waits-for-files", f"Its sidecar is there and waits for {missing}.", f"Drop {missing}, and it goes.")


def _name(name: str, files: tuple[str, ...]) -> str:
    if len(files) == 1:
        return files[0].rpartition("/")[2]
    return f"{name}, {len(files)} files" if files else name


def _as_json(item: Item) -> dict[str, Any]:
    problem = item.problem
    return {
        "packet": item.packet or None,
        "lane": str(item.lane),
        "name": item.name,
        "files": list(item.files),
        "attachment_control_number": item.control_number or None,
        "warnings": list(item.warnings),
        "until": item.until.isoformat(timespec="seconds").replace("+00:00", "Z") if item.until else None,
        "code": problem.code if problem else None,
        "sentence": problem.sentence if problem else None,
        "what_to_do": problem.what_to_do if problem else None,
        "details": [asdict(fault) for fault in problem.details] if problem else [],
    }
