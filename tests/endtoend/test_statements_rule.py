"""The 24-hour filename rule as people meet it, each case in simulated days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from agent.delivery.status import snapshot_of
from tests.support.simulated_practice import (
    LOSE_REPLY,
    LOSE_REQUEST,
    NAME_TAKEN,
    REFUSE,
    STATEMENTS,
    TROUBLED,
    UNREACHABLE,
    SimulatedPractice,
)
from tests.support.statement_files import csv
from tests.support.statement_world import LANES, STORES, World, long_sleeps

NAME = "Statements.csv"
SETTINGS = """
[[store]]
name = "main-street"
store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"
[store.statements]
folder = "/practice/statements"
base_url = "https://billing.example.com"
rescan_seconds = 3600
{lane}
[store.statements.filename_rule]
{rule}
"""


def run_number(number: int) -> bytes:
    """The export of one billing run: the account number tells which."""
    return csv((1000 + number, "07/31/2026", "John Snow", "12.00"))


class Billing(SimulatedPractice):
    """One store that exports statements."""

    def __init__(self, folder: Path, *, rule: str = "", lane: str = "") -> None:
        super().__init__(folder, SETTINGS.format(rule=rule, lane=lane))
        self.begun = self.clock.seconds

    def export(self, number: int, name: str = NAME) -> None:
        """Write a run's export, as the practice's program does, and let it be met."""
        self.drop(name, run_number(number), STATEMENTS)
        self.pass_(10)

    @property
    def sent(self) -> list[tuple[int, int]]:
        """Return which runs the service has, and after how many true hours, rounded down."""
        return [(run, int((at - self.begun) / 3600)) for run, at in self._arrivals]

    @property
    def gaps(self) -> list[float]:
        """Return the true hours between uploads."""
        moments = [at for _run, at in self._arrivals]
        return [(later - earlier) / 3600 for earlier, later in pairwise(moments)]

    @property
    def _arrivals(self) -> list[tuple[int, float]]:
        bodies = [(next(iter(request.files.values())), request.second) for request in self.service(STATEMENTS).accepted]
        return [(next(n for n in range(100) if f'"{1000 + n}"'.encode() in body), at) for body, at in bodies]

    @property
    def codes(self) -> list[str]:
        """Return the codes of what has failed."""
        return [problem["code"] for problem in self.problems(STATEMENTS)]

    @property
    def held(self) -> list[str]:
        """Return the files on `held`, by their paths there."""
        return [name for name in self.standing(STATEMENTS) if name.startswith("held/") and ".outtray" not in name]

    def set_clock(self, **by: float) -> None:
        """Set the PC's clock."""
        self.clock.moment += timedelta(**by)


@pytest.fixture(autouse=True)
def _long_sleeps() -> Iterator[None]:
    with long_sleeps():
        yield


@pytest.fixture
def billing(tmp_path: Path) -> Billing:
    return Billing(tmp_path)


# --- The line -------------------------------------------------------------------------------------------------------


def test_the_same_name_again_is_held_and_goes_a_day_later(billing: Billing) -> None:
    billing.export(1)
    billing.export(2)
    assert billing.waiting(STATEMENTS) == []
    assert len(billing.held) == 1
    billing.pass_(hours=23.9)
    assert billing.sent == [(1, 0)]
    billing.pass_(hours=0.2)
    assert billing.sent == [(1, 0), (2, 24)]
    assert billing.gaps[0] >= 24
    assert billing.held == []


def test_a_third_and_a_fourth_are_kept_in_order_a_window_apart(billing: Billing) -> None:
    for run in range(1, 5):
        billing.export(run)
    assert len(billing.held) == 3
    billing.pass_(days=4)
    assert [run for run, _at in billing.sent] == [1, 2, 3, 4]
    assert all(24 <= gap < 24.1 for gap in billing.gaps)
    assert billing.codes == []


@pytest.mark.parametrize("other", ["STATEMENTS.CSV", "statements.csv"])
def test_another_spelling_is_the_same_name(billing: Billing, other: str) -> None:
    billing.export(1)
    billing.export(2, other)
    billing.pass_(days=2)
    assert billing.sent == [(1, 0), (2, 24)]


@pytest.mark.parametrize("rule", ["", 'scope = "store"'])
def test_two_spellings_that_are_met_at_one_look_go_one_after_the_other(tmp_path: Path, rule: str) -> None:
    for attempt in range(4):  # the packets' ids, which are random, have no say in it
        billing = Billing(tmp_path / str(attempt), rule=rule)
        billing.drop("Statements.csv", run_number(1), STATEMENTS)
        billing.drop("STATEMENTS.CSV", run_number(2), STATEMENTS)
        billing.pass_(days=2)
        assert [at for _run, at in billing.sent] == [0, 24]


def test_another_name_goes_at_once(billing: Billing) -> None:
    billing.export(1)
    billing.export(2, "Statements-North.csv")
    assert billing.sent == [(1, 0), (2, 0)]


def test_two_stores_may_use_one_name_at_the_same_time() -> None:
    world = World()
    for store in STORES:
        world.drop(store, NAME)
        world.run(10)
        world.drop(store, NAME)
    world.run(10)
    assert [len(world.practice.service(lane).accepted) for lane in LANES] == [1, 1]
    world.comes_to_rest()
    assert [len(world.practice.service(lane).accepted) for lane in LANES] == [2, 2]
    world.close()


def test_scope_store_lets_one_file_of_any_name_go_a_day(tmp_path: Path) -> None:
    billing = Billing(tmp_path, rule='scope = "store"')
    for run, name in enumerate(["a.csv", "b.csv", "c.csv"]):
        billing.export(run, name)
    billing.pass_(days=3)
    assert billing.sent == [(0, 0), (1, 24), (2, 48)]


def test_on_conflict_fail_says_when_it_can_go(tmp_path: Path) -> None:
    billing = Billing(tmp_path, rule='on_conflict = "fail"')
    billing.export(1)
    billing.export(2)
    [problem] = billing.problems(STATEMENTS)
    assert problem["code"] == "name-used"
    assert "drop it again after July 5, 2026" in problem["what_to_do"]
    assert billing.standing(STATEMENTS)[f"failed/{NAME}"] == run_number(2)
    billing.pass_(hours=25)
    billing.rename(f"failed/{NAME}", NAME, STATEMENTS)
    billing.pass_(10)
    assert billing.sent == [(1, 0), (2, 25)]


def test_a_name_with_the_date_in_it_goes_again_the_next_day_at_once(tmp_path: Path) -> None:
    billing = Billing(tmp_path, rule='upload_name = "{stem} {date}{suffix}"')
    billing.export(1)
    billing.pass_(hours=20)  # past midnight, and before the window's end
    billing.export(2)
    billing.export(3)
    assert billing.sent == [(1, 0), (2, 20)]
    assert len(billing.held) == 1
    billing.pass_(days=1)
    names = [request.filename for request in billing.service(STATEMENTS).accepted]
    assert names == ["Statements 2026-07-04.csv", "Statements 2026-07-05.csv", "Statements 2026-07-05.csv"]
    assert billing.gaps[1] >= 24


# --- The same bytes -------------------------------------------------------------------------------------------------


def test_the_same_bytes_again_are_a_duplicate_that_says_when_the_first_went(billing: Billing) -> None:
    billing.export(1)
    billing.export(1)
    [problem] = billing.problems(STATEMENTS)
    assert problem["code"] == "duplicate"
    assert "on July 4, 2026" in problem["sentence"]
    billing.pass_(days=2)
    assert billing.sent == [(1, 0)]


def test_the_bytes_of_a_held_file_are_a_duplicate_too(billing: Billing) -> None:
    billing.export(1)
    billing.export(2)
    billing.export(2)
    assert billing.codes == ["duplicate"]
    billing.pass_(days=3)
    assert billing.sent == [(1, 0), (2, 24)]


def test_after_the_window_the_same_bytes_go_again(billing: Billing) -> None:
    billing.export(1)
    billing.pass_(hours=25)
    billing.export(1)
    assert billing.sent == [(1, 0), (1, 25)]


# --- Clocks, sleep, restarts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-72, -24, -1, 1, 23, 24, 26, 240])
def test_a_clock_that_is_set_makes_the_wait_neither_shorter_nor_longer(billing: Billing, hours: int) -> None:
    billing.export(1)
    billing.export(2)
    billing.pass_(hours=6)
    billing.set_clock(hours=hours)
    billing.pass_(days=2)
    assert billing.sent == [(1, 0), (2, 24)]
    assert billing.gaps[0] >= 24 - 1e-6


@pytest.mark.parametrize("hours", [-72, -1, 1, 26])
def test_a_clock_that_is_set_while_the_agent_is_down_changes_nothing_either(billing: Billing, hours: int) -> None:
    billing.export(1)
    billing.export(2)
    billing.clock.pass_(3600)
    billing.set_clock(hours=hours)
    billing.restart()
    billing.pass_(days=2)
    assert billing.sent == [(1, 0), (2, 24)]


@pytest.mark.parametrize("hours", [-72, -25, 26, 72])
def test_a_clock_that_is_set_after_the_agent_was_killed_in_mid_request(billing: Billing, hours: int) -> None:
    # Whether the request arrived is not known: it counts as taken from the restart, by the clock as it then is.
    billing.service(STATEMENTS).script = [LOSE_REPLY]
    billing.drop(NAME, run_number(1), STATEMENTS)
    killed_while_sending(billing)
    billing.set_clock(hours=hours)
    billing.restart()
    billing.service(STATEMENTS).script = [NAME_TAKEN]  # it had arrived
    billing.export(2)
    billing.pass_(hours=23.9)
    assert [run for run, _at in billing.sent] == [1]
    billing.pass_(hours=1)
    assert [run for run, _at in billing.sent] == [1, 2]


def killed_while_sending(billing: Billing) -> None:
    """Let the agent be killed while its next request is under way."""

    def die() -> None:
        raise KeyboardInterrupt

    service = billing.service(STATEMENTS)
    service.during = die
    with pytest.raises(KeyboardInterrupt):
        billing.pass_(10)
    service.during = lambda: None


def test_a_clock_that_is_set_while_a_request_is_under_way(billing: Billing) -> None:
    billing.service(STATEMENTS).during = lambda: billing.set_clock(days=5)
    billing.export(1)
    billing.service(STATEMENTS).during = lambda: None
    billing.export(2)
    billing.pass_(days=2)
    assert billing.sent == [(1, 0), (2, 24)]


def test_a_clock_that_is_set_forward_does_not_make_a_packet_give_up(billing: Billing) -> None:
    billing.service(STATEMENTS).rule = lambda _name, _accepted: UNREACHABLE
    billing.export(1)
    billing.service(STATEMENTS).during = lambda: billing.set_clock(days=1)
    billing.pass_(hours=1)
    billing.service(STATEMENTS).during = lambda: None
    billing.service(STATEMENTS).rule = lambda _name, _accepted: None
    billing.pass_(hours=1)
    assert [run for run, _at in billing.sent] == [1]
    assert billing.codes == []


def test_sleep_through_the_end_of_the_window(billing: Billing) -> None:
    billing.export(1)
    billing.export(2)
    billing.clock.pass_(30 * 3600)
    billing.pass_(60)
    assert billing.sent == [(1, 0), (2, 30)]


def test_a_restart_while_a_file_is_held(billing: Billing) -> None:
    billing.export(1)
    billing.export(2)
    billing.restart()
    billing.pass_(hours=12)
    billing.restart()
    billing.pass_(hours=13)
    assert billing.sent == [(1, 0), (2, 24)]


# --- People ---------------------------------------------------------------------------------------------------------


def test_a_held_file_that_is_deleted_is_withdrawn_and_the_next_moves_up(billing: Billing) -> None:
    for run in (1, 2, 3):
        billing.export(run)
    [second] = [name for name in billing.held if billing.standing(STATEMENTS)[name] == run_number(2)]
    billing.fs.delete(billing.folder(STATEMENTS) / second)
    billing.pass_(days=3)
    assert billing.sent == [(1, 0), (3, 24)]
    failed = [line for line in billing.ledger.journal() if line.event == "failed"]
    assert [line.detail["code"] for line in failed] == ["withdrawn"]


def test_held_files_are_shown_with_the_time_at_which_they_go(billing: Billing) -> None:
    for run in (1, 2, 3):
        billing.export(run)
    shown = snapshot_of(billing.control.state, ())
    [lane] = shown.lanes
    assert lane.counts["held"] == 2
    goes = [datetime.fromisoformat(packet.next_at or "") for packet in shown.packets if packet.state == "held"]
    first = billing.service(STATEMENTS).accepted[0].at
    assert [round((moment - first).total_seconds() / 3600, 3) for moment in goes] == [24, 48]
    assert all("went within the last 24 hours" in packet.why for packet in shown.packets)


# --- What the service says ------------------------------------------------------------------------------------------


def test_a_name_that_the_service_refuses_is_held_and_tried_again_hourly(billing: Billing) -> None:
    billing.service(STATEMENTS).script = [NAME_TAKEN] * 3  # another PC has used it
    billing.export(1)
    [packet] = billing.control.state.packets.values()
    assert packet.state == "held"
    assert len(billing.held) == 1
    billing.pass_(hours=4)
    assert billing.sent == [(1, 3)]
    [receipt] = billing.receipts(STATEMENTS)
    assert receipt["attempts"] == 4
    assert receipt["confirmed_by"] == "response"


def test_a_lost_reply_and_then_a_refused_name_mean_delivered_once(billing: Billing) -> None:
    billing.service(STATEMENTS).script = [LOSE_REPLY, NAME_TAKEN]
    billing.export(1)
    billing.pass_(hours=1)
    [receipt] = billing.receipts(STATEMENTS)
    assert receipt["confirmed_by"] == "refusal"
    assert receipt["possibly_sent_twice"] is False
    assert billing.sent == [(1, 0)]
    billing.export(2)
    billing.pass_(days=2)
    assert [run for run, _at in billing.sent] == [1, 2]
    assert billing.gaps[0] >= 24


def test_a_refused_file_lets_go_of_its_name(billing: Billing) -> None:
    billing.service(STATEMENTS).script = [REFUSE]
    billing.export(1)
    billing.export(2)
    assert billing.sent == [(2, 0)]
    assert len(billing.codes) == 1


def test_a_lost_reply_keeps_the_name_even_where_the_next_answer_is_a_refusal(billing: Billing) -> None:
    billing.service(STATEMENTS).script = [LOSE_REPLY, REFUSE]
    billing.export(1)
    billing.pass_(minutes=5)
    assert len(billing.codes) == 1
    billing.export(2)
    assert billing.sent == [(1, 0)]
    billing.pass_(days=2)
    assert [run for run, _at in billing.sent] == [1, 2]
    assert billing.gaps[0] >= 24


def test_given_up_after_a_lost_reply_and_dragged_back_is_the_next_try_of_the_same(tmp_path: Path) -> None:
    billing = Billing(tmp_path, lane="give_up_after = 1")
    service = billing.service(STATEMENTS)
    service.rule = lambda _name, accepted: TROUBLED if accepted else LOSE_REPLY
    billing.export(1)
    billing.export(2)
    billing.pass_(hours=3)
    assert billing.codes == ["gave-up-unsure"]
    assert len(billing.held) == 1
    service.rule = lambda _name, _accepted: NAME_TAKEN
    billing.rename(f"failed/{NAME}", NAME, STATEMENTS)
    billing.pass_(minutes=1)
    [receipt] = billing.receipts(STATEMENTS)
    assert receipt["confirmed_by"] == "refusal"
    service.rule = lambda _name, _accepted: None
    billing.pass_(days=2)
    assert [run for run, _at in billing.sent] == [1, 2]
    assert billing.gaps[0] >= 24


def test_dragged_back_it_keeps_its_place_before_those_that_wait(tmp_path: Path) -> None:
    billing = Billing(tmp_path, lane="give_up_after = 1")
    service = billing.service(STATEMENTS)
    service.script = [LOSE_REQUEST]
    service.rule = lambda _name, _accepted: TROUBLED
    billing.export(1)
    billing.export(2)
    billing.pass_(hours=3)
    service.script = [UNREACHABLE]
    service.rule = lambda _name, _accepted: None
    billing.rename(f"failed/{NAME}", NAME, STATEMENTS)
    billing.pass_(days=2)
    assert [run for run, _at in billing.sent] == [1, 2]


# --- A lost ledger --------------------------------------------------------------------------------------------------


def test_a_ledger_lost_after_a_file_was_sent_keeps_the_window(billing: Billing) -> None:
    billing.export(1)
    billing.pass_(hours=5)
    billing.restart(fresh_ledger=True)
    billing.export(2)
    billing.pass_(days=2)
    assert billing.sent == [(1, 0), (2, 24)]


def test_a_ledger_lost_after_a_file_was_sent_still_knows_its_bytes(billing: Billing) -> None:
    billing.export(1)
    billing.restart(fresh_ledger=True)
    billing.export(1)
    assert billing.codes == ["duplicate"]
    billing.pass_(days=2)
    assert billing.sent == [(1, 0)]


def test_a_ledger_lost_while_files_are_held_keeps_their_order(billing: Billing) -> None:
    for run in (1, 2, 3):
        billing.export(run)
    billing.restart(fresh_ledger=True)
    billing.pass_(days=3)
    assert [run for run, _at in billing.sent] == [1, 2, 3]
    assert all(gap >= 24 - 1e-6 for gap in billing.gaps)


def test_a_ledger_lost_after_giving_up_unsure_keeps_the_window(tmp_path: Path) -> None:
    billing = Billing(tmp_path, lane="give_up_after = 1")
    billing.service(STATEMENTS).script = [LOSE_REPLY]
    billing.service(STATEMENTS).rule = lambda _name, _accepted: TROUBLED
    billing.export(1)
    billing.pass_(hours=3)
    assert billing.codes == ["gave-up-unsure"]
    billing.restart(fresh_ledger=True)
    billing.service(STATEMENTS).rule = lambda _name, _accepted: None
    billing.export(2)
    billing.pass_(hours=20)
    assert billing.sent == [(1, 0)]
    billing.pass_(days=1)
    assert [run for run, _at in billing.sent] == [1, 2]


def test_a_new_ledger_that_dies_before_it_has_read_the_shelves_reads_them_at_the_next_start(billing: Billing) -> None:
    billing.export(1)
    billing.restart(fresh_ledger=True)
    billing.restart()  # what was a new ledger then looks like any other now
    billing.export(2)
    billing.pass_(days=2)
    assert billing.sent == [(1, 0), (2, 24)]
