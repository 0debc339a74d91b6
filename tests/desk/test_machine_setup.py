"""What is set up on a PC: rights before contents, the settings file, the scheduler's tasks. Windows is recorded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent.desk import machine_setup, windows_tasks
from agent.settings.reading import SettingsProblem

NAMESPACE = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}


class Windows:
    """Records what it is told to run. What begins with one of `refuses` ends with 5."""

    def __init__(self, *refuses: str) -> None:
        self.told: list[str] = []
        self._refuses = refuses

    def __call__(self, command: Sequence[str]) -> int:
        self.told.append(" ".join(command))
        return 5 if self.told[-1].startswith(self._refuses) else 0

    def about(self, *words: str) -> list[str]:
        return [line for line in self.told if all(word in line for word in words)]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    return tmp_path / "ProgramData" / "OutTray"


def properties(tmp_path: Path, **more: str) -> dict[str, str]:
    lane = {"ATTACHMENTSFOLDER": str(tmp_path / "scans"), "CLIENTID": "abc", "ENVIRONMENT": "sandbox"}
    return {"STORENAME": "main-street", **lane, **more}


def set_up(machine: Path, given: dict[str, str], windows: Windows) -> tuple[str, ...]:
    return machine_setup.set_up(given, machine / "outtray.toml", Path("C:/OutTray/outtray.exe"), windows).sentences


def test_the_folder_is_closed_before_anything_is_put_into_it(tmp_path: Path, machine: Path) -> None:
    windows = Windows()
    set_up(machine, properties(tmp_path), windows)
    assert [line.split()[2] for line in windows.about("icacls")[:2]] == ["/setowner", "/inheritance:r"]
    assert "*S-1-5-32-545:(OI)(CI)RX" in windows.about("/inheritance:r")[0]


def test_without_a_group_each_person_has_a_ledger_of_their_own(tmp_path: Path, machine: Path) -> None:
    windows = Windows()
    set_up(machine, properties(tmp_path), windows)
    assert "data_dir" not in (machine / "outtray.toml").read_text()
    assert not windows.about(":(OI)(CI)M")
    assert not (machine / "data").exists()


@pytest.mark.parametrize("group", ["PRACTICE\\Front Desk", "S-1-5-21-1-2-3-1001"])
def test_a_group_that_is_named_shares_one_ledger_and_nobody_else_does(
    tmp_path: Path, machine: Path, group: str
) -> None:
    windows = Windows()
    set_up(machine, properties(tmp_path, FRONTDESK=group), windows)
    assert f"{group}:(OI)(CI)RX" in windows.about("/inheritance:r")[0]
    [data] = windows.about("icacls", str(machine / "data"))
    assert f"{group}:(OI)(CI)M" in data
    assert "/inheritance:r" in data
    assert not windows.about("S-1-5-32-545")
    assert "data_dir" in (machine / "outtray.toml").read_text()


def test_the_services_ledger_is_the_services_alone(tmp_path: Path, machine: Path) -> None:
    windows = Windows("schtasks /Query")
    set_up(machine, properties(tmp_path, SERVICE="1"), windows)
    [data] = windows.about("icacls", str(machine / "data"))
    granted = [word for word in data.split() if ":(OI)" in word]
    assert granted == ["*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", "*S-1-5-20:(OI)(CI)M"]


def test_a_ledger_that_stands_in_common_stays_in_use_and_it_is_said_to_whom_it_is_open(
    tmp_path: Path, machine: Path
) -> None:
    (machine / "data").mkdir(parents=True)
    (machine / "data" / "ledger.sqlite").touch()
    windows = Windows()
    sentences = set_up(machine, properties(tmp_path), windows)
    assert "data_dir" in (machine / "outtray.toml").read_text()
    assert not windows.about("icacls", str(machine / "data"))
    assert any("Name one with FRONTDESK" in sentence for sentence in sentences)


def test_the_settings_are_written_once_and_an_edited_file_stays(tmp_path: Path, machine: Path) -> None:
    file = machine / "outtray.toml"
    set_up(machine, properties(tmp_path), Windows())
    first = file.read_text()
    set_up(machine, properties(tmp_path, CLIENTID="def"), Windows())
    assert file.read_text() == first.replace("abc", "def")
    file.write_text(edited := file.read_text() + "# ours\n")
    sentences = set_up(machine, properties(tmp_path, CLIENTID="ghi"), Windows())
    assert file.read_text() == edited
    assert "ghi" in file.with_name("outtray.toml.new").read_text()
    assert "stays as it is" in sentences[0]


def test_settings_that_do_not_hold_leave_the_pc_untouched(tmp_path: Path, machine: Path) -> None:
    windows = Windows()
    with pytest.raises(SettingsProblem):
        set_up(machine, properties(tmp_path, CLIENTID=""), windows)
    assert windows.told == []
    assert not machine.exists()


def test_the_watched_folder_is_made(tmp_path: Path, machine: Path) -> None:
    set_up(machine, properties(tmp_path), Windows())
    assert (tmp_path / "scans").is_dir()


def test_a_watched_folder_that_cannot_be_made_is_told(tmp_path: Path, machine: Path) -> None:
    (tmp_path / "scans").write_text("a file")
    sentences = set_up(machine, properties(tmp_path, ATTACHMENTSFOLDER=str(tmp_path / "scans" / "in")), Windows())
    assert any("could not be made" in sentence for sentence in sentences)


def test_the_service_is_made_where_it_is_asked_for(tmp_path: Path, machine: Path) -> None:
    with_service, without = Windows("schtasks /Query"), Windows("schtasks /Query")
    set_up(machine, properties(tmp_path, SERVICE="1"), with_service)
    set_up(machine, properties(tmp_path), without)
    assert with_service.about("/Create", r"OutTray\Service")
    assert not with_service.about(r"OutTray\Start")
    assert not without.about("/Create", r"OutTray\Service")


@pytest.mark.parametrize("asked", ["0", "1"])
def test_a_service_that_is_there_is_left_as_it_is_and_started_again(asked: str, tmp_path: Path, machine: Path) -> None:
    windows = Windows()
    set_up(machine, properties(tmp_path, SERVICE=asked), windows)
    assert not windows.about("/Create")
    assert not windows.about("/Delete")
    assert windows.about("/Run", r"OutTray\Service")


def test_a_service_that_windows_refuses_ends_the_setup(tmp_path: Path, machine: Path) -> None:
    with pytest.raises(machine_setup.SetupFailed, match="Service"):
        set_up(machine, properties(tmp_path, SERVICE="1"), Windows("schtasks /Query", "schtasks /Create"))


def test_a_start_that_windows_refuses_does_not(tmp_path: Path, machine: Path) -> None:
    windows = Windows("schtasks /Query", "schtasks /Create")
    assert "It starts at the next logon." in set_up(machine, properties(tmp_path), windows)


def test_nobody_is_started_where_autostart_is_off(tmp_path: Path, machine: Path) -> None:
    windows = Windows()
    set_up(machine, properties(tmp_path, AUTOSTART="0"), windows)
    assert not windows.about(r"OutTray\Start")


def test_the_service_runs_headless_with_few_rights_and_without_end() -> None:
    task = ElementTree.fromstring(windows_tasks.service_task(Path("C:/Program Files/A & B/outtray.exe")))
    assert task.findtext(".//t:UserId", namespaces=NAMESPACE) == "S-1-5-20"
    assert task.findtext(".//t:Arguments", namespaces=NAMESPACE) == "run --headless"
    assert "A & B" in (task.findtext(".//t:Command", namespaces=NAMESPACE) or "")
    assert task.findtext(".//t:ExecutionTimeLimit", namespaces=NAMESPACE) == "PT0S"
    assert task.find(".//t:BootTrigger", NAMESPACE) is not None


def test_taking_down_leaves_no_task() -> None:
    windows = Windows()
    machine_setup.take_down(windows)
    assert len(windows.about("/Delete")) == 2


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_that_somebody_else_has_made_is_set_aside_unread(tmp_path: Path, machine: Path) -> None:
    machine.mkdir(parents=True)
    (machine / "outtray.toml").write_text("planted = true\n")
    (machine / "installed.json").write_text('{"settings_sha256": ""}')
    done = machine_setup.set_up(
        properties(tmp_path), machine / "outtray.toml", Path("outtray.exe"), Windows(), lambda path: path != machine
    )
    assert "planted" not in (machine / "outtray.toml").read_text()
    assert names(machine.parent) == ["OutTray", "OutTray.set-aside-1"]
    assert (machine.parent / "OutTray.set-aside-1" / "outtray.toml").read_text() == "planted = true\n"
    assert "belonged to another account" in done.sentences[0]


@pytest.mark.parametrize("planted", ["outtray.toml", "installed.json", "secrets"])
def test_a_file_that_somebody_else_has_put_there_is_set_aside_unread(
    tmp_path: Path, machine: Path, planted: str
) -> None:
    machine.mkdir(parents=True)
    (machine / planted).write_text("{")
    (machine / "data").mkdir()
    ours = machine / "data"
    machine_setup.set_up(
        properties(tmp_path),
        machine / "outtray.toml",
        Path("outtray.exe"),
        Windows(),
        lambda path: path.name != planted,
    )
    assert (machine / f"{planted}.set-aside-1").read_text() == "{"
    assert "main-street" in (machine / "outtray.toml").read_text()
    assert ours.is_dir()


def test_what_it_puts_into_the_closed_folder_stays_whoever_owns_it(tmp_path: Path, machine: Path) -> None:
    set_up(machine, properties(tmp_path), Windows())
    file = machine / "outtray.toml"
    file.write_text(edited := file.read_text() + "# ours\n")
    machine_setup.set_up(properties(tmp_path), file, Path("outtray.exe"), Windows(), lambda path: path != file)
    assert file.read_text() == edited


def test_what_is_the_systems_own_stays(tmp_path: Path, machine: Path) -> None:
    set_up(machine, properties(tmp_path), Windows())
    before = names(machine.parent), names(machine)
    set_up(machine, properties(tmp_path), Windows())
    assert (names(machine.parent), names(machine)) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_nobodys(tmp_path: Path, machine: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    machine.parent.mkdir(parents=True)
    machine.symlink_to(elsewhere)
    set_up(machine, properties(tmp_path), Windows())
    assert names(elsewhere) == []
    assert not machine.is_symlink()
