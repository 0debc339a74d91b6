"""What was sent to one address or account says nothing of another; a name in the settings is no memory."""

from __future__ import annotations

from pathlib import Path

from agent.model import LaneId, LaneKind
from tests.support import files
from tests.support.simulated_practice import SCANS, SETTINGS, STATEMENTS, SimulatedPractice
from tests.support.statement_files import csv

PRODUCTION = SETTINGS.replace('"sandbox"', '"production"').replace("billing.example", "live.example")
RENAMED = SETTINGS.replace("main-street", "high-street")
STATEMENT = csv(("1", "07/03/2026", "John Snow", "12.00"))


def drop_both(practice: SimulatedPractice) -> None:
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.drop("Statements.csv", STATEMENT, STATEMENTS)
    practice.pass_(minutes=5)


def test_what_went_to_the_test_host_goes_to_production_all_the_same(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_both(practice)
    practice.restart(settings=PRODUCTION)
    drop_both(practice)
    assert [len(practice.service(lane).accepted) for lane in (SCANS, STATEMENTS)] == [2, 2]
    assert practice.problems() == practice.problems(STATEMENTS) == []


def test_what_is_held_for_the_test_hosts_rule_goes_at_once_to_production(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_both(practice)
    practice.drop("Statements.csv", csv(("2", "07/03/2026", "Ann Lee", "15.00")), STATEMENTS)
    practice.pass_(minutes=5)
    assert len(practice.service(STATEMENTS).accepted) == 1
    practice.restart(settings=PRODUCTION)
    practice.pass_(minutes=5)
    assert len(practice.service(STATEMENTS).accepted) == 2
    practice.drop("Statements.csv", csv(("3", "07/03/2026", "Bo Lind", "17.00")), STATEMENTS)
    practice.pass_(minutes=5)
    assert len(practice.service(STATEMENTS).accepted) == 2, "production has a rule of its own"


def test_a_renamed_store_remembers(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_both(practice)
    practice.restart(settings=RENAMED)
    scans, statements = (LaneId("high-street", kind) for kind in LaneKind)
    practice.drop("again.pdf", files.pdf(), scans)
    practice.drop("again.json", files.sidecar(), scans)
    practice.drop("Statements.csv", STATEMENT, statements)
    practice.pass_(minutes=5)
    assert [len(practice.service(lane).accepted) for lane in (scans, statements)] == [1, 1]
    assert [problem["code"] for lane in (scans, statements) for problem in practice.problems(lane)] == ["duplicate"] * 2


def test_a_lost_ledger_takes_a_receipt_for_the_address_that_it_names(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    drop_both(practice)
    for lane in (SCANS, STATEMENTS):
        practice.service(lane).name = practice.service(lane).name.replace("service", "live")
    practice.restart(settings=PRODUCTION, fresh_ledger=True)
    drop_both(practice)
    assert [len(practice.service(lane).accepted) for lane in (SCANS, STATEMENTS)] == [2, 2]
