"""Killed from outside at any moment, and in a single pass: the same promises hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agent.intake.problems import ENDS_THE_AGENT
from tests.support import files
from tests.support.launcher import Launcher
from tests.support.mortal_practice import MortalPractice

pytestmark = pytest.mark.crash

NARRATIVE = b"Narrative for the claim. " * 16_000  # 400 kB: a second at the speed below
SLOWLY = 'upload_limit = "400 kB/s"'


@pytest.mark.parametrize("seed", range(10))
def test_killed_in_mid_upload(tmp_path: Path, launcher: Launcher, seed: int) -> None:
    share = random.Random(seed).random()
    with MortalPractice(tmp_path, launcher, agent=SLOWLY) as practice:
        practice.drop_scan()
        practice.drop("attachments", "large.txt", NARRATIVE)
        practice.drop("attachments", "large.json", files.sidecar(claimId="CLM-large"))
        practice.drop_statement(rows=500)
        practice.start()
        practice.wait_for(lambda: _sent_share(practice) >= share or practice.is_at_rest(), "enough to be sent")
        practice.kill()
        practice.agent = ""
        practice.start()
        practice.wait_until_at_rest(3, 0, 0)
        practice.kill()
        practice.check()


def _sent_share(practice: MortalPractice) -> float:
    packets = practice.status().get("packets", [])
    return max((packet["sent_bytes"] / packet["total_bytes"] for packet in packets if packet["total_bytes"]), default=0)


@pytest.mark.parametrize("point", ["file-taken:2", "body-sent", "reply-not-recorded", "document-written"])
def test_killed_in_a_single_pass_the_next_pass_finishes(tmp_path: Path, launcher: Launcher, point: str) -> None:
    with MortalPractice(tmp_path, launcher, prepared=False) as practice:
        practice.drop_scan()
        practice.drop_statement()
        practice.start(crash_at=point, once=True)
        practice.wait_until_killed()
        practice.start(once=True)
        assert practice.wait_for_end() == 0, practice.describe()
        practice.wait_until_at_rest(2, 0, 0)
        practice.check()


def test_killed_again_and_again_while_packets_come_in(tmp_path: Path, launcher: Launcher) -> None:
    dice = random.Random(7)
    points = ("file-taken:4", "committed:3", "body-sent:2", "reply-not-recorded:1", "file-carried:2", "shelved:1")
    with MortalPractice(tmp_path, launcher) as practice:
        for number in range(6):
            for part in range(3):
                practice.drop_scan(f"scan {number}-{part}", claimId=f"CLM-{number}-{part}")
            practice.drop_statement(f"Statements {number}.csv", account=str(2000 + number))
            practice.start(crash_at=dice.choice(points))
            practice.wait_until_killed()
        practice.start()
        practice.wait_for(lambda: practice.is_at_rest() and sum(practice.counts()) == 24, "everything to be at rest")
        # A file over whose check the agent was killed twice is put aside; a person sees to it.
        aside = [problem["packet"] for problem in practice.problems if problem["code"] == ENDS_THE_AGENT.code]
        if aside:
            practice.ask("retry", *aside)
        practice.wait_until_at_rest(24, 0, 0)
        practice.kill()
        practice.check()
