"""The 24-hour filename rule against arbitrary weeks of a practice: whatever happens, no name goes twice in a window,
nothing is lost, the order is kept, and all comes to rest.

Planner, control loop, ledger (in memory), shelves and the statements intake are the real ones. Left out, because nobody
can know it: a clock that is set while the PC is off (`agent/delivery/clock_guard.py`), or while the ledger is lost.
`OUTTRAY_RULE_EXAMPLES=500` searches longer, and elsewhere each time.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.support.machines import minutes as steps
from tests.support.machines import searched, seconds, stores, weather
from tests.support.statement_world import EVENTS, World

COMPOSED, DECOMPOSED = "Relev\u00e9.csv", "Releve\u0301.csv"

names = st.sampled_from(["Statements.csv", "STATEMENTS.CSV", "statements.csv", COMPOSED, DECOMPOSED, "july.csv"])
minutes = steps()


class FilenameRule(RuleBasedStateMachine):
    """Each rule is something that happens."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None

    @initialize(
        scope=st.sampled_from(["filename", "filename", "store"]),
        on_conflict=st.sampled_from(["hold", "hold", "hold", "fail"]),
        seed=st.integers(0, 3),
    )
    def a_practice(self, scope, on_conflict, seed):
        self.world = World(scope, on_conflict, seed)

    @rule(store=stores, names=st.lists(names, min_size=1, max_size=3), weather=weather, seconds=seconds)
    def drop(self, store, names, weather, seconds):
        self.world.forecast(store, weather)
        for name in names:
            self.world.drop(store, name)
        self.world.run(seconds)

    @rule(store=stores, name=names, same_bytes=st.booleans())
    def drop_only(self, store, name, same_bytes):
        self.world.drop(store, name, again=same_bytes)

    @rule(seconds=seconds)
    def run(self, seconds):
        self.world.run(seconds)

    @rule(seconds=seconds)
    def sleep(self, seconds):
        self.world.sleep(seconds)

    @rule(minutes=minutes)
    def set_the_clock(self, minutes):
        self.world.set_clock(minutes)

    @rule(seconds=seconds, minutes=st.one_of(st.just(0), minutes))
    def be_down(self, seconds, minutes):
        self.world.down(seconds, minutes)

    @rule(kind=st.sampled_from(["file", "before", "after", "busy"]), step=st.integers(1, 40))
    def break_at(self, kind, step):
        self.world.cut(kind, step)

    @rule(event=st.sampled_from(sorted(EVENTS)), store=stores, name=names, minutes=minutes)
    def during_the_next_request(self, event, store, name, minutes):
        self.world.during_the_next_request(event, store, name, minutes)

    @rule(store=stores)
    def withdraw(self, store):
        self.world.withdraw(store)

    @rule(store=stores)
    def drag_back(self, store):
        self.world.drag_back(store)

    def teardown(self):
        if self.world is not None:
            try:
                self.world.comes_to_rest()
            finally:
                self.world.close()


TestFilenameRule = searched(FilenameRule, steps=50)
