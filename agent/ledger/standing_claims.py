"""The filename claims that were read from the ledger and have not been written since: rounds ask for the same names.

The day's claims can be thousands, and the control loop asks with every round. What it asks for are the names of packets
on their way, so this never holds more than those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from agent.ledger.records import FilenameClaim

Name = tuple[str, str]
"""A store's ID and a file name's key."""


@dataclass
class Touched:
    """What a transaction has written that claims are made of. `everything`: it may be any of them.

    `keys` are those of packets whose state has changed, whether they had a claim that mattered so far or not.
    """

    packets: set[str] = field(default_factory=set)
    names: set[Name] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    everything: bool = False


class StandingClaims:
    """Claims by name. Belongs to the thread that writes the ledger."""

    def __init__(self) -> None:
        self._by_name: dict[Name, list[FilenameClaim]] = {}
        self._names: dict[str, Name] = {}  # by the claim's packet
        self._stores: set[str] = set()

    def __len__(self) -> int:
        return len(self._by_name)

    def missing(self, store_id: str, keys: Collection[str]) -> list[str]:
        """Return which of a store's names have to be read; let go of every name of the store that is not wanted."""
        for name in [name for name in self._by_name if name[0] == store_id and name[1] not in keys]:
            self._forget(name)
        return [key for key in keys if (store_id, key) not in self._by_name]

    def remember(self, store_id: str, keys: Iterable[str], claims: Iterable[FilenameClaim]) -> None:
        """Take in all the claims on these names."""
        self._stores.add(store_id)
        for key in keys:
            self._by_name[store_id, key] = []
        for claim in claims:
            self._by_name[store_id, claim.key].append(claim)
            self._names[claim.packet] = (store_id, claim.key)

    def on(self, store_id: str, keys: Iterable[str]) -> list[FilenameClaim]:
        """Return the claims on these names, all of which were read."""
        return [claim for key in keys for claim in self._by_name[store_id, key]]

    def forget(self, touched: Touched) -> None:
        """Let go of what was written, whether that became lasting or not."""
        if touched.everything:
            self.forget_all()
        names = {self._names[packet] for packet in touched.packets if packet in self._names}
        of_any_store = {(store, key) for store in self._stores for key in touched.keys}
        for name in touched.names | names | of_any_store:
            self._forget(name)

    def forget_all(self) -> None:
        """Let go of everything."""
        self._by_name.clear()
        self._names.clear()

    def _forget(self, name: Name) -> None:
        for claim in self._by_name.pop(name, ()):
            self._names.pop(claim.packet, None)
