"""What can be asked of the running agent over its channel, and by whom.

| `ask` | Who | Answer |
|---|---|---|
| `state` | whoever the channel lets in | what trays of others who share the ledger may show: states and counts |
| `status` | the agent's own user | the snapshot |
| `request` | the agent's own user | a request's answer, once the control thread has carried it out |
| `open` | the agent's own user | a one-time link to the page |

Question and answer are JSON objects. What is not done is answered with a `sentence`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYet
from dataclasses import asdict
from typing import Any, get_args

from agent.delivery.glance import status_json
from agent.delivery.requests import SEEN, Request, Verb
from agent.delivery.snapshot import LaneSnapshot, Snapshot
from agent.desk.desk import Desk
from agent.desk.interface.channel import Peer
from agent.desk.users import user_name
from agent.model import LaneState
from agent.shown import in_unicode

ANSWER_SECONDS = 20.0
_ANOTHERS = "OutTray was started by {user}. Only that user can do this."
_NOT_YET = "OutTray has not come to it yet; it is done as soon as it can be."
_ENDED = "OutTray has ended before it came to it."
_NOT_KNOWN = "This is not a request that OutTray knows."
_LANE_FIELDS = ("lane", "state", "since", "counts", "needs_attention", "environment")


class NotDone(Exception):
    """What was asked is not done; the text says why."""


def answer_to(question: bytes, peer: Peer, desk: Desk, link: Callable[[str], str]) -> bytes:
    """Return the answer to a question. `link` makes an address that opens the page at a path; it may raise NotDone."""
    try:
        answer = _answer(_object(question), peer, desk, link)
    except NotDone as reason:
        answer = {"sentence": str(reason)}
    return json.dumps(in_unicode(answer)).encode()


def _answer(asked: dict[str, Any], peer: Peer, desk: Desk, link: Callable[[str], str]) -> dict[str, Any]:
    what = asked.get("ask")
    if what == "state":
        return {**tray_view(desk.snapshot()), "user": user_name(), "is_yours": peer.is_own}
    if not peer.is_own:
        raise NotDone(_ANOTHERS.format(user=user_name()))
    if what == "status":
        return status_json(desk.snapshot())
    if what == "open":
        return {"url": link(str(asked.get("path", "/")))}
    wish = request_from(asked.get("request"), peer.user) if what == "request" else None
    if wish is None:
        raise NotDone(_NOT_KNOWN)
    try:
        return asdict(desk.ask(wish).result(ANSWER_SECONDS))
    except NotYet:
        raise NotDone(_NOT_YET) from None
    except CancelledError:
        raise NotDone(_ENDED) from None


def _object(question: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(question)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise NotDone(_NOT_KNOWN)
    return asked


def request_from(given: Any, actor: str) -> Request | None:
    """Return the request that was asked for, by whom the system names; None where it is none."""
    try:
        wish = Request(given["verb"], tuple(given["packets"]), tuple(given["lanes"]), actor, given.get("note", ""))
    except (KeyError, TypeError, AttributeError):
        return None
    texts = (*wish.packets, *wish.lanes, wish.verb, wish.note)
    is_known = all(isinstance(text, str) for text in texts) and wish.verb in get_args(Verb)
    return wish if is_known and wish.note in ("", *SEEN) else None


def tray_view(snapshot: Snapshot) -> dict[str, Any]:
    """Return of a snapshot what every user's tray may show: how the lanes are and how many packets stand where."""
    return {
        "at": snapshot.at,
        "running": snapshot.running,
        "pid": os.getpid(),
        "needs_attention": snapshot.needs_attention,
        "lanes": [{name: getattr(lane, name) for name in _LANE_FIELDS} for lane in snapshot.lanes],
    }


def snapshot_from(view: dict[str, Any]) -> Snapshot:
    """Return the snapshot that such a view stands for. Raises KeyError, TypeError or ValueError for anything else."""
    lanes = tuple(
        LaneSnapshot(
            folder="",
            **{name: lane[name] for name in _LANE_FIELDS if name in lane} | {"state": LaneState(lane["state"])},
        )
        for lane in view["lanes"]
    )
    return Snapshot(view["at"], view["running"], view["pid"], lanes, (), view["needs_attention"])
