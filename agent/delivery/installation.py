"""Which OutTray this is: a name that no other has, also on a PC of the same host name, or of the same image.

Packets on a shared folder bear it, and a PC leaves alone what bears another's. It is kept as a small file of the data
folder, with the marks of the PC. A data folder that was copied to another PC speaks for packets that the first one may
be sending at this moment: there a new name is made, and the ledger lets go of what was on its way (`let_go`), which is
the other PC's from then on. A name that was lost is made anew; what the ledger knows stays this installation's.
"""

from __future__ import annotations

import json
import os
import platform
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from agent import own_files
from agent.delivery import this_pc
from agent.ledger.ledger import Ledger
from agent.log import log, where
from agent.model import PacketState

FILE = "installation.json"
_LARGEST = 4096
_LEDGER = "ledger.sqlite"


@dataclass
class Installation:
    """`copied`: the data folder came from another PC, and its ledger has not let go of that one's packets yet."""

    id: str
    pc: this_pc.Marks
    copied: bool = False


def installation_of(folder: Path) -> Installation:
    """Return which installation works with a data folder, and see that its name is written there. Raises nothing.

    A name that cannot be written is this run's only.
    """
    here, found = this_pc.marks(), _read(folder)
    if found is None:
        made = Installation(_of_before(folder) or str(uuid.uuid4()), here)
    elif found.pc.is_of_same_pc(here):
        made = replace(found, pc=here)
    else:
        made = Installation(str(uuid.uuid4()), here, copied=True)
        log.warning("the data folder came from another PC", extra={"installation": made.id, "was": found.id})
    if made != found:
        _write(folder, made)
    return made


def known_id(folder: Path) -> str:
    """Return the same name for whoever only looks; empty where there is none yet, or it is another PC's."""
    found = _read(folder)
    if found is None:
        return _of_before(folder)
    return found.id if found.pc.is_of_same_pc(this_pc.marks()) else ""


def let_go(folder: Path, installation: Installation, ledger: Ledger, now: datetime) -> None:
    """Leave to another PC, from which the data folder came, what its ledger had on the way there. Raises the ledger's.

    Whoever takes it over later finds it on the shelves, as what any other PC has left. What was delivered or refused is
    only shelved: that sends nothing.
    """
    if not installation.copied:
        return
    on_the_way = (PacketState.QUEUED, PacketState.SENDING, PacketState.HELD)
    theirs = [packet for packet in ledger.unfinished() if packet.state in on_the_way]
    with ledger.transaction() as tx:
        for packet in theirs:
            tx.let_go(packet)
            tx.note(now, "left-to-its-pc", packet=packet.id, lane=packet.lane)
    installation.copied = False
    _write(folder, installation)


def _of_before(folder: Path) -> str:
    """Return the name that an older OutTray had, which kept none: packets that it left on their way bear it."""
    has_ledger = (folder / _LEDGER).exists() and not (folder / FILE).exists()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"outtray:{platform.node()}:{folder}")) if has_ledger else ""


def _read(folder: Path) -> Installation | None:
    path = folder / FILE
    try:
        with os.fdopen(own_files.descriptor_of(path, os.O_RDONLY), "rb") as file:
            said = json.loads(file.read(_LARGEST))
        pc = said["pc"]
        return Installation(
            str(uuid.UUID(said["id"])),
            this_pc.Marks(*(str(pc[name]) for name in ("host", "machine", "card"))),
            copied=bool(said["copied"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as trouble:
        log.warning("the name of this installation cannot be read", extra={"trouble": where(trouble)})
        return None


def _write(folder: Path, installation: Installation) -> None:
    path, fresh = folder / FILE, folder / f"{FILE}.tmp"
    try:
        fresh.unlink(missing_ok=True)
        with own_files.open_new(fresh) as file:
            file.write(json.dumps(asdict(installation)).encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as trouble:
        log.warning("the name of this installation cannot be kept", extra={"trouble": where(trouble)})
