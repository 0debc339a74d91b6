"""What stands in the system's place for autostart, what the system itself says of it, and that it goes away again."""

from __future__ import annotations

import json
import plistlib
import re
import shutil
import subprocess
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.cli import app
from agent.desk.autostart import files
from agent.desk.autostart.places import Autostart, OneFile, place, state
from agent.desk.autostart.program import command, windows_program
from agent.desk.doctor.finding import State
from agent.desk.doctor.own_folders import check_autostart
from tests.support.desk import world_of

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^ "]+)')
AWKWARD = ["/opt/Out Tray/out$tray", "run", "--config", '/home/rosa/100% "good" `things`\\here/outtray.toml']


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def outtray(*words: str) -> str:
    done = CliRunner().invoke(app, ["autostart", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_on_and_off_on_a_linux_desktop(home: Path) -> None:
    assert "does not start by itself" in outtray("status")
    assert str(home / ".config/autostart/outtray.desktop") in outtray("on")
    found = json.loads(outtray("status", "--json"))
    assert found["on"]
    assert found["command"].endswith(" run")
    assert "does not start by itself" in outtray("off")
    assert not (home / ".config/autostart/outtray.desktop").exists()
    outtray("off")


def test_on_and_off_as_a_systemd_unit(home: Path) -> None:
    outtray("on", "--systemd")
    unit = home / ".config/systemd/user/outtray.service"
    link = unit.parent / "default.target.wants/outtray.service"
    assert link.resolve() == unit
    assert "--headless" in unit.read_text()
    assert "a systemd user unit" in outtray("status")
    outtray("on", "--systemd")
    assert "does not start by itself" in outtray("off", "--systemd")
    assert not unit.exists()
    assert not link.is_symlink()


def test_turning_the_desktop_off_tells_that_the_unit_is_left(home: Path) -> None:
    outtray("on")
    outtray("on", "--systemd")
    assert "still starts by a systemd user unit" in outtray("off")


def test_the_settings_that_were_named_are_started(home: Path) -> None:
    settings = home / "practice.toml"
    settings.touch()
    outtray("on", "--config", str(settings))
    assert f"--config {settings}" in (home / ".config/autostart/outtray.desktop").read_text()


def test_settings_that_are_not_there_are_told(home: Path) -> None:
    done = CliRunner().invoke(app, ["autostart", "on", "--config", str(home / "none.toml")])
    assert done.exit_code == 2
    assert "There is no settings file" in done.output


def test_an_entry_that_the_desktop_has_switched_off(home: Path) -> None:
    outtray("on")
    entry = home / ".config/autostart/outtray.desktop"
    entry.write_text(entry.read_text() + "Hidden=true\n")
    assert "switched off in the system's settings" in outtray("status")


def test_xdg_config_home_counts_only_as_a_whole_path(tmp_path: Path) -> None:
    def path(named: str) -> Path:
        found = place(platform="linux", environment={"HOME": str(tmp_path), "XDG_CONFIG_HOME": named})
        assert isinstance(found, OneFile)
        return found.path

    assert path(str(tmp_path / "else")) == tmp_path / "else/autostart/outtray.desktop"
    assert path("else") == tmp_path / ".config/autostart/outtray.desktop"


def test_macos_gets_a_property_list(tmp_path: Path) -> None:
    place(platform="darwin", environment={"HOME": str(tmp_path)}).turn_on(AWKWARD)
    (written,) = (tmp_path / "Library/LaunchAgents").iterdir()
    found = plistlib.loads(written.read_bytes())
    assert found["ProgramArguments"] == AWKWARD
    assert found["RunAtLoad"] is True
    assert written.stem == found["Label"]
    assert state(platform="darwin", environment={"HOME": str(tmp_path)}).on


def test_windows_starts_the_program_without_a_console(tmp_path: Path) -> None:
    assert windows_program(PureWindowsPath("C:/OutTray/outtray.com"), tmp_path)[1:] == ["-m", "agent"]
    (tmp_path / "outtray.exe").touch()
    assert windows_program(PureWindowsPath("C:/OutTray/outtray.com"), tmp_path) == [str(tmp_path / "outtray.exe")]
    (tmp_path / "pythonw.exe").touch()
    assert windows_program(PureWindowsPath("C:/Python/python.exe"), tmp_path) == [
        str(tmp_path / "pythonw.exe"),
        "-m",
        "agent",
    ]


def test_the_command_names_settings_by_their_whole_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    started = command(Path("outtray.toml"), headless=True, platform="linux")
    assert started[-4:] == ["run", "--config", str(tmp_path / "outtray.toml"), "--headless"]


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12), min_size=1, max_size=4))
def test_a_desktop_reads_the_words_that_were_written(words: list[str]) -> None:
    """Read as the Desktop Entry Specification says: first the string's own escapes, then the quoting, then %."""
    line = next(one for one in files.desktop_entry(words, "icon").splitlines() if one.startswith("Exec="))
    string = line.removeprefix("Exec=").replace("\\\\", "\\")
    read = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in _WORD.findall(string)]
    assert [word.replace("%%", "%") for word in read] == words


def test_the_desktop_s_own_check_has_nothing_to_say(tmp_path: Path) -> None:
    validator = shutil.which("desktop-file-validate")
    if validator is None:
        pytest.skip("needs desktop-file-validate (Debian: desktop-file-utils)")
    entry = tmp_path / "outtray.desktop"
    entry.write_text(files.desktop_entry(AWKWARD, "/usr/share/outtray.png"))
    done = subprocess.run([validator, str(entry)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_systemd_s_own_check_has_nothing_to_say(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze (Debian: systemd)")
    program = tmp_path / "out $tray 100%"
    program.touch(mode=0o755)
    unit = tmp_path / "outtray.service"
    unit.write_text(files.systemd_unit([str(program), "run", "--config", str(tmp_path / 'a "b" \\c')]))
    run = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([analyze, "--user", "verify", str(unit)], capture_output=True, text=True, env=run, timeout=60)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("needs a systemd that can be asked here")
    assert str(unit) not in done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("found", "told", "sentence"),
    [
        (Autostart(True, "Windows' Run key"), State.OK, "OutTray starts at logon, by Windows' Run key."),
        (Autostart(False, "Windows' Run key"), State.WARN, "OutTray does not start by itself at logon."),
        (Autostart(False, "it", "key", held_back=True), State.WARN, "It is switched off in the system's settings."),
    ],
)
def test_the_doctor_tells_how_it_is(found: Autostart, told: State, sentence: str) -> None:
    finding = check_autostart(world_of(None, autostart=lambda: found))
    assert (finding.state, finding.sentence) == (told, sentence)
