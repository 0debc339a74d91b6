"""Scans that stand in a lane's folder without a sidecar: which they are, and what a sidecar for them would make.

Nothing that a browser says of a file is believed: a name has to be one of a scan that the lane's last look has seen
waiting for its sidecar, and a token holds what that scan was like when the form was shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.delivery.snapshot import PacketSnapshot
from agent.desk.desk import Desk
from agent.desk.dry_run.read_only import ReadOnly
from agent.desk.page.forms.shelf import seen_token
from agent.desk.page.tokens import meant
from agent.folder.filesystem import Busy, FileSystem, Missing
from agent.folder.looking import look
from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.check import load_sidecar
from agent.intake.attachments.claims import is_sidecar
from agent.intake.attachments.pairing import pair
from agent.intake.attachments.sidecar import ENDING, Sidecar
from agent.model import Candidate, Identity, LaneId, Observation, PacketState, Problem
from agent.settings.schema import AttachmentsSettings

MOST_OTHERS = 50
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Scan:
    """A scan as it stands now. `token` names it in a form, and is another one once the file has changed."""

    name: str  # relative to the lane's folder
    identity: Identity
    since: datetime | None
    token: str

    @property
    def base(self) -> str:
        """The file's own name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Waiting:
    """What waits for one sidecar: one scan, or the files of a packet subfolder. `others`: further scans, by name."""

    lane: LaneId
    settings: AttachmentsSettings
    folder: str
    scans: tuple[Scan, ...]
    others: tuple[Scan, ...]


def attachments_lane(desk: Desk, lane: str) -> tuple[LaneId, AttachmentsSettings] | None:
    """Return the attachments lane of this name."""
    for known, settings in desk.settings.lanes.items():
        if str(known) == lane and isinstance(settings, AttachmentsSettings):
            return known, settings
    return None


def waiting(desk: Desk, lane: str, asked: str) -> Waiting | None:
    """Return what waits with the file that the token `asked` stands for; None where it does not (any more).

    As far as the last look and the disk tell."""
    known = attachments_lane(desk, lane)
    if known is None:
        return None
    without = [packet for packet in desk.snapshot().packets if is_without_sidecar(packet, lane)]
    name = meant(asked, lane, (name for one in without for name in one.files))
    packet = next((one for one in without if name in one.files), None)
    if packet is None or name is None:
        return None
    lane_id, settings = known
    scans = list(_standing(desk.files, settings, packet, lane, is_shown=True))
    if len(scans) != len(packet.files):
        return None
    others: list[Scan] = []
    if "/" not in name:
        rest = [one for one in without if one is not packet and not any("/" in name for name in one.files)]
        others = [scan for one in rest[:MOST_OTHERS] for scan in _standing(desk.files, settings, one, lane)]
    others.sort(key=lambda scan: scan.name)
    return Waiting(lane_id, settings, name.rpartition("/")[0], tuple(scans), tuple(others))


def is_without_sidecar(packet: PacketSnapshot, lane: str) -> bool:
    """Tell whether these are files of the lane that wait for their sidecar."""
    return (
        not packet.id
        and packet.lane == lane
        and packet.state == PacketState.WAITING
        and bool(packet.files)
        and not packet.sidecar
    )


def _standing(
    fs: FileSystem, settings: AttachmentsSettings, packet: PacketSnapshot, lane: str, *, is_shown: bool = False
) -> Iterable[Scan]:
    """Yield what stands there. Of a scan whose picture is shown the bytes have to stay the same, too."""
    since = datetime.fromisoformat(packet.since) if packet.since else None
    limit = settings.max_file_mb if is_shown else 0
    for name in packet.files:
        path = settings.folder / name
        try:
            identity = fs.identify(path)
            token = seen_token(fs, lane, name, path, identity, limit)
        except (Missing, Busy):
            continue
        yield Scan(name, identity, since, token)


# --- The sidecar that is to come ------------------------------------------------------------------------------------


def sidecar_name(scans: Sequence[Scan], folder: str) -> tuple[str, bool]:
    """Return the name of a sidecar for these scans, relative to the lane's folder, and whether it has to list them.

    `NAME.EXT.json` for one scan: no other can be meant by that. In a packet subfolder it lists what was seen there, so
    that a file that comes at the last moment does not go along.
    """
    if folder:
        return f"{folder}/{sidecar_base(folder)}", True
    first = scans[0].base
    fitting = _fitting(first)
    return f"{fitting}{ENDING}", len(scans) > 1 or fitting != first


def sidecar_base(stem: str) -> str:
    """Return the file name of a sidecar for this stem; a stem that is too long for that is cut."""
    return f"{_fitting(stem)}{ENDING}"


def _fitting(stem: str) -> str:
    while len(os.fsencode(stem + ENDING)) > _LONGEST_NAME:
        stem = stem[:-1]
    return stem


def would_make(
    fs: FileSystem, settings: AttachmentsSettings, name: str, sidecar: Sidecar | None
) -> tuple[Candidate, ...]:
    """Return what the lane would make of its folder, as it is now, if the sidecar `name` stood there (None: as it is).

    Every file counts as settled. Raises `FileSystemProblem` where the folder cannot be read.
    """
    seen = look(ReadOnly(fs), settings, packet_folders=True, marker_expected=False)
    said: dict[str, Sidecar | Problem] = {}
    for observation in seen.observations:
        if is_sidecar(observation.base):
            try:
                said[observation.name] = load_sidecar(fs, settings.folder, observation)
            except (Missing, Busy):
                continue
    observations = list(seen.observations)
    if sidecar is not None:
        observations.append(Observation(name, Identity(0, 0, "")))
        said[name] = sidecar
    looks = [FileLook(observation, FileStatus.SETTLED) for observation in observations]
    return tuple(pair(looks, said, seen.nested, seen.returned, settings.index_files))


def candidate_with(candidates: Iterable[Candidate], name: str) -> Candidate | None:
    """Return the candidate to which a file belongs."""
    return next((one for one in candidates if any(member.name == name for member in one.members)), None)
