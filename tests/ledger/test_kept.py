"""Of a packet that has come to rest the ledger keeps where something was wrong and of what kind, and no value."""

from __future__ import annotations

import ast
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import agent
from agent.ledger import migrations
from agent.ledger.kept import WITHOUT_VALUES, without_values
from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger
from agent.ledger.records import Shelf
from agent.model import Fault, PacketState, Problem
from tests.support.packets import NOW, packet

VALUES = ("Lindqvist", "1988-03-09", "W0000123401", "13/45/2026", "CLM-20417 is not known")
DETAILS = tuple(
    Fault(f"row {number}, column Born", value, f"{value} is not right.") for number, value in enumerate(VALUES)
)
ROWS = Problem("statement-rows", "July.csv has 5 rows that cannot be sent as they are.", "Correct these rows.", DETAILS)
QUOTING = Problem("refused", f"The service did not take this: {' '.join(VALUES)}", f"Ask about {VALUES[0]}.", DETAILS)


def held_in(folder: Path) -> list[str]:
    """Which of the values stand anywhere in what the ledger has on the disk."""
    kept = b"".join(path.read_bytes() for path in folder.glob("ledger.sqlite*"))
    return [value for value in VALUES if value.encode() in kept]


@pytest.mark.parametrize("problem", [ROWS, QUOTING], ids=lambda one: one.code)
@pytest.mark.parametrize("way", ["failed and shelved", "read back"])
def test_no_value_is_left_in_the_file(tmp_path: Path, problem: Problem, way: str) -> None:
    ledger = Ledger(open_ledger(tmp_path / "ledger.sqlite", NOW).engine)
    with ledger.transaction() as tx:
        if way == "read back":
            tx.admit(packet(state=PacketState.FAILED, shelf=Shelf.FAILED, problem=problem), NOW)
        else:
            tx.admit(packet(state=PacketState.FAILED, problem=problem, warnings=VALUES), NOW)
    if way != "read back":
        waits = ledger.packet("p1")
        assert waits is not None
        assert waits.problem == problem, "its document is not written yet"
        with ledger.transaction(synced=False) as tx:
            tx.shelved(waits, NOW, "/failed/July")
    kept = ledger.packet("p1")
    assert kept is not None
    assert kept.problem is not None
    assert (kept.problem.code, [fault.where for fault in kept.problem.details]) == (
        problem.code,
        [fault.where for fault in DETAILS],
    )
    assert kept.warnings == ()
    ledger.close()
    assert held_in(tmp_path) == []


@pytest.mark.parametrize("way", ["shelved", "forgotten", "left in the log by one that was killed"])
def test_while_it_is_open_no_value_is_left_in_its_log(tmp_path: Path, way: str) -> None:
    ledger = Ledger(open_ledger(tmp_path / "ledger.sqlite", NOW).engine)
    ledger.write_over()
    failed = packet(state=PacketState.FAILED, problem=QUOTING, name=f"{VALUES[0]}.csv")
    with ledger.transaction() as tx:
        tx.admit(failed, NOW)
    with ledger.transaction(synced=False) as tx:
        tx.shelved(failed, NOW, "/failed/July")
        if way == "forgotten":
            tx.forget(failed)
    assert held_in(tmp_path), "nothing was ever there: it proves nothing"
    if way.startswith("left"):
        killed, kept = ledger, [path.read_bytes() for path in sorted(tmp_path.glob("ledger.sqlite*"))]
        names = [path.name for path in sorted(tmp_path.glob("ledger.sqlite*"))]
        killed.close()
        for name, data in zip(names, kept, strict=True):
            (tmp_path / name).write_bytes(data)
        (tmp_path / "ledger.sqlite-shm").unlink(missing_ok=True)
        ledger = Ledger(open_ledger(tmp_path / "ledger.sqlite", NOW).engine)
    reader = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM packet").fetchall()
    ledger.write_over()
    reader.close()
    ledger.write_over()
    assert held_in(tmp_path) == ([VALUES[0]] if way != "forgotten" else []), "the name of the file is kept, and no more"
    ledger.close()


def words_in_the_program() -> Iterator[tuple[str, str]]:
    for path in Path(agent.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Words":
                code, *said = node.args
                if isinstance(code, ast.Constant):
                    yield str(code.value), " ".join(map(ast.unparse, said))


@pytest.mark.slow
def test_the_sentences_that_are_kept_have_no_place_for_a_value() -> None:
    ours = {
        *("name", "sidecar", "sidecars", "files", "missing", "others", "exact", "folder", "inner", "unlisted", "of"),
        *("service", "profile", "first", "second", "rows", "hours", "count", "total", "when", "until", "reference"),
        *("last", "reason", "expected"),
    }
    codes = dict[str, set[str]]()
    for code, said in words_in_the_program():
        codes.setdefault(code, set()).update(re.findall(r"{([a-z]\w*)", said))
    assert set(codes) >= WITHOUT_VALUES
    for code in WITHOUT_VALUES:
        assert codes[code] <= ours, code


@pytest.mark.parametrize("code", ["refused", "sidecar-fields", "column-missing", "dates-two-ways", "of-tomorrow"])
def test_what_may_quote_is_told_without_its_words(code: str) -> None:
    kept = without_values(replace(QUOTING, code=code), "July.csv")
    assert kept is not None
    assert not [value for value in VALUES if value in str(kept)]
    assert kept.sentence == "July.csv was not sent."


@pytest.mark.parametrize("problem", [ROWS, QUOTING], ids=lambda one: one.code)
def test_what_an_older_ledger_holds_is_cleared(tmp_path: Path, problem: Problem) -> None:
    path = tmp_path / "ledger.sqlite"
    _of_version(path, "0003")
    facts = {"code": problem.code, "sentence": problem.sentence, "what_to_do": problem.what_to_do}
    facts["details"] = [vars(fault) for fault in problem.details]
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(
            "INSERT INTO packet (id, store, kind, state, name, folder, keep_names, shelf, arrived_at, attempts, "
            "name_refusals, possibly_sent, claim, fingerprint, upload_name, size, warnings, problem, control_number) "
            "VALUES ('p1', 's', 'statements', 'failed', 'July.csv', '', 0, 'failed', ?, 0, 0, 0, '', '', '', 0, ?, ?, "
            "'')",
            (NOW.isoformat(timespec="microseconds"), json.dumps(VALUES), json.dumps(facts)),
        )
        old.executemany(
            "INSERT INTO journal (at, packet, lane, event, detail, actor) VALUES (?, 'p1', 's/statements', ?, ?, '')",
            [(NOW.isoformat(timespec="microseconds"), "admitted", '{"state": "failed"}')] * 3,
        )
        old.execute("CREATE TABLE scratch (text)")
        old.executemany("INSERT INTO scratch VALUES (?)", [(value,) for value in VALUES])
        old.execute("DROP TABLE scratch")  # removed without being written over, as an older OutTray did
    old.close()
    assert held_in(tmp_path) == list(VALUES)
    ledger = Ledger(open_ledger(path, NOW).engine)
    kept = ledger.packet("p1")
    assert kept is not None
    assert kept.problem == without_values(problem, "July.csv")
    with ledger.transaction() as tx:
        tx.note(NOW, "one more")
    assert (ledger.verify_journal().broken_at, ledger.verify_journal().lines) == (0, 4)
    assert held_in(tmp_path) == []
    ledger.close()


def _of_version(path: Path, version: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()
