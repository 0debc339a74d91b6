"""One agent a data folder, whoever starts the second and however the first one ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.delivery import alone as room
from agent.delivery.alone import AlreadyRunning, alone, is_running
from agent.settings.schema import AgentSettings, Settings

ROOT = Path(__file__).parents[2]
windows = pytest.mark.skipif(sys.platform != "win32", reason="of Windows")


def settings(folder: Path) -> Settings:
    return Settings(agent=AgentSettings(data_dir=folder))


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from agent.delivery.alone import alone\n"
        f"with alone(Path({str(folder)!r})):\n"
        "    print('alone', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline().strip() == "alone"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_PATIENCE", 0.05)


def test_a_folder_is_free_before_and_after_and_taken_meanwhile(tmp_path: Path) -> None:
    assert not is_running(settings(tmp_path))
    for _ in range(2):
        with alone(tmp_path):
            assert is_running(settings(tmp_path))
            with pytest.raises(AlreadyRunning, match="already running with the data folder"), alone(tmp_path):
                pass
        assert not is_running(settings(tmp_path))


def test_another_folder_is_another_agents(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    with alone(tmp_path / "one"), alone(tmp_path / "other"):
        pass


def test_another_process_is_met_and_its_death_frees_the_folder(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        assert is_running(settings(tmp_path))
        with pytest.raises(AlreadyRunning), alone(tmp_path):
            pass
        process.kill()
        process.wait()
        assert not is_running(settings(tmp_path))
        with alone(tmp_path):
            pass


@windows
def test_on_windows_the_name_holds_also_where_the_lock_file_cannot_be_seen(tmp_path: Path) -> None:
    from agent.delivery import named_mutex

    with another_process(tmp_path), named_mutex.held(tmp_path, 0) as is_ours:
        assert not is_ours
    with named_mutex.held(tmp_path, 0) as is_ours:
        assert is_ours


@windows
def test_on_windows_a_folder_has_one_name_however_it_is_spelled(tmp_path: Path) -> None:
    from agent.delivery.named_mutex import name_for

    name = name_for(tmp_path)
    assert name.startswith("Global\\OutTray-")
    assert name_for(Path(str(tmp_path).upper())) == name_for(tmp_path / "x" / "..") == name
    assert name_for(tmp_path / "other") != name
