"""Whether what is sent counts: lanes on a sandbox, and lanes that are about to leave it."""

from __future__ import annotations

from collections.abc import Iterator

from agent.delivery.reconcile.going_live import leaving_the_sandbox
from agent.desk.doctor.finding import Check, Finding, State, found
from agent.settings.environment import CALLED, Environment, environment_of
from agent.settings.schema import Settings


def check_environment(settings: Settings) -> Iterator[Finding]:
    """Tell of each lane whether it sends to the real service."""
    for lane, of_lane in settings.lanes.items():
        environment = environment_of(of_lane)
        if environment is Environment.PRODUCTION:
            yield Finding(Check.ENVIRONMENT, State.OK, "It sends to no sandbox that is known.", lane=str(lane))
            continue
        yield Finding(
            Check.ENVIRONMENT,
            State.WARN,
            f"It sends to {CALLED[environment]}: nothing of it reaches an insurer or a patient.",
            "Once the trying is done, leave it with outtray config go-live: it says what changes.",
            str(lane),
        )
    for lane, problem in leaving_the_sandbox(settings):
        yield found(Check.ENVIRONMENT, problem, lane, State.WARN)
