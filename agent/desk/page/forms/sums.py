"""Sums that change by a factor of 100 are asked about: dollars that were read as cents, or cents as dollars.

What a new answer makes of a file is held against what went last, and against what the former answer makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.delivery.places import past_of
from agent.desk.page.forms.columns import dollars
from agent.desk.page.page import Page
from agent.desk.standing import standing_files
from agent.folder.filesystem import FileSystemProblem
from agent.intake.statements.own_profiles import Kept
from agent.intake.statements.preview import Preview, preview
from agent.intake.statements.profile import Profile
from agent.ledger import lookups
from agent.model import LaneId, PacketState
from agent.settings.schema import StatementsSettings

_LAST_FILES = 2
_LOOKED_THROUGH = 50  # packets of the store, of which some may be scans
_LARGEST = 5_000_000  # bytes of a file that is read again for it
_FACTOR = range(30, 334)  # a hundred times, and as much as files of one practice differ besides


@dataclass(frozen=True)
class LastTime:
    """The amount that was usual: in cents, and in which file or by which answer."""

    typical: int
    told: str


def last_time(page: Page, lane: LaneId, settings: StatementsSettings, known: list[Kept]) -> list[LastTime]:
    """Return what was usual in the files that went last, as far as they still stand there."""
    found = []
    own = tuple(kept.profile for kept in known)
    for sent in _last_files(page, lane, settings):
        made = _read(page, sent, settings, own)
        if made is not None:
            found.append(LastTime(made.typical, f"in {sent.name}, which went last,"))
    return found


def question(typical: int, before: list[LastTime]) -> str:
    """Return what has to be asked of the amounts, as a sentence; empty where they are as they were."""
    for one in before:
        smaller, larger = sorted((typical, one.typical))
        if smaller and larger // smaller in _FACTOR:
            times = "about 100 times as much" if typical > one.typical else "about a hundredth"
            return (
                f"An amount in the middle of this file would be {dollars(typical)}; {one.told} it was "
                f"{dollars(one.typical)}. That is {times}."
            )
    return ""


def _last_files(page: Page, lane: LaneId, settings: StatementsSettings) -> list[Path]:
    wanted = lookups.Search(states=(PacketState.SENT,), store=lane.store)
    sent = [one for one in lookups.search(page.desk.ledger, wanted, limit=_LOOKED_THROUGH) if one.lane == lane]
    found: list[Path] = []
    for record in sent:
        try:
            found += standing_files(page.desk.files, record, settings, past_of(page.desk.ledger, lane))
        except FileSystemProblem:
            continue
        if len(found) >= _LAST_FILES:
            break
    return found


def _read(page: Page, path: Path, settings: StatementsSettings, own: tuple[Profile, ...]) -> Preview | None:
    fs, today = page.desk.files, page.desk.clock.now().astimezone().date()
    try:
        if fs.identify(path).size > _LARGEST:
            return None
        made = preview(fs, path, "auto", today, own=lambda: own, hidden=settings.hidden_rows)
    except FileSystemProblem:
        return None
    return made if made.typical else None
