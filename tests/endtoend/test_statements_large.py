"""A hundred thousand statements in one file, in bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.practice import PATIENCE, standing

ROOT = Path(__file__).parents[2]
ROWS = 100_000
PEAK = 250  # MiB, of the agent's whole process
HEADINGS = ("Account Number", "Statement Date", "Patient Name", "Email", "Street", "City", "ST", "Zip", "Amount Due")

AGENT = """
import sys
from pathlib import Path
from agent.delivery.engine import engine
from agent.delivery.once import one_pass
from agent.settings.reading import parse
from tests.support.memory import peak_mebibytes

with engine(parse(Path(sys.argv[1]).read_text(), Path(sys.argv[1])), watch=False) as made:
    done = one_pass(made.control)
print(len(done.sent), len(done.failed), int(peak_mebibytes()))
"""


def rows() -> Iterator[tuple[object, ...]]:
    for row in range(ROWS):
        email = f"patient{row}@example.com"
        yield (
            str(100_000 + row),
            date(2026, 7, 31),
            f"Pat Sample{row}",
            email,
            f"{row} Elm St",
            "Salem",
            "OR",
            "97301",
            row / 4,
        )


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADINGS) + "\r\n")
        for account, day, *more, amount in rows():
            file.write(f"{account},{day:%m/%d/%Y},{','.join(map(str, more))},{amount:.2f}\r\n")


def write_xlsx(path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        day = book.add_format({"num_format": "mm/dd/yyyy"})
        sheet = book.add_worksheet("Balances")
        sheet.write_row(0, 0, HEADINGS)
        for number, row in enumerate(rows(), 1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                else:
                    sheet.write(number, column, cell)


@pytest.fixture
def service() -> Iterator[dict[str, Any]]:
    """A sandbox in a process of its own."""
    import json

    command = [sys.executable, "-m", "agent", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(sys.platform == "win32", reason="the peak of a process is read the way of POSIX")
@pytest.mark.parametrize(("name", "write"), [("july.csv", write_csv), ("july.xlsx", write_xlsx)])
def test_a_hundred_thousand_rows_go_in_bounded_memory(
    tmp_path: Path, service: dict[str, Any], name: str, write: Any
) -> None:
    folder = tmp_path / "statements"
    folder.mkdir()
    write(folder / name)
    settings = tmp_path / "outtray.toml"
    settings.write_text(f"""
[agent]
data_dir = '{tmp_path / "data"}'
[[store]]
name = "main-street"
store_id = "{service["store_id"]}"
[store.statements]
folder = '{folder}'
base_url = "{service["url"]}"
settle_seconds = 0.2
""")
    environment = os.environ | {"OUTTRAY_SECRET_MAIN_STREET_API_KEY": service["api_key"]}
    done = subprocess.run(
        [sys.executable, "-c", AGENT, str(settings)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sent, failed, peak = map(int, done.stdout.split())
    assert (sent, failed) == (1, 0), standing(folder).keys()
    [accepted] = httpx.get(f"{service['url']}/sandbox/journal", trust_env=False, timeout=PATIENCE).json()
    assert (accepted["filename"], accepted["statements"], accepted["failed"]) == (name, ROWS, 0)
    print(f"{name}: peak {peak} MiB")
    assert peak < PEAK
