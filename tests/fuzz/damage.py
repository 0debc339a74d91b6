"""Damaged files from a seed, and what the checks say of each: the process that asks them must live through all."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from agent.folder.real import RealFileSystem
from agent.intake.attachments import AttachmentsIntake, check_attachments
from agent.model import Checked
from tests.support import files
from tests.support import statement_files as made
from tests.support.bad_packets import TODAY
from tests.support.looks import put, scans_lane, settled_in

STATEMENTS = ("xlsx", "xls", "xml", "csv", "json")
_NUMBERS = [
    struct.pack(order + size, number)
    for order in "<>"
    for size, numbers in (("H", (0, 1, 0x7FFF, 0xFFFF)), ("I", (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 4_000_000_000)))
    for number in numbers
]
_CLAIMS = [b"4000000000", b"-1", b"99999999999999999999", b"0", b"1e308", b"NaN", b""]


@dataclass(frozen=True)
class Damaged:
    """A file that was good once."""

    kind: str
    name: str
    data: bytes


@cache
def good() -> dict[str, bytes]:
    """Return a good file of every kind that the lanes take."""
    people = [(f"10{n:02}", date(2026, 7, 1 + n), "John Snow", n + 0.25) for n in range(1, 30)]
    rows = [made.HEADINGS, *people]
    scans = {name.rpartition(".")[2]: data for name, data in files.every_type().items()}
    return scans | {
        "xlsx": made.xlsx(rows),
        "xls": made.xls(rows),
        "xml": made.opendental(made.statement()),
        "csv": made.csv(*people),
        "json": json.dumps([_in_cents(number) for number in range(1, 30)]).encode(),
    }


def _in_cents(number: int) -> dict[str, object]:
    account = f"10{number:02}"
    return {
        "externalPatientId": account,
        "externalPmsPatientId": account,
        "patientName": "John Snow",
        "statementDate": "2026-07-03",
        "amountDue": 100 * number,
    }


def damaged(seed: int, number: int) -> Damaged:
    """Return the `number`th damaged file of a seed."""
    dice = random.Random(f"{seed}/{number}")
    kind = dice.choice((*good(), "xlsx", "xls", "xls"))
    data = good()[kind]
    if data.startswith(b"PK") and dice.random() < 0.7:
        data = _damaged_inside(data, dice)
    else:
        for _ in range(dice.choice((1, 1, 2, 5, 20))):
            data = dice.choice(_WAYS)(data, dice)
    return Damaged(kind, f"file-{number}.{kind}", data)


def verdict(file: Damaged, folder: Path) -> Checked:
    """Return what the check of its lane says of the file: it goes, or there is a problem, with something to do."""
    if file.kind in STATEMENTS:
        found = made.check(file.data, file.name, folder / "spool")
    else:
        put(folder, {file.name: file.data, f"{Path(file.name).stem}.json": files.sidecar()})
        fs = RealFileSystem()
        (candidate,) = AttachmentsIntake().gather(fs, folder, settled_in(folder))
        found = check_attachments(fs, folder, candidate, scans_lane(folder), TODAY)
    assert (found.problem is None) is (found.request is not None)
    assert found.problem is None or (found.problem.sentence and found.problem.what_to_do)
    return found


def _flipped(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _put_over(data: bytes, dice: random.Random, piece: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + piece + data[at + len(piece) :]


def _numbered(data: bytes, dice: random.Random) -> bytes:
    return _put_over(data, dice, dice.choice(_NUMBERS))


def _blanked(data: bytes, dice: random.Random) -> bytes:
    return _put_over(data, dice, dice.choice((b"\0", b"\xff")) * dice.randint(1, 600))


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _repeated(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + data[at : at + dice.randint(1, 2000)] * dice.choice((1, 2, 50)) + data[at:]


def _spliced(data: bytes, dice: random.Random) -> bytes:
    other = dice.choice(list(good().values()))
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other)) :]


_WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flipped, _flipped, _flipped, _numbered, _numbered, _blanked, _cut, _repeated, _spliced,
)  # fmt: skip


def _claimed(text: bytes, dice: random.Random) -> bytes:
    """Put another number in place of one that stands in quotes."""
    parts = text.split(b'"')
    places = [place for place, part in enumerate(parts) if part.isdigit()]
    if places:
        parts[dice.choice(places)] = dice.choice(_CLAIMS)
    return b'"'.join(parts)


def _damaged_inside(data: bytes, dice: random.Random) -> bytes:
    """Damage one part of a ZIP, which stays whole around it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = dice.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            if name == chosen:
                for _ in range(dice.choice((1, 1, 3))):
                    part = dice.choice((_claimed, _claimed, *_WAYS))(part, dice)
            new.writestr(name, part)
    return out.getvalue()
