"""Every packet that cannot go fails with its own code and words, nothing of it is uploaded, and every byte stays.

All of them are dropped at once, each into a store of its own so that they do not disturb each other; one run of the
agent, on the day on which the packets are meant to be checked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.clock import Reading, SystemClock
from agent.delivery.engine import engine
from agent.delivery.once import one_pass
from agent.folder.names import MARKER, PROBLEM_JSON, PROBLEM_TEXT
from agent.sandbox.server import Sandbox
from agent.settings.reading import parse
from agent.settings.secrets import Secrets, variable
from tests.support.bad_packets import TODAY, BadPacket, bad_packets
from tests.support.practice import new_ledger, nobody_trusted, standing

PACKETS = {packet.id: packet for packet in bad_packets()}
CLAIMED_BY_LIST = {"listed-twice"}
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12).astimezone(UTC)  # of the PC, wherever it stands
INCOMPLETE_SECONDS = 0.6


class ThatDay(SystemClock):
    """The PC's clock, set to the day of the packets."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self._begun)

    def read(self) -> Reading:
        return Reading(self.now(), self.steady(), "that day")


@dataclass
class Run:
    """What one run over all packets left."""

    root: Path
    uploads: int
    exit_problems: dict[str, str]

    def standing(self, packet: BadPacket) -> dict[str, bytes]:
        """What stands in the packet's watched folder, without OutTray's marker."""
        return {name: data for name, data in standing(self.root / packet.id).items() if name != MARKER}

    def problem(self, packet: BadPacket) -> dict[str, Any]:
        """The packet's problem, as it stands for programs."""
        [document] = [data for name, data in self.standing(packet).items() if name.endswith(PROBLEM_JSON)]
        found: dict[str, Any] = json.loads(document)
        return found

    def words(self, packet: BadPacket) -> str:
        """The packet's problem, as it stands for people."""
        [document] = [data for name, data in self.standing(packet).items() if name.endswith(PROBLEM_TEXT)]
        return document.decode()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    root = tmp_path_factory.mktemp("bad")
    with Sandbox() as sandbox:
        text = f"[agent]\ndata_dir = '{root / 'data'}'\n"
        for packet in PACKETS.values():
            text += f"""
[[store]]
name = "{packet.id}"
[store.attachments]
folder = '{root / packet.id}'
base_url = "{sandbox.attachments_url}"
token_url = "{sandbox.token_url}"
client_id = "{sandbox.credentials.client_id}"
settle_seconds = 0.2
incomplete_minutes = {INCOMPLETE_SECONDS / 60}
"""
            for name, data in packet.files.items():
                path = root / packet.id / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        secrets = Secrets({variable(store, "client_secret"): sandbox.credentials.client_secret for store in PACKETS})
        new_ledger(root / "data")
        settings = parse(text, root / "outtray.toml")
        with engine(settings, clock=ThatDay(), secrets=secrets, ssl_context=nobody_trusted(), watch=False) as agent:
            done = one_pass(agent.control)
        yield Run(root, len(sandbox.requests), done.unreachable)


@pytest.fixture(params=PACKETS.values(), ids=PACKETS)
def packet(request: pytest.FixtureRequest) -> BadPacket:
    return request.param


def unclaimed(packet: BadPacket) -> set[str]:
    """Return the files that do not belong to the packet: a list names others, and nobody looks into nested folders."""
    nested = {name for name in packet.files if name.count("/") > 1}
    by_list = set(packet.files) == {"scan.pdf", "claim.json"} and packet.id not in CLAIMED_BY_LIST
    return nested | ({"scan.pdf"} if by_list else set())


def test_there_are_at_least_40_of_them() -> None:
    assert len(PACKETS) >= 40


def test_nothing_was_uploaded_and_not_even_a_token_was_asked_for(run: Run) -> None:
    assert run.uploads == 0
    assert run.exit_problems == {}


def test_it_fails_with_its_code_and_its_words(run: Run, packet: BadPacket) -> None:
    problem = run.problem(packet)
    said = "\n".join(
        [
            problem["sentence"],
            problem["what_to_do"],
            *(f"{fault['where']} {fault['value']} {fault['message']}" for fault in problem["details"]),
        ]
    )
    if not packet.settles and packet.code.startswith("sidecar"):
        assert problem["code"] == "incomplete"
        return
    assert problem["code"] == packet.code
    for words in packet.words:
        assert words in said


def test_every_byte_stands_on_failed_or_waits_where_no_sidecar_speaks_for_it(run: Run, packet: BadPacket) -> None:
    left = run.standing(packet)
    documents = {name for name in left if name.endswith((PROBLEM_JSON, PROBLEM_TEXT))}
    assert len(documents) == 2
    assert {name: data for name, data in left.items() if name not in documents} == {
        name if name in unclaimed(packet) else f"failed/{name}": data for name, data in packet.files.items()
    }


def test_the_problem_stands_there_for_programs_and_for_people_and_blames_nobody(run: Run, packet: BadPacket) -> None:
    problem = run.problem(packet)
    assert set(problem) >= {"packet", "store", "lane", "files", "at", "code", "sentence", "what_to_do", "details"}
    assert (problem["store"], problem["lane"]) == (packet.id, "attachments")
    assert {file["name"] for file in problem["files"]} == set(packet.files) - unclaimed(packet)
    assert datetime.fromisoformat(problem["at"]).astimezone().date() == TODAY
    assert problem["sentence"]
    assert problem["what_to_do"]
    for fault in problem["details"]:
        assert set(fault) == {"where", "value", "message"}
    words = run.words(packet)
    assert words.startswith(problem["sentence"])
    assert f"What to do: {problem['what_to_do']}" in words
    assert problem["packet"] in words
    assert problem["code"] in words
    for fault in problem["details"]:
        assert fault["message"] in words
    said = problem["sentence"] + problem["what_to_do"]
    for never in ("You ", "please", "Please", "oops", "invalid", "!", "None", "Traceback"):
        assert never not in said
