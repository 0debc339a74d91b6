"""What a settings file says of the practice, as it may change while packets are on their way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.model import LaneId, LaneKind

SCANS = LaneId("main-street", LaneKind.ATTACHMENTS)
BILLS = LaneId("main-street", LaneKind.STATEMENTS)
LANES = (SCANS, BILLS)  # by these names the simulation knows them, whatever the settings call their store
ARCHIVE = Path("/archive")
SHELVES = ("held", "sending", "sent", "failed")


@dataclass(frozen=True)
class Conditions:
    """What kind of practice it is."""

    seed: int
    windows: bool = True
    granularity_ns: int = 100
    share: bool = False  # the folder of scans is on a network share
    archive: bool = False  # the shelves of scans stand on another volume
    scope: str = "filename"
    on_conflict: str = "hold"
    give_up_after: float = 72
    lost_hints: float = 0.1
    names_boots: bool = True  # the system names its boots; elsewhere the clocks have to tell them apart
    keep_sent_days: int = 0
    themes: tuple[str, ...] = ()


@dataclass
class Setup:
    """What the settings say, each list with the present value last: the judge looks wherever something has stood."""

    store: str = "main-street"
    folders: dict[LaneId, list[Path]] = field(default_factory=dict)
    services: dict[LaneId, list[str]] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)  # shelves that have been given another place
    shelves: dict[tuple[LaneId, str], list[Path]] = field(default_factory=dict)

    @classmethod
    def at_first(cls, conditions: Conditions) -> Setup:
        """Return what IT has set up in the beginning."""
        folders = {SCANS: Path("/practice/scans"), BILLS: Path("/practice/bills")}
        return cls(
            folders={lane: [folder] for lane, folder in folders.items()},
            services={SCANS: ["scans"], BILLS: ["bills"]},
            shelves={
                (lane, name): [(ARCHIVE if conditions.archive and lane is SCANS else folders[lane]) / name]
                for lane in LANES
                for name in SHELVES
            },
        )

    def text(self, conditions: Conditions) -> str:
        """Return the settings file."""

        def common(lane: LaneId) -> str:
            shelves = "".join(f'{name} = "{self.shelves[lane, name][-1]}"\n' for name in SHELVES)
            return f"""folder = "{self.folders[lane][-1]}"
rescan_seconds = 21600
waiting_hours = 20
give_up_after = {conditions.give_up_after}
{shelves}"""

        scans, bills = self.services[SCANS][-1], self.services[BILLS][-1]
        return f"""
[agent]
keep_sent_days = {conditions.keep_sent_days}
[[store]]
name = "{self.store}"
store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"
[store.attachments]
base_url = "https://claims.example.com/{scans}"
token_url = "https://claims.example.com/{scans}/token"
client_id = "outtray"
{common(SCANS)}
[store.statements]
base_url = "https://billing.example.com/{bills}"
{common(BILLS)}
[store.statements.filename_rule]
scope = "{conditions.scope}"
on_conflict = "{conditions.on_conflict}"
"""
