"""Every check in its order, and what the whole means for the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent.delivery.reconcile.settings_changed import left_by_settings
from agent.desk.doctor.finding import Check, Finding, State, found
from agent.desk.doctor.lane_folders import check_lane_folder, check_room
from agent.desk.doctor.own_folders import check_agent, check_autostart, check_own_folders
from agent.desk.doctor.sandbox_check import check_environment
from agent.desk.doctor.world import World
from agent.ledger.records import LaneRecord
from agent.model import LaneId
from agent.settings.locations import data_folder, ledger_file
from agent.settings.schema import Settings
from agent.settings.secrets import SECRET_OF, Source

SETTINGS_WRONG, NEEDS_SOMEONE, BLOCKED = 2, 3, 4
_NOT_ASKED = "Not asked, because the services were left out (--offline)."


def run_checks(settings: Settings, world: World | None = None, *, offline: bool = False) -> list[Finding]:
    """Check everything but the settings file itself. `offline`: nothing is asked of any service."""
    return list(examine(settings, world or World(), offline=offline))


def examine(settings: Settings, world: World, *, offline: bool) -> Iterator[Finding]:
    """Yield what each check finds, as it is found."""
    world = world.of(settings)
    yield from check_own_folders(settings, world)
    yield check_room(data_folder(settings.agent), world)
    records = _lane_records(settings)
    for lane, lane_settings in settings.lanes.items():
        yield from check_lane_folder(lane, lane_settings, settings, records, world)
    for lane, problem in left_by_settings(settings):
        yield found(Check.SHELVES, problem, lane, State.WARN)
    yield from check_environment(settings)
    keyring, there = check_keyring(settings, world)
    yield from keyring
    from agent.desk.doctor.services import check_proxy, check_services

    yield check_proxy(settings, world)
    if offline:
        skipped = (Check.TLS, Check.CLOCK, Check.TOKEN, Check.HEALTH)
        yield from (Finding(check, State.SKIPPED, _NOT_ASKED) for check in skipped)
    else:
        yield from check_services(settings, there, world)
    yield check_agent(settings, world)
    yield check_autostart(world)


def check_keyring(settings: Settings, world: World) -> tuple[list[Finding], frozenset[LaneId]]:
    """Tell whether each secret is where it should be; and of which lanes it is."""
    findings: list[Finding] = []
    there: set[LaneId] = set()
    listed = {(entry.store, entry.name): entry for entry in world.secrets.listing(settings)}
    for lane in settings.lanes:
        entry = listed[lane.store, SECRET_OF[lane.kind]]
        if entry.problem is not None:
            findings.append(found(Check.KEYRING, entry.problem, lane))
            continue
        there.add(lane)
        place = "the environment" if entry.source is Source.ENVIRONMENT else "the system's credential store"
        findings.append(Finding(Check.KEYRING, State.OK, f"Its secret is in {place}.", lane=str(lane)))
    return findings, frozenset(there)


def _lane_records(settings: Settings) -> Mapping[LaneId, LaneRecord]:
    """Return what the ledger remembers of the lanes; nothing where it cannot be read, which its own check tells."""
    from sqlalchemy.exc import DatabaseError

    from agent.ledger.ledger import Ledger
    from agent.ledger.opening import LedgerUnavailable, read_only

    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        return {}
    try:
        return ledger.lanes()
    except DatabaseError:
        return {}
    finally:
        ledger.close()


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 2 where the settings fail, 4 where anything else does, 3 where something still needs someone; else 0.

    (Contract: "Commands".)
    """
    found = list(findings)
    failed = {finding.check for finding in found if finding.state is State.FAIL}
    if Check.SETTINGS in failed:
        return SETTINGS_WRONG
    if failed:
        return BLOCKED
    return NEEDS_SOMEONE if any(finding.state is State.WARN for finding in found) else 0
