"""How long a statement file of 100,000 rows takes, beside its reader alone, and how much memory the process needs.

`pytest -m bench -n 0 -s tests/bench/test_statements.py` prints the figures. Both are timed in turn, by the seconds of
the processor that the process and its children take, and
the ratio is the median of the turns': a machine's speed changes from one second to the next. What memory each needs is
looked at in a process of its own.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

ROWS = 100_000
ROOT = Path(__file__).parents[2]
HEADINGS = [
    "Account #", "Statement Date", "First Name", "Last Name", "Email", "Cell Phone", "Address 1", "Address 2", "City",
    "State", "Zip", "Amount Due", "Note", "Location", "Provider",
]  # fmt: skip

_CHECK = """
import sys
from datetime import date
from pathlib import Path
from agent.folder.real import RealFileSystem
from agent.intake.statements.check import check_statements
from agent.model import Candidate, Observation
from agent.settings.schema import StatementsSettings
path = Path(sys.argv[1])
fs = RealFileSystem()
candidate = Candidate(path.stem, (Observation(path.name, fs.identify(path)),))
settings = StatementsSettings(folder=path.parent, base_url="https://billing.example.com")
spool, today = path.with_suffix(".spool"), date(2026, 7, 31)

def check():
    checked = check_statements(fs, path.parent, candidate, settings, spool, today, path.name)
    assert checked.problem is None, checked.problem
"""
_CSV = """
import csv, sys

def alone():
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            pass
"""
_CALAMINE = """
import sys
from python_calamine import load_workbook

def alone():
    for row in load_workbook(sys.argv[1]).get_sheet_by_index(0).iter_rows():
        pass
"""
_TIMES = """
import gc, os, statistics

def seconds(work):
    start = processor()
    work()
    return processor() - start

def processor():
    from agent.worker import shared
    shared().close()  # the seconds of a child that reads workbooks count once it has ended
    spent = os.times()
    return sum(spent[:4])

check(), alone()
gc.collect(), gc.freeze()  # what stands already is to slow neither of them
turns = [(seconds(alone), seconds(check)) for _ in range(11)]
print(*map(statistics.median, zip(*turns)), statistics.median(checked / read for read, checked in turns))
"""
_PEAK = """
from tests.support.memory import peak_mebibytes
{}()
print(peak_mebibytes())
"""


def _rows() -> Iterator[list[object]]:
    chance = random.Random(7)
    for n in range(ROWS):
        yield [
            10_000 + n, date(2026, 7, 1) + timedelta(days=n % 28), chance.choice(["John", "Ann", "Maria"]),
            f"Snow{n % 5000}", f"person{n}@example.com", f"(212) 555-{n % 10_000:04}", f"{n} Main Street",
            f"Apt {n % 50}" if n % 3 else "", "Springfield", "IL", f"627{n % 100:02}",
            chance.randint(100, 200_000) / 100, "", "main", f"DR{n % 9}",
        ]  # fmt: skip


def _write_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for row in _rows():
            row[1] = f"{row[1]:%m/%d/%Y}"
            row[11] = f"${row[11]:,.2f}"
            writer.writerow(row)


def _write_xlsx(path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "mm/dd/yyyy"})
        sheet.write_row(0, 0, HEADINGS)
        for r, row in enumerate(_rows(), 1):
            for c, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(r, c, cell, day)
                else:
                    sheet.write(r, c, cell)


def _told(script: str, path: Path) -> list[float]:
    command = [sys.executable, "-c", script, path]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return list(map(float, run.stdout.split()))


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("write", "name", "alone"), [(_write_csv, "a.csv", _CSV), (_write_xlsx, "a.xlsx", _CALAMINE)])
def test_a_hundred_thousand_rows(write: object, name: str, alone: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path)  # type: ignore[operator]
    read, checked, ratio = _told(_CHECK + alone + _TIMES, path)
    [peak], [reader_peak] = _told(_CHECK + _PEAK.format("check"), path), _told(alone + _PEAK.format("alone"), path)
    print(
        f"\n{name}: {ROWS:,} rows, {path.stat().st_size / 1e6:.0f} MB: checked in {checked:.2f} s, its reader alone "
        f"{read:.2f} s, ratio {ratio:.1f}; peak {peak:.0f} MiB, its reader alone {reader_peak:.0f} MiB"
    )
