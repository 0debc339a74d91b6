"""The agent as a process of its own, with a practice's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.practice import Practice

ROOT = Path(__file__).resolve().parents[2]


def command(practice: Practice, *arguments: str) -> list[str]:
    config = practice.root / "outtray.toml"
    config.write_text(practice.settings_text, encoding="utf-8")
    return [sys.executable, "-m", "agent", *arguments, "--config", str(config)]


def surroundings(practice: Practice) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OUTTRAY_")}
    return kept | practice.environment


def run(practice: Practice, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(practice, *arguments),
        env=surroundings(practice),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@contextmanager
def running(practice: Practice, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command(practice, "run", "--headless", *arguments),
        env=surroundings(practice),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
