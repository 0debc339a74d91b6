"""What a lane's intake leaves behind: nothing, once a packet is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.folder.real import RealFileSystem
from agent.intake.lanes import intake_for
from agent.model import SENT_WHOLE
from agent.settings.schema import StatementsSettings
from tests.support.packets import STATEMENTS


@pytest.mark.parametrize("ending", [".json", ".json.part", SENT_WHOLE])
def test_nothing_of_a_forgotten_packet_stays_in_the_spool(tmp_path: Path, ending: str) -> None:
    settings = StatementsSettings(folder=tmp_path / "bills", base_url="https://api.example.com")
    intake = intake_for(settings, STATEMENTS, RealFileSystem(), tmp_path)
    others = tmp_path / f"p2{ending}"
    for path in (tmp_path / f"p1{ending}", others):
        path.write_bytes(b"x")
    intake.forget("p1")
    assert list(tmp_path.iterdir()) == [others]
