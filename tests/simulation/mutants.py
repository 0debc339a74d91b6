"""Takes one mend out at a time and looks for the first seed whose practice breaks by it.

    python -m tests.simulation.mutants [--seeds 150] [NAME ...]

Each mutant is a function of the agent that forgets what it was mended to know, put in its place at run time. The table
that comes out stands in the README beside this file. Seeds are of the mutant's theme: `--theme THEME --seed SEED`.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from agent.delivery import planner, proof, reading_back, recovery, snapshot, verdicts
from agent.delivery.control import Control
from agent.delivery.reconcile import other_pcs, settings_changed
from agent.delivery.service_times import ServiceTimes
from agent.destinations import outcomes
from agent.destinations.answers import Answer
from agent.folder import coming_back, names, shelves
from agent.intake.statements import content
from agent.ledger.records import FilenameClaim, LanePlaces, LaneRecord
from agent.ledger.times import Times
from tests.support.simulation.history import history, run


@dataclass(frozen=True)
class Mutant:
    """One mend that is taken out: of which kind, what is forgotten, which theme shows it, and what is put where."""

    kind: str
    forgets: str
    theme: str
    instead: tuple[tuple[Any, str, Any], ...]


def _believing(of: Callable[[Any], Answer | None]) -> tuple[tuple[Any, str, Any], ...]:
    plain = outcomes.answer_of

    def answer_of(reply: Any, *shapes: Any) -> Answer:
        return of(reply) or plain(reply, *shapes)

    return ((outcomes, "answer_of", answer_of),)


def _in_its_order(so_far: content.Content, statements: str) -> None:
    """As long as texts come whole, a digest of what came before and of this one is one of their order."""
    said = f"{so_far._sum}{statements}".encode()
    so_far._sum = int.from_bytes(hashlib.sha256(said).digest())


_claim = reading_back._claim


def _proved(*of: Any) -> FilenameClaim:
    return replace(_claim(*of), unproved=False, service_date=None)


MUTANTS = {
    "a-boot-proves-the-time": Mutant(
        "wrong clocks",
        "what the clock says after a boot is proved",
        "clocks",
        ((Times, "doubt_claims", lambda _self, _last: None),),
    ),
    "a-start-proves-the-time": Mutant(
        "wrong clocks, boots that have no name",
        "what the clock says after any start is proved",
        "clocks-unnamed",
        ((Times, "doubt_claims", lambda _self, _last: None),),
    ),
    "one-clock-is-enough": Mutant(
        "retention on the word of a clock",
        "what is old by the PC's clock is old",
        "retention",
        ((ServiceTimes, "now", lambda _self, _lane, wall: wall),),
    ),
    "status-is-enough": Mutant(
        "evidence, not a status",
        "any 2xx is the service's own success",
        "portals",
        _believing(lambda reply: Answer.SUCCESS if reply.is_success else None),
    ),
    "page-refuses": Mutant(
        "evidence, not a status",
        "a foreign 400 or 422 is a refusal of the service's",
        "portals",
        _believing(lambda reply: Answer.OWN_ERROR if reply.status in (400, 422) else None),
    ),
    "any-answer-is-none": Mutant(
        "confirmed by refusal",
        "somebody else has answered the try that is to be confirmed",
        "portals",
        ((verdicts, "_went_unanswered", lambda packet, *_: packet.name_refusals == 0),),
    ),
    "gateway-speaks-for-the-service": Mutant(
        "a gateway's word after the whole body",
        "a 5xx or 408 is the service's own, so that it cannot have taken it",
        "gateways",
        _believing(lambda reply: Answer.OWN_ERROR if reply.status == 408 or reply.status >= 500 else None),
    ),
    "cut-reply-counts": Mutant(
        "a reply cut off in its middle",
        "what has come of a reply is the reply",
        "gateways",
        _believing(lambda reply: Answer.SUCCESS if reply.is_success and not reply.whole else None),
    ),
    "files-are-not-proved": Mutant(
        "whose bytes: identity before each try",
        "what stands in a packet's place is what was checked",
        "files-changed",
        ((proof, "_proved", lambda opened, _stream, _path, _file, *, read: opened.identity()),),
    ),
    "copies-are-new": Mutant(
        "a copy of a statement file",
        "a statement file under another name is another one",
        "copies",
        (
            (planner, "_same_content", lambda _twin, _found: False),
            (planner, "_said", lambda _found: None),
        ),
    ),
    "another-order-is-another-file": Mutant(
        "a copy of a statement file",
        "a statement file whose rows were sorted anew is another one",
        "copies",
        ((content.Content, "add", _in_its_order),),
    ),
    "names-as-they-are": Mutant(
        "names that are no text",
        "what is shown of a name is the name",
        "odd-names",
        ((snapshot, "in_unicode", lambda value: value),),
    ),
    "bins-are-packets": Mutant(
        "a NAS's recycle bin",
        "every folder may be a packet",
        "recycled",
        ((names, "_NEVER_INTO", names.re.compile(r"(?!)")), (names, "_SYSTEM_FOLDER", names.re.compile(r"(?!)"))),
    ),
    "renamed-stores-are-others": Mutant(
        "settings with packets in flight",
        "a store with another name and the same account and folder is the same",
        "store-renamed",
        ((settings_changed, "_successor", lambda _record, _lanes: None),),
    ),
    "shelves-of-before-are-forgotten": Mutant(
        "settings with packets in flight",
        "where a shelf has stood before",
        "shelf-moved",
        ((LanePlaces, "beyond", lambda _places, _shelf, _present: ()),),
    ),
    "a-marker-is-expected-anywhere": Mutant(
        "settings with packets in flight",
        "the marker stood in another folder",
        "folder-moved",
        ((LaneRecord, "expects_marker", lambda record, _folder: record.marker_expected),),
    ),
    "old-ledgers-are-believed": Mutant(
        "a ledger from an old backup",
        "the shelves can know more than the ledger",
        "old-ledger",
        (
            (Control, "_knows_more", lambda *_: False),
            (recovery, "read_back", lambda *_: reading_back.ReadBack()),
        ),
    ),
    "other-pcs-are-not-told-of": Mutant(
        "another PC's packets",
        "that PC is not heard of any more",
        "pc-replaced",
        ((other_pcs, "_is_silent", lambda *_: False),),
    ),
    "kills-do-not-count": Mutant(
        "a service whose replies are always lost",
        "a try in which the agent was ended is a lost one",
        "ended-each-time",
        ((recovery, "lost_each_time", lambda *_: None),),
    ),
    "strangers-are-not-met": Mutant(
        "whose bytes: half taken, and scanned over",
        "what comes back can meet a stranger",
        "mid-take",
        ((coming_back, "could_meet", lambda *_: False), (shelves, "could_meet", lambda *_: False)),
    ),
    "receipts-prove-the-time": Mutant(
        "a ledger from an old backup, wrong clocks",
        "how long ago a name went that only a receipt tells of is not seen",
        "old-ledger",
        ((reading_back, "_claim", _proved),),
    ),
    "lost-replies-for-ever": Mutant(
        "a service whose replies are always lost",
        "unknown tries are not counted",
        "gateways",
        ((verdicts, "MOST_LOST", 10**6),),
    ),
}


def find(mutant: Mutant, seeds: int) -> tuple[int, str] | None:
    """Return the first seed that shows a mutant, and the promise that it breaks."""
    with ExitStack() as stack:
        for place, name, other in mutant.instead:
            stack.enter_context(patch.object(place, name, other))
        for seed in range(seeds):
            broken = run(history(seed, mutant.theme)).broken
            if broken:
                return seed, broken
    return None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=150, help="how many seeds to try for each")
    parser.add_argument("names", nargs="*", help="mutants; all if none is named")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print("| Kind | Mend taken out | Theme | Seed | What the judge says |\n|---|---|---|---|---|")
    for name in asked.names or MUTANTS:
        mutant = MUTANTS[name]
        found = find(mutant, asked.seeds)
        seed, broken = found if found else (f"none of {asked.seeds}", "not found")
        said = broken.splitlines()[0].replace("|", "/")[:110]
        print(f"| {mutant.kind} | {mutant.forgets} | `{mutant.theme}` | {seed} | {said} |", flush=True)


if __name__ == "__main__":
    main()
