"""The service: what Windows' scheduler is told, what it answers, and what is refused before it is asked."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import pytest
import typer
from typer.testing import CliRunner

from agent.commands import service as command
from agent.desk.windows_service import Service, ServiceRefused, fault_of, found, install, logon_of, remove, service_of
from agent.desk.windows_tasks import SERVICE_TASK, service_task
from agent.settings.schema import AgentSettings, Settings

PROGRAM = Path(PureWindowsPath(r"C:\Program Files\OutTray & more\outtray.exe"))
SCHEMA = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class Windows:
    """A scheduler that keeps one task, as `schtasks` would."""

    def __init__(self, *, refuses: str = "") -> None:
        self.asked: list[Sequence[str]] = []
        self.task: str | None = None
        self._refuses = refuses

    def __call__(self, asked: Sequence[str]) -> tuple[int, str]:
        self.asked.append(asked)
        if self._refuses and asked[1] == self._refuses:
            return 1, "ERROR: Access is\r\ndenied.\r\n"
        if asked[1] == "/Create":
            self.task = Path(asked[asked.index("/XML") + 1]).read_bytes().decode("utf-16")
        if asked[1] == "/Delete":
            self.task = None
        if asked[1] == "/Query":
            return (0, self.task) if self.task else (1, "ERROR: The system cannot find the file specified.")
        return 0, ""


def said(task: bytes, name: str) -> str | None:
    return ET.fromstring(task.decode("utf-16").partition("?>")[2]).findtext(f".//{SCHEMA}{name}")


def test_it_starts_with_the_pc_runs_without_end_and_again_after_a_failure() -> None:
    task = service_task(PROGRAM)
    root = ET.fromstring(task.decode("utf-16").partition("?>")[2])
    assert root.find(f".//{SCHEMA}BootTrigger") is not None
    assert root.find(f".//{SCHEMA}LogonTrigger") is None
    assert said(task, "ExecutionTimeLimit") == "PT0S"
    assert (said(task, "Interval"), said(task, "Count")) == ("PT1M", "999")
    assert said(task, "MultipleInstancesPolicy") == "IgnoreNew"
    assert said(task, "DisallowStartIfOnBatteries") == said(task, "StopIfGoingOnBatteries") == "false"
    assert (said(task, "Command"), said(task, "Arguments")) == (str(PROGRAM), "run --headless")
    assert said(task, "RunLevel") == "LeastPrivilege"


@pytest.mark.parametrize(
    ("account", "with_password", "user", "logon"),
    [
        ("NETWORK SERVICE", False, "S-1-5-20", None),
        ("network service", False, "S-1-5-20", None),
        ("SYSTEM", False, "S-1-5-18", None),
        ("LOCAL SERVICE", False, "S-1-5-19", None),
        ("DESK\\ann", False, "DESK\\ann", "S4U"),
        ("DESK\\ann", True, "DESK\\ann", "Password"),
        ("CLINIC\\outtray$", False, "CLINIC\\outtray$", "Password"),
    ],
)
def test_an_account_is_signed_in_as_it_can_be(account: str, with_password: bool, user: str, logon: str | None) -> None:
    windows = Windows()
    install(windows, PROGRAM, account, with_password=with_password)
    assert windows.task is not None
    task = windows.task.encode("utf-16")
    assert (said(task, "UserId"), said(task, "LogonType")) == (user, logon)
    created, ran = windows.asked
    assert created[:4] == ["schtasks", "/Create", "/TN", SERVICE_TASK]
    assert ("/RP" in created, created[-1]) == (with_password, "/F")
    assert ran == ["schtasks", "/Run", "/TN", SERVICE_TASK]
    assert logon_of(user, with_password=with_password) == (logon or "")


def test_it_is_found_and_goes_again() -> None:
    windows = Windows()
    assert found(windows) is None
    assert not remove(windows)
    install(windows, PROGRAM)
    assert found(windows) == Service(str(PROGRAM), "run --headless", "S-1-5-20")
    assert remove(windows)
    assert [asked[1] for asked in windows.asked[-2:]] == ["/End", "/Delete"]
    assert found(windows) is None


def test_what_windows_prints_before_its_xml_does_not_matter() -> None:
    text = service_task(PROGRAM).decode("utf-16")
    assert service_of("\ufeff\r\n" + text) == service_of(text)


@pytest.mark.parametrize(("refuses", "act"), [("/Create", install), ("/Delete", remove)])
def test_what_windows_refuses_is_told_in_its_words_and_with_what_to_do(refuses: str, act: object) -> None:
    windows = Windows(refuses=refuses)
    windows.task = service_task(PROGRAM).decode("utf-16")
    with pytest.raises(ServiceRefused, match=r"ERROR: Access is denied\..*Run the command as administrator"):
        install(windows, PROGRAM) if act is install else remove(windows)


def test_a_service_shares_its_ledger_with_whoever_signs_in(tmp_path: Path) -> None:
    assert "a line such as data_dir = 'C:\\ProgramData\\OutTray\\data'" in fault_of(Settings(), tmp_path / "x.toml")
    assert fault_of(Settings(agent=AgentSettings(data_dir=tmp_path)), tmp_path / "x.toml") == ""


@pytest.mark.parametrize(
    ("printed", "text"), [("Größe".encode("utf-16"), "Größe"), (b"ready", "ready"), (b"", "")], ids=str
)
def test_what_programs_of_windows_print_is_read_in_either_encoding(printed: bytes, text: str) -> None:
    assert command._text(printed) == text


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
@pytest.mark.parametrize("word", ["install", "remove", "status"])
def test_elsewhere_the_way_is_named(word: str) -> None:
    app = typer.Typer()
    app.add_typer(command.app, name="service")
    result = CliRunner().invoke(app, ["service", word])
    assert result.exit_code == 2
    assert "a systemd unit does it: outtray autostart" in result.stderr


def test_a_scheduler_that_says_nothing_of_a_task_still_has_it() -> None:
    assert service_of("") == Service("", "", "")


@pytest.mark.skipif(sys.platform != "win32", reason="of Windows")
def test_windows_takes_the_task_and_lets_it_go() -> None:
    # Wine's scheduler keeps tasks, but tells neither what is in them nor that one is missing.
    install(command._ask, PROGRAM)
    assert found(command._ask) is not None
    assert remove(command._ask)
