"""Where a lane's packets stand, and how they get from one place to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from agent.delivery.actions import Found
from agent.folder import failed, shelves
from agent.folder.carrying import names_in
from agent.folder.documents import number_on
from agent.folder.filesystem import FileSystem, FileSystemProblem, Missing, Offline
from agent.folder.names import MARKER
from agent.folder.packets import Packet, ShelfFile, shelf_names
from agent.folder.renamed import name_as_taken, stands_in
from agent.ledger.ledger import Ledger
from agent.ledger.records import LanePlaces, PacketFile, PacketRecord, Shelf
from agent.model import LaneId
from agent.settings.schema import LaneSettings, ShelfName

MOVING: tuple[ShelfName, ...] = ("sending", "held")
"""The shelves on which packets have folders of their own."""


class Places:
    """A lane's shelves. Belongs to the control thread; every method raises FileSystemProblem.

    `marked`: the last look has seen OutTray's marker in the folder, so that without it the folder is not there.
    """

    def __init__(self, lane: LaneId, settings: LaneSettings, fs: FileSystem, installation: str) -> None:
        self.installation = installation
        self.marked = False
        self.ledger_at: Callable[[], int] = lambda: 0  # how far the ledger's journal has come
        self.past: LanePlaces | None = None  # where the shelves have stood before, as the ledger remembers
        self._lane = lane
        self._settings = settings
        self._fs = fs

    @property
    def names(self) -> frozenset[str]:
        """Return what the lane is called, and has been called."""
        return frozenset((str(self._lane), *(self.past.names if self.past else ())))

    def stood(self, name: ShelfName) -> list[Path]:
        """Return where a shelf stands, and then where it has stood before."""
        return shelves_of(self._settings, name, self.past)

    def place(self, packet: PacketRecord) -> Path:
        """Return where a packet's files stand while it is not at rest."""
        return self._place(packet.id, Shelf.HELD if packet.shelf is Shelf.HELD else Shelf.SENDING)

    def root(self, packet: PacketRecord) -> Path:
        """Return the folder below which no link leads to a packet's files: the lane's, or a shelf of IT's elsewhere."""
        place = self.place(packet)
        return self._settings.folder if place.is_relative_to(self._settings.folder) else place.parent

    def take(self, found: Found, shelf: Shelf, now: datetime) -> None:
        """Move found files to their own folder on `shelf`. Raises FileSystemProblem; then nothing is half taken."""
        packet = Packet.of(
            found.candidate,
            packet=found.packet,
            lane=str(self._lane),
            installation=self.installation,
            arrived_at=now,
            ledger_at=self.ledger_at(),
            digests=found.digests,
        )
        self._expect_folder()
        self._expect_no_link(shelf)
        shelves.take(self._fs, self._settings.folder, self._place(found.packet, shelf), packet)

    def is_half_taken(self, packet: str) -> bool:
        """Tell whether something of a packet stands on `sending` or `held` that the ledger does not know of."""
        for shelf in (Shelf.SENDING, Shelf.HELD):
            try:
                if self._fs.names(self._place(packet, shelf)):
                    return True
            except Missing:
                continue
            except FileSystemProblem:
                return True
        return False

    def transfer(self, packet: PacketRecord, source: Shelf, target: Shelf) -> None:
        """Move a packet between `held` and `sending`. Raises Missing when people took its files away."""
        self._expect_folder()
        self._fetch(packet)
        places = (self._place(packet.id, source), self._place(packet.id, target))
        of_shelf = replace(shelf_packet(packet, self.installation), ledger_at=self.ledger_at())
        shelves.transfer(self._fs, *places, of_shelf)

    def shelve(self, packet: PacketRecord, name: ShelfName, beside: shelves.Documents, day: str = "") -> str:
        """Move an ended packet to its last shelf (of `sent` to a `day`), with its documents; return where these stand
        (`stands_as`). What was cut off before the settings named another shelf comes to its end where it began.
        """
        self._expect_folder()
        self._fetch(packet)
        of_shelf = shelf_packet(packet, self.installation)
        shelf, *former = [root / day for root in self.stood(name)]
        if former and shelves.is_half_shelved(self._fs, self.place(packet)):
            shelf = next((one for one in former if number_on(self._fs, one, of_shelf) is not None), shelf)
        number = shelves.shelve(self._fs, self.place(packet), shelf, of_shelf, beside)
        return "" if number is None else str(shelf / shelf_names(of_shelf, number).title)

    def name_as_taken(self, packet: PacketRecord) -> None:
        """Give a packet's files in its own folder the names back that they had: people may have changed them."""
        name_as_taken(self._fs, self.place(packet), shelf_packet(packet, self.installation))

    def _fetch(self, packet: PacketRecord) -> None:
        """Bring a packet from where its shelf was before the settings changed to where it is now, named as taken."""
        of_shelf = shelf_packet(packet, self.installation)
        for name in MOVING:
            for shelf in self.stood(name)[1:]:
                if names_in(self._fs, shelf / packet.id):
                    shelves.transfer(self._fs, shelf / packet.id, self.place(packet), of_shelf)
        name_as_taken(self._fs, self.place(packet), of_shelf)

    def _expect_no_link(self, shelf: Shelf) -> None:
        """Raise Exists where a link stands in a shelf's place in the lane's folder: nothing that led there could go."""
        folder = self.shelf(shelf)
        if folder.is_relative_to(self._settings.folder):
            self._fs.make_folder(folder)

    def _expect_folder(self) -> None:
        """Raise Offline where the marker of the last look is gone: people did not take away what is missing then."""
        if not self.marked:
            return
        try:
            self._fs.identify(self._settings.folder / MARKER)
        except Missing as problem:
            raise Offline(self._settings.folder, "the folder lacks OutTray's marker") from problem

    def files_gone(self, packet: PacketRecord) -> bool:
        """Tell whether people have taken a document of a waiting packet away, from whichever of its two places."""
        of_shelf = shelf_packet(packet, self.installation)
        places = [shelf / packet.id for shelf in chain.from_iterable(map(self.stood, MOVING))]
        documents = {file.name for file in packet.documents}
        return any(
            file.name in documents and not any(stands_in(self._fs, place, of_shelf, file) for place in places)
            for file in of_shelf.files
        )

    def dealt_with(self, records: Sequence[PacketRecord]) -> list[PacketRecord]:
        """Return which failed packets have no file left on `failed`, and remove their problem documents.

        Of one whose files could not be told (read back from an old document) nobody knows; a person says so.
        """
        packets = {packet.id: shelf_packet(packet, self.installation) for packet in records if packet.files}
        for shelf in self.stood("failed"):
            left = failed.files_left(self._fs, shelf, packets.values())
            packets = {packet: of_shelf for packet, of_shelf in packets.items() if not left[packet]}
        for shelf in self.stood("failed"):
            for of_shelf in packets.values():
                failed.tidy(self._fs, shelf, of_shelf)
        return [packet for packet in records if packet.id in packets]

    def latest_ledger(self) -> int:
        """Return how far the journal had come that the latest of our own manifests on `sending` and `held` knew of."""
        found = [
            taken.packet.ledger_at
            for name in MOVING
            for shelf in self.stood(name)
            for taken in shelves.taken(self._fs, shelf)
            if taken.packet is not None and taken.packet.installation == self.installation
        ]
        return max(found, default=0)

    def shelf(self, shelf: Shelf) -> Path:
        """Return the folder of `held` or `sending`."""
        return self._settings.shelf("held" if shelf is Shelf.HELD else "sending")

    def _place(self, packet: str, shelf: Shelf) -> Path:
        return self.shelf(shelf) / packet


def shelves_of(settings: LaneSettings, name: ShelfName, past: LanePlaces | None) -> list[Path]:
    """Return where a shelf stands, and then where it stood before the settings changed."""
    present = settings.shelf(name)
    return [present, *(past.beyond(name, present) if past else ())]


def past_of(ledger: Ledger, lane: LaneId) -> LanePlaces | None:
    """Return where a lane's shelves have stood, as the ledger remembers."""
    record = ledger.lanes().get(lane)
    return record.places if record else None


def shelf_packet(packet: PacketRecord, installation: str) -> Packet:
    """Return what a shelf has to know of a packet."""
    return Packet(
        id=packet.id,
        lane=str(packet.lane),
        installation=installation,
        name=packet.name,
        arrived_at=packet.arrived_at,
        files=tuple(ShelfFile(file.name, file.role, file.identity, file.sha256) for file in packet.files),
        folder=packet.folder,
        keep_names=packet.keep_names,
    )


def packet_files(packet: Packet) -> tuple[PacketFile, ...]:
    """Return a packet's files as the ledger keeps them."""
    return tuple(PacketFile(file.name, file.role, file.identity, file.sha256) for file in packet.files)
