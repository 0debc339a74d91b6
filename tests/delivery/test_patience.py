"""How long a packet is tried, and how long a service may ask to be left alone: with other settings than the usual.

`give_up_after` counts the time in which a try could have worked. A Retry-After is a service's wish: people can have
it tried at once, and whoever looks is told until when nothing goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.delivery.requests import Request
from agent.delivery.status import snapshot_of
from agent.model import Blocked, PacketState, Retry
from tests.support import files
from tests.support.simulated_practice import SCANS, SETTINGS, TROUBLE, Answer, SimulatedPractice
from tests.support.statement_world import long_sleeps

HOUR, DAY = 3600.0, 24 * 3600.0


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with long_sleeps():
        yield


def patient(tmp_path: Path, give_up_after: float) -> SimulatedPractice:
    lane = f'client_id = "outtray"\ngive_up_after = {give_up_after}\nrescan_seconds = 21600\n'
    return SimulatedPractice(tmp_path, SETTINGS.replace('client_id = "outtray"\n', lane))


def drop(practice: SimulatedPractice, number: int = 1) -> None:
    practice.drop(f"scan{number}.json", files.sidecar(claimId=f"CLM-{number}"))
    practice.drop(f"scan{number}.pdf", files.pdf())


def busy(after: float | None = None, *, of_lane: bool = True) -> Answer:
    return Answer(Retry(TROUBLE, 503, after=after, of_lane=of_lane))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("give_up_after", "after", "of_lane"),
    [(0.001, None, False), (0.01, 60.0, True), (0.25, HOUR, True), (0.5, DAY, False)],
)
def test_nothing_fails_at_its_first_try(
    tmp_path: Path, give_up_after: float, after: float | None, of_lane: bool
) -> None:
    practice = patient(tmp_path, give_up_after)
    practice.service().script.append(busy(after, of_lane=of_lane))
    drop(practice)
    practice.pass_(hours=25)
    assert practice.problems() == []
    assert len(practice.receipts()) == 1


def blocked(practice: SimulatedPractice) -> None:
    practice.service().rule = lambda _name, _accepted: Answer(Blocked(TROUBLE, 403))


def unreachable(practice: SimulatedPractice) -> None:
    practice.service().rule = lambda _name, _accepted: Answer(Retry(TROUBLE, unreachable=True))


def paused(practice: SimulatedPractice) -> None:
    practice.ask(Request("pause"))


def asleep(practice: SimulatedPractice) -> None:
    practice.clock.pass_(2 * DAY)


@pytest.mark.slow
@pytest.mark.parametrize("give_up_after", [1])
@pytest.mark.parametrize("away", [blocked, unreachable, paused, asleep])
def test_days_in_which_nothing_could_have_worked_bring_no_packet_nearer_to_its_end(
    tmp_path: Path, give_up_after: float, away: Callable[[SimulatedPractice], None]
) -> None:
    practice = patient(tmp_path, give_up_after)
    away(practice)
    for number in range(2):
        drop(practice, number)
    practice.pass_(days=1)
    practice.service().rule = lambda _name, _accepted: None
    practice.service().script = [busy() for _ in range(2)]
    practice.ask(Request("resume"))
    practice.pass_(hours=2)
    assert practice.problems() == []
    assert len(practice.receipts()) == 2


@pytest.mark.parametrize(("give_up_after", "most"), [(0.25, 2), (2, 3)])
def test_a_service_in_trouble_ends_it_after_so_many_hours_of_trying(
    tmp_path: Path, give_up_after: float, most: float
) -> None:
    practice = patient(tmp_path, give_up_after)
    practice.service().rule = lambda _name, _accepted: busy()
    drop(practice)
    practice.pass_(hours=give_up_after * 0.9)
    assert practice.problems() == []
    practice.pass_(hours=most)
    assert [problem["code"] for problem in practice.problems()] == ["gave-up"]


@pytest.mark.parametrize("verb", ["resume", "retry"])
@pytest.mark.parametrize(("give_up_after", "after"), [(1, HOUR + 1), (3, DAY)])
def test_whoever_tries_again_at_once_uses_up_no_patience(
    tmp_path: Path, verb: str, give_up_after: float, after: float
) -> None:
    practice = patient(tmp_path, give_up_after)
    practice.service().rule = lambda _name, _accepted: busy(after)
    drop(practice)
    practice.pass_(minutes=1)
    for tried in range(2, 10):
        [packet] = practice.control.state.packets
        practice.ask(Request(verb, packets=(packet,) if verb == "retry" else ()))  # type: ignore[arg-type]
        practice.pass_(seconds=20)
        assert len(practice.service().received) == tried
    assert practice.problems() == []
    practice.service().rule = lambda _name, _accepted: None
    practice.ask(Request("resume"))
    practice.pass_(minutes=1)
    assert len(practice.receipts()) == 1


@pytest.mark.parametrize("after", [HOUR + 1, DAY])
@pytest.mark.parametrize("of_lane", [True, False])
def test_a_long_wish_is_shown_as_what_it_is(tmp_path: Path, after: float, of_lane: bool) -> None:
    practice = patient(tmp_path, 72)
    practice.service().script.append(busy(after, of_lane=of_lane))
    drop(practice)
    practice.pass_(minutes=1)
    [packet] = practice.control.state.packets.values()
    assert packet.state is PacketState.QUEUED
    assert packet.problem is not None
    assert packet.problem.code == "asked-to-wait"
    shown = snapshot_of(practice.control.state, ())
    [row] = shown.packets
    assert "It wants nothing before" in row.why
    if of_lane:
        [lane] = [lane for lane in shown.lanes if lane.lane == str(SCANS)]
        assert lane.problem is not None
        assert lane.problem.code == "asked-to-wait"


@pytest.mark.parametrize("after", [30.0, HOUR])
def test_a_short_wish_is_not(tmp_path: Path, after: float) -> None:
    practice = patient(tmp_path, 72)
    practice.service().script.append(busy(after))
    drop(practice)
    practice.pass_(seconds=20)
    [packet] = practice.control.state.packets.values()
    assert packet.problem == TROUBLE
