"""The 24 hours against whatever clocks do: arbitrary steps, boots with a wrong clock, starts, replies that are lost.

Held against the service's own clock, which is always right and is told with each reply of its own: no name is taken
twice within 24 hours, no wait is shown, or is, longer than 24 hours and one, and all comes to rest. Boots are named
(Linux) or not (Windows, macOS). `OUTTRAY_RULE_EXAMPLES=500` searches longer, and elsewhere each time.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.support.clock_world import ClockWorld
from tests.support.machines import minutes as steps
from tests.support.machines import searched, seconds, stores, weather

YEAR = 365 * 24 * 60

names = st.sampled_from(["Statements.csv", "STATEMENTS.CSV", "july.csv"])
minutes = steps(-6 * YEAR, 6 * YEAR)
or_right = st.one_of(st.just(0), minutes)


class Clocks(RuleBasedStateMachine):
    """Each rule is something that happens."""

    def __init__(self) -> None:
        super().__init__()
        self.world: ClockWorld | None = None

    @initialize(scope=st.sampled_from(["filename", "filename", "store"]), names_boots=st.booleans())
    def a_practice(self, scope, names_boots):
        self.world = ClockWorld(scope, names_boots=names_boots)

    @rule(store=stores, name=names, seconds=seconds)
    def drop(self, store, name, seconds):
        self.world.drop(store, name)
        self.world.run(seconds)

    @rule(store=stores, name=names, seconds=seconds, weather=weather)
    def drop_in_bad_weather(self, store, name, seconds, weather):
        self.world.forecast(store, weather)
        self.world.drop(store, name)
        self.world.run(seconds)

    @rule(store=stores, name=names)
    def drop_the_same_again(self, store, name):
        self.world.drop(store, name, again=True)

    @rule(seconds=seconds)
    def run(self, seconds):
        self.world.run(seconds)

    @rule(seconds=seconds)
    def sleep(self, seconds):
        self.world.sleep(seconds)

    @rule(minutes=minutes)
    def set_the_clock(self, minutes):
        self.world.set_clock(minutes)

    @rule()
    def put_the_clock_right(self):
        self.world.put_right()

    @rule(seconds=seconds, minutes=or_right)
    def start_again(self, seconds, minutes):
        self.world.down(seconds, minutes)

    @rule(seconds=seconds, minutes=or_right)
    def boot(self, seconds, minutes):
        self.world.boot(seconds, minutes)

    @rule(seconds=seconds)
    def boot_into_the_same_moment_again(self, seconds):
        self.world.boot(seconds, None)

    @rule(store=stores, away=st.booleans())
    def service_goes_or_comes_back(self, store, away):
        self.world.service_is_away(store, away)

    @rule(event=st.sampled_from(["the agent is killed", "the clock is set"]), store=stores, name=names, minutes=minutes)
    def during_the_next_request(self, event, store, name, minutes):
        self.world.during_the_next_request(event, store, name, minutes)

    def teardown(self):
        if self.world is not None:
            try:
                self.world.comes_to_rest()
            finally:
                self.world.close()


TestClocks = searched(Clocks, steps=40)
