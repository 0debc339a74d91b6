"""An MSI's tables as rows, read and written with msitools: for what wixl has no words for."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from installer.tools import run


@dataclass
class Table:
    """One table: its name, what its columns are, their types and the table's keys as IDT writes them, and its rows."""

    name: str
    columns: list[str]
    types: str
    keys: str
    rows: list[list[str]]

    def column(self, name: str) -> int:
        """Return where a column stands in a row."""
        return self.columns.index(name)

    def dicts(self) -> list[dict[str, str]]:
        """Return the rows, each by its columns' names."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def read_table(msi: Path, name: str) -> Table:
    """Return a table. Raises `BuildFailed` where there is none of that name."""
    columns, types, keys, *rows = run(["msiinfo", "export", msi, name]).replace("\r\n", "\n").rstrip("\n").split("\n")
    return Table(name, columns.split("\t"), types, keys, [row.split("\t") for row in rows])


def write_table(msi: Path, table: Table) -> None:
    """Write a table in the place of the one of its name, or as a new one."""
    lines = ["\t".join(table.columns), table.types, table.keys, *("\t".join(row) for row in table.rows)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{table.name}.idt"
        file.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
        run(["msibuild", msi, "-i", file])
