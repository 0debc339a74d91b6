"""Leaving the sandbox: what is written, what is named before, and what stays as it was."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from agent.cli import app
from agent.model import LaneId, LaneKind
from agent.settings.going_live import NotLive, live_text, on_a_sandbox
from agent.settings.reading import parse

REAL = "https://billing.example.com/api"
SCANS, BILLS = (LaneId("main-street", kind) for kind in (LaneKind.ATTACHMENTS, LaneKind.STATEMENTS))
OTHER = LaneId("second", LaneKind.ATTACHMENTS)


def text(root: Path, scans: str = 'environment = "sandbox"  # to try') -> str:
    return f"""\
# our own words stay
[agent]
data_dir = '{root}/data'

[[store]]
name = "main-street"
store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"

  [store.attachments]   # scans
  folder = '{root}/scans'
  {scans}
  client_id = "trial"

  [store.statements]
  folder = '{root}/bills'
  base_url = "https://sandbox.example.com/api"

[[store]]
name = "second"

  [store.attachments]
  environment = "sandbox"
  folder = '{root}/second'
  client_id = "other"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "outtray.toml"
    path.write_text(text(tmp_path), encoding="utf-8")
    return path


def go_live(file: Path, *arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(app, ["config", "go-live", *arguments, "--config", str(file)], input=said)


@pytest.mark.parametrize(
    "scans",
    [
        'environment = "sandbox"',
        'base_url = "https://sandbox-apigw.optum.com/x"\n  token_url = "https://sandbox-apigw.optum.com/t"',
        'base_url = "http://127.0.0.1:9"\n  token_url = "http://127.0.0.1:9/t"\n  create_path = "/a/b"',
    ],
)
def test_where_a_lane_sends_is_written_anew_and_all_else_stays(tmp_path: Path, scans: str) -> None:
    before = text(tmp_path, scans)
    changed, settings = live_text(before, tmp_path / "x.toml", [SCANS])
    assert on_a_sandbox(settings) == [BILLS, OTHER]
    kept = [
        line
        for line in before.splitlines()
        if not line.strip().startswith(("environment", "base_url", "token", "create"))
    ]
    assert [line for line in changed.splitlines() if line in kept] == kept
    assert '  environment = "production"\n' in changed
    assert parse(changed, tmp_path / "x.toml") == settings


@pytest.mark.parametrize("url", ["", "https://sandbox.example.com", "http://real.example.com", "nonsense", 'x"\ny = 1'])
def test_statements_want_a_real_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotLive):
        live_text(text(tmp_path), tmp_path / "x.toml", [BILLS], statements_url=url)


def test_a_file_that_is_written_in_another_way_is_left_to_people(tmp_path: Path) -> None:
    lane = f"{{folder = '{tmp_path}/s', environment = 'sandbox', client_id = 'x'}}"
    said = f"store = [{{name = 'main-street', attachments = {lane}}}]\n"
    with pytest.raises(NotLive):
        live_text(said, tmp_path / "x.toml", [SCANS])


def test_it_names_what_changes_and_keeps_the_former_file(file: Path) -> None:
    former = file.read_bytes()
    done = go_live(file, "--statements-url", REAL, "--client-id", "live", said="y\n")
    assert done.exit_code == 0, done.output
    told = " ".join(done.stdout.split())
    for word in ("main-street/statements will send to https://billing.example.com/api", "where everything counts",
                 "outtray secret set main-street/client_secret", "outtray.toml.before"):  # fmt: skip
        assert word in told
    settings = parse(file.read_text(encoding="utf-8"), file)
    assert on_a_sandbox(settings) == []
    assert settings.store[0].attachments is not None
    assert settings.store[0].attachments.client_id == "live"
    assert file.with_name("outtray.toml.before").read_bytes() == former
    assert sorted(path.name for path in file.parent.iterdir()) == ["outtray.toml", "outtray.toml.before"]


@pytest.mark.parametrize(("more", "said"), [([], "n\n"), ([], ""), (["--json"], "")])
def test_without_a_yes_nothing_is_changed(file: Path, more: list[str], said: str) -> None:
    former = file.read_bytes()
    done = go_live(file, str(SCANS), *more, said=said)
    assert done.exit_code == 0
    assert "everything counts" in done.stdout
    assert [path.read_bytes() for path in file.parent.iterdir()] == [former]


def test_scripts_say_yes(file: Path) -> None:
    answer = json.loads(go_live(file, str(SCANS), "--yes", "--json").stdout)
    assert (answer["changed"], list(answer["lanes"])) == (True, [str(SCANS)])
    assert json.loads(go_live(file, str(OTHER), "--yes", "--json").stdout)["changed"]
    assert go_live(file, str(SCANS), "--yes").exit_code == 2
    assert go_live(file, "no/such", "--yes").exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_its_rights_stay(file: Path, mode: int) -> None:
    file.chmod(mode)
    old = os.umask(0)
    try:
        assert go_live(file, str(SCANS), "--yes").exit_code == 0
    finally:
        os.umask(old)
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == mode
