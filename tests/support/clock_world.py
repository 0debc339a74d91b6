"""Stores' statements lanes on a PC whose clock cannot be trusted, with services whose clocks can."""

from __future__ import annotations

from datetime import timedelta

from agent.folder.names import name_key
from agent.model import LaneId, PacketState
from tests.support.folders import ARRIVED
from tests.support.simulated_practice import UNREACHABLE
from tests.support.statement_world import DAY, LANES, World, lane_of

HOUR = 3600.0
BORN = ARRIVED + timedelta(days=-3000)
"""What the clock of a PC shows after each boot whose battery is empty."""


class ClockWorld(World):
    """Every method is something that can happen."""

    def __init__(self, scope: str = "filename", *, names_boots: bool = True) -> None:
        super().__init__(scope)
        self.practice.clock.names_boots = names_boots
        self._working_since = self.practice.clock.seconds
        self._rough: dict[LaneId, float] = {}  # when something last kept a lane from what it would have done
        for service in self.practice.services.values():
            service.tells_time = True

    def forecast(self, store: str, weather: list[str]) -> None:
        super().forecast(store, weather)
        self._rough[lane_of(store)] = float("inf")

    def put_right(self) -> None:
        """Let the time service do its work."""
        self.practice.clock.moment = self.practice.clock.truly

    def boot(self, seconds: float, minutes: int | None) -> None:
        """Switch the PC off and on again; its clock is off by so many minutes more then, or at `BORN` (None)."""
        clock = self.practice.clock
        clock.pass_(seconds)
        clock.boot()
        if minutes is None:
            clock.moment = BORN
        else:
            self.set_clock(minutes)
        self._start_again()

    def service_is_away(self, store: str, away: bool) -> None:
        """Let a service be out of reach, or back again."""
        service = self.practice.service(lane_of(store))
        service.is_away = away
        weather = self.weather[lane_of(store)]
        weather[:] = [UNREACHABLE] * 10_000 if away else []
        self._rough[lane_of(store)] = float("inf") if away else self.practice.clock.seconds

    def run(self, seconds: float) -> None:
        super().run(seconds)
        for lane in LANES:
            if not self.weather[lane] and self._rough.get(lane) == float("inf"):
                self._rough[lane] = self.practice.clock.seconds
            self._no_wait_too_long(lane)

    def comes_to_rest(self) -> None:
        for lane in LANES:
            self.service_is_away(lane.store, away=False)
        super().comes_to_rest()

    def _start_again(self) -> None:
        super()._start_again()
        self._working_since = self.practice.clock.seconds

    def _no_wait_too_long(self, lane: LaneId) -> None:
        """What is the next of its name goes within 24 hours and one, by the clock that it is shown by and truly."""
        control, clock = self.practice.control, self.practice.clock
        packets = [packet for packet in control.state.packets.values() if packet.lane == lane]
        packets.sort(key=lambda packet: (packet.arrived_at, packet.id))
        for name in {self._key(packet.upload_name) for packet in packets}:
            of_name = [packet.next_at for packet in packets if self._key(packet.upload_name) == name]
            for place, goes_at in enumerate(sorted(each for each in of_name if each is not None), start=1):
                wait = goes_at - clock.now()
                assert wait <= timedelta(hours=24 * place + 1), f"number {place} of {name} waits for {wait}"
        taken = self.rule.last(lane, "Statements.csv"), self.rule.last(lane, "july.csv")
        last = max((each for each in taken if each is not None), default=0.0)
        is_calm = max(last, self._rough.get(lane, 0.0), self._working_since) + HOUR < clock.seconds
        is_calm = is_calm and not self.practice.service(lane).is_away
        if is_calm and last + DAY + HOUR < clock.seconds:
            waits = [packet.state for packet in packets if packet.state in (PacketState.HELD, PacketState.QUEUED)]
            assert not waits, f"{waits}, {(clock.seconds - last) / HOUR:.1f} hours after the last one"

    def _key(self, filename: str) -> str:
        return "" if self.scope == "store" else name_key(filename)
