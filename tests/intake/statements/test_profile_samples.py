"""Each profile that comes with OutTray, its sample and what the sample becomes stand together."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from agent.intake.statements.profile import built_in, find
from agent.intake.statements.recognition import choose
from agent.intake.statements.source import examine
from tests.support.statement_files import uploads

SAMPLES = Path(str(resources.files("agent.intake.statements"))) / "profiles" / "samples"


def _sample(profile: str) -> Path:
    (found,) = (path for path in SAMPLES.glob(f"{profile}.*") if not path.name.endswith(".expected.json"))
    return found


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_profiles_sample_becomes_what_stands_beside_it(name: str, tmp_path: Path) -> None:
    sample = _sample(name)
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text("utf-8"))
    assert uploads(sample.read_bytes(), sample.name, tmp_path / "s.json") == expected
    with sample.open("rb") as stream:
        assert choose(examine(sample.name, stream), "auto").profile.name == name


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_profile_says_where_its_layout_is_from(name: str) -> None:
    assert find(name).source
