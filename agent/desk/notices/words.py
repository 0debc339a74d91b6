"""What notices say: a title, a text, and where a click leads. They name no patient, and a file only where asked to."""

from __future__ import annotations

from collections.abc import Sequence

from agent.desk.notices.notice import Notice
from agent.desk.notices.situation import Cause, LaneTrouble, Member
from agent.desk.page.words import counted, lane_name
from agent.model import LaneState
from agent.shown import shown

NEEDS_YOU = "/#needs"
_THE_PAGE_SAYS = "The page says why and what to do."

STOPPED = Notice("OutTray has stopped", "Nothing is being sent. Start it from the tray.")

_WHY_BLOCKED = {
    "key-not-accepted": "The service does not accept the key.",
    "no-access": "The service gives this practice no access.",
    "not-allowed": "The service does not let this practice send.",
    "wrong-address": "The service was not found at its address.",
    "redirected": "The service was not found at its address.",
    "certificate-not-trusted": "The service's certificate is not trusted by this PC.",
    "no-secure-connection": "There is no secure connection to the service.",
    "proxy-sign-in": "The office's proxy asks for a sign-in.",
    "proxy-unusable": "The proxy that is set cannot be used.",
    "no-secret": "No key is stored for the service.",
    "secret-unreadable": "The key cannot be read on this PC.",
    "secret-unusable": "The key that is stored cannot be used.",
}

_ONE = {
    Cause.NO_SIDECAR: ("A scan has no sidecar", "Complete the metadata on the page, and it goes."),
    Cause.ROWS: ("A statement file was not sent", "{rows}."),
    Cause.COLUMNS: ("A statement file has new columns", "Say once what they are."),
    Cause.STATEMENT: ("A statement file was not sent", _THE_PAGE_SAYS),
    Cause.REFUSED: ("A packet was refused", _THE_PAGE_SAYS),
    Cause.PACKET: ("A packet was not sent", _THE_PAGE_SAYS),
    Cause.AMISS: ("Something was not accepted", _THE_PAGE_SAYS),
}
_SEVERAL = {
    Cause.NO_SIDECAR: ("{count} scans have no sidecar", "Complete the metadata on the page."),
    Cause.ROWS: ("{count} statement files were not sent", "Rows in them need correcting."),
    Cause.COLUMNS: ("{count} statement files have new columns", "Say once what they are."),
    Cause.STATEMENT: ("{count} statement files were not sent", _THE_PAGE_SAYS),
    Cause.REFUSED: ("{count} packets were refused", _THE_PAGE_SAYS),
    Cause.PACKET: ("{count} packets were not sent", _THE_PAGE_SAYS),
    Cause.AMISS: ("{count} deliveries were not accepted", _THE_PAGE_SAYS),
}


def cause(cause: Cause, members: Sequence[Member], *, show_names: bool) -> Notice:
    """Tell of all packets of one cause."""
    if len(members) > 1:
        title, text = _SEVERAL[cause]
        return Notice(title.format(count=f"{len(members):,}"), text, NEEDS_YOU)
    (member,) = members
    title, text = _ONE[cause]
    said = text.format(rows=counted(member.rows or 1, "row needs correcting", "rows need correcting"))
    return Notice(title, f"{shown(member.name)}: {said}" if show_names and member.name else said, f"/#{member.anchor}")


def lane(trouble: LaneTrouble) -> Notice:
    """Tell that a lane stands still, or needs someone."""
    name, target = lane_name(trouble.lane), f"/#{trouble.anchor}"
    if trouble.state is LaneState.OFFLINE:
        return Notice(f"{name} is offline", "The folder cannot be reached. OutTray keeps looking.", target)
    if trouble.state is LaneState.BLOCKED:
        why = _WHY_BLOCKED.get(trouble.code, _THE_PAGE_SAYS)
        waiting = f"{counted(trouble.waiting, 'waits', 'wait')}; nothing" if trouble.waiting else "Nothing"
        return Notice(f"{name} is blocked", f"{why} {waiting} is lost.", target)
    return Notice(f"{name} needs someone", _THE_PAGE_SAYS, target)


def lanes(troubles: Sequence[LaneTrouble]) -> Notice:
    """Tell that several lanes stand still at once."""
    waiting = sum(trouble.waiting for trouble in troubles)
    text = f"{counted(waiting, 'waits', 'wait')}; nothing is lost." if waiting else "Nothing is lost."
    return Notice(f"{len(troubles):,} lanes are blocked or offline", text, NEEDS_YOU)


def lane_again(lane: str, going: int) -> Notice:
    """Tell that a lane runs again."""
    return Notice(f"{lane_name(lane)} runs again", _going(going))


def lanes_again(count: int, going: int) -> Notice:
    """Tell that several lanes run again."""
    return Notice(f"{count:,} lanes run again", _going(going))


def delivered(count: int, today: int) -> Notice:
    """Tell what was delivered, to those who asked for all notices."""
    return Notice(f"{counted(count, 'packet was', 'packets were')} delivered", f"{today:,} today.")


def _going(going: int) -> str:
    return f"{counted(going, 'is', 'are')} being sent." if going else "Nothing was lost."
