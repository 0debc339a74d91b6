"""A workbook that ends the process which reads it is that workbook's problem; what it says comes back as it is."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from agent.intake.statements.headings import possible_headings
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.readers import workbook
from agent.intake.statements.readers.workbook import _decoded
from agent.intake.statements.readers.workbook_child import BLOCK_ROWS, encoded
from agent.intake.statements.source import examine
from agent.worker import FileHarms, NoWorker, shared
from agent.worker.pool import Session
from tests.support import statement_files as made
from tests.support.workbooks import rewritten

ROWS = [(f"1{n:04}", date(2026, 7, 3), "John Snow", n + 0.5) for n in range(1, 4)]
BOOKS = {"xlsx": made.xlsx([made.HEADINGS, *ROWS]), "xls": made.xls([made.HEADINGS, *ROWS])}
DIMENSIONS = b"\x00\x02\x0e\x00"


def with_dimensions(*numbers: int) -> bytes:
    """An XLS that says its cells reach to these rows and columns."""
    data = bytearray(BOOKS["xls"])
    at = data.index(DIMENSIONS) + len(DIMENSIONS)
    data[at : at + 12] = struct.pack("<IIHH", *numbers)
    return bytes(data)


def claiming(count: str) -> bytes:
    """An XLSX that says how many texts it has."""

    def claimed(text: str) -> str:
        known = text.split('count="')[1].split('"')[0]
        return text.replace(f'count="{known}"', f'count="{count}"').replace(
            'uniqueCount="', f'uniqueCount="{count}" x="'
        )

    return rewritten(BOOKS["xlsx"], "xl/sharedStrings.xml", claimed)


DAMAGED = {
    "four-billion-texts.xlsx": claiming("4000000000"),
    "wild-rows.xls": with_dimensions(0, 0xFFFFFFFF, 0, 0xFFFF),
    "half.xls": BOOKS["xls"][:3000],
    "half.xlsx": BOOKS["xlsx"][: len(BOOKS["xlsx"]) // 2],
}

READABLE = {
    "more-texts-than-numbers.xlsx": claiming("99999999999999999999"),
    "wild-beginning.xls": with_dimensions(0xFFFFFFFF, 0, 0xFFFF, 0),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_it_is_told_and_everything_goes_on(name: str, tmp_path: Path) -> None:
    problem = made.check(DAMAGED[name], name, tmp_path / "spool").problem
    assert problem is not None
    assert "the workbook is damaged" in problem.sentence
    assert "save it as an Excel workbook" in problem.what_to_do
    assert len(made.uploads(BOOKS["xlsx"], "next.xlsx", tmp_path / "next")) == len(ROWS)


@pytest.mark.parametrize("name", READABLE)
def test_a_claim_that_nothing_rests_on_does_no_harm(name: str, tmp_path: Path) -> None:
    assert len(made.uploads(READABLE[name], name, tmp_path / "spool")) == len(ROWS)


def test_the_form_for_columns_lives_through_one_too() -> None:
    with examine("a.xlsx", io.BytesIO(DAMAGED["four-billion-texts.xlsx"])) as source, pytest.raises(Unreadable):
        possible_headings(source)


@pytest.mark.parametrize("kind", BOOKS)
def test_the_library_is_never_loaded_beside_the_agent(kind: str, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.support import statement_files as made\n"
        "data = Path(sys.argv[1]).read_bytes(); name = Path(sys.argv[1]).name\n"
        "assert made.check(data, name, Path(sys.argv[2])).problem is None\n"
        "assert 'python_calamine' not in sys.modules and 'olefile' not in sys.modules\n"
    )
    path = tmp_path / f"a.{kind}"
    path.write_bytes(BOOKS[kind])
    run = subprocess.run(
        [sys.executable, "-c", script, path, tmp_path / "spool"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def read(data: bytes) -> list[Any]:
    with examine("a.xlsx", io.BytesIO(data)) as source:
        (sheet,) = workbook.sheets(source)
        return [(n, *row) for block in sheet.blocks() for n, row in zip(block.numbers, block.rows, strict=True)]


MANY = made.xlsx([(n, f"text {n}") for n in range(2 * BLOCK_ROWS + 7)])
EXPECTED = [(n + 1, n, f"text {n}") for n in range(2 * BLOCK_ROWS + 7)]


def test_all_rows_come_in_order() -> None:
    assert read(MANY) == EXPECTED


def test_rows_of_long_texts_come_in_smaller_blocks() -> None:
    long = "x" * 32_000
    assert [row[1] for row in read(made.xlsx([(long,)] * 700))] == [long] * 700


def _dying(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Have the child die over the second block of rows."""
    left = [times]
    answer = Session.answer

    def answered(self: Session) -> Any:
        found = answer(self)
        if left[0] and found[0] == "rows" and found[1] < BLOCK_ROWS:
            left[0] -= 1
            self._worker.end()
            raise FileHarms
        return found

    monkeypatch.setattr(Session, "answer", answered)


def test_a_child_that_dies_among_the_rows_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    _dying(monkeypatch, 1)
    assert read(MANY) == EXPECTED


def test_the_second_death_is_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    _dying(monkeypatch, 2)
    with pytest.raises(Unreadable, match="unreadable"):
        read(MANY)


def test_a_child_that_cannot_be_started_is_no_fault_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none(*_: object) -> None:
        raise NoWorker

    shared().close()
    monkeypatch.setattr("agent.worker.pool.Worker", none)
    with pytest.raises(NoWorker):
        made.check(BOOKS["xlsx"], "a.xlsx", tmp_path / "spool")


def test_a_share_that_fails_in_the_middle_is_no_fault_of_the_file() -> None:
    class Torn(io.BytesIO):
        whole = True

        def read(self, size: int | None = -1) -> bytes:
            if not self.whole:
                raise OSError(5, "the share")
            return super().read(size)

    stream: BinaryIO = Torn(BOOKS["xlsx"])
    with examine("a.xlsx", stream) as source:
        stream.whole = False  # type: ignore[attr-defined]
        with pytest.raises(OSError, match="the share"):
            workbook.sheets(source)


def test_no_child_is_kept_by_a_file_that_is_done(tmp_path: Path) -> None:
    for number in range(5):
        name = f"{number}.xlsx"
        made.check(DAMAGED["half.xlsx"] if number % 2 else BOOKS["xlsx"], name, tmp_path / "spool")
        sources = [examine(name, io.BytesIO(BOOKS["xls"])) for _ in range(2)]
        for source in sources:
            with source:
                assert workbook.sheets(source)
    assert shared()._free._value == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "cell",
    [
        "Müller \U0001f9b7 \x00 \"'",
        "",
        0.1,
        1e308,
        12,
        10**20,
        True,
        None,
        date(2026, 7, 3),
        datetime(2026, 7, 3, 14, 5, 6, 7),
        time(14, 5),
        timedelta(days=-1, seconds=3),
    ],
    ids=repr,
)
def test_a_cell_comes_as_it_is(cell: object) -> None:
    (found,) = _decoded(encoded([cell]))
    assert (type(found), found) == (type(cell), cell)
