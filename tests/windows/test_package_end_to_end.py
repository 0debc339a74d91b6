"""A PC of a practice, from the silent installation to the removal. Each test goes on where the one above has ended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import files, wine
from tests.support.windows_package import (
    INSTALLED,
    MACHINE,
    NEXT,
    ON_SCREEN,
    SCANS,
    STATEMENTS,
    Packages,
    PracticePC,
    packages,
    practice_pc,
)

pytestmark = [
    pytest.mark.skipif(bool(wine.missing("wixl", "Xvfb", "import")), reason=wine.missing("wixl", "Xvfb", "import")),
    pytest.mark.timeout(1200),
]

DATA = f"{MACHINE}\\data"
SETTINGS = f"{MACHINE}\\outtray.toml"
SAMPLE = wine.ROOT / "assets/samples/statements/Statements.xml"
HOLDING = """
import os, sys, time
held = open(sys.argv[1], "r+b")
open("C:\\\\held", "w").close()
while not os.path.exists("C:\\\\let-go"):
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def package() -> Packages:
    return packages()


@pytest.fixture(scope="module")
def pc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticePC]:
    with practice_pc(tmp_path_factory.mktemp("pc")) as one:
        yield one


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    return lambda sentence: record_property("measured", sentence)


def test_is_installed_silently_with_properties(
    pc: PracticePC, package: Packages, measured: Callable[[str], None]
) -> None:
    ended = pc.msiexec("install", "/i", package.msi, *pc.properties)
    assert ended.code == 0, ended.stdout
    assert f"folder = '{SCANS}'" in pc.folder(SETTINGS).read_text()
    assert pc.outtray("--version").stdout.startswith("outtray ")
    assert pc.folder(SCANS).is_dir()
    count, size = 0, 0
    for path in pc.folder(INSTALLED).rglob("*"):
        count, size = count + path.is_file(), size + (path.stat().st_size if path.is_file() else 0)
    measured(f"MSI {package.msi.stat().st_size / 1e6:.1f} MB; installed {size / 1e6:.1f} MB in {count} files")
    measured(f"installed in {pc.timings['install']:.1f} s")
    pc.give_secrets()
    assert pc.outtray("config", "check").stdout.count("\n") == 1, "and nothing is missing"


def test_starts_at_logon_with_its_icon(pc: PracticePC, tmp_path: Path, measured: Callable[[str], None]) -> None:
    import time

    pc.outtray("stop")
    pc.open_desktop()
    before = pc.screen.picture(tmp_path / "before.png")
    icons, started = pc.log.count(ON_SCREEN), time.monotonic()
    pc.log_on()
    pc.wait_for_icon(icons + 1)
    measured(f"from logon to the tray icon {time.monotonic() - started:.1f} s")
    wine.wait_for(lambda: _changed(before, pc.screen.picture(tmp_path / "after.png")) > 20, "the icon in the tray")


def test_a_scan_and_a_statement_file_are_sent(pc: PracticePC) -> None:
    pc.drop(SCANS, "Befund Müller.pdf", files.pdf())
    pc.drop(SCANS, "Befund Müller.json", files.sidecar())
    pc.drop(STATEMENTS, "Statements.xml", SAMPLE.read_bytes())
    wine.wait_for(lambda: len(pc.sent(SCANS)) == 3 and len(pc.sent(STATEMENTS)) == 2, "both on their shelves")
    scan = pc.receipt(SCANS, "Befund Müller")
    assert scan["attachment_control_number"]
    assert {one["sha256"] for one in scan["files"]} >= {hashlib.sha256(files.pdf()).hexdigest()}  # type: ignore[attr-defined]
    assert pc.receipt(STATEMENTS, "Statements")["status"] == 200
    assert len(pc.sandbox.accepted) == 2


def test_a_file_that_another_program_holds_open_goes_when_it_is_let_go(pc: PracticePC) -> None:
    held = pc.drop("C:\\", "held-open.pdf", files.pdf(3)).rename(pc.folder(SCANS) / "held-open.pdf.part")
    script = pc.drop("C:\\", "hold.py", HOLDING.encode())
    python = wine.windows_python() / "python.exe"
    with pc.prefix.running(python, script, f"{SCANS}\\held-open.pdf.part"):
        wine.wait_for(pc.folder("C:\\held").exists, "the program that holds the file")
        held.rename(held.with_suffix(""))
        pc.drop(SCANS, "held-open.json", files.sidecar(claimId="CLM-2026-000124"))
        # The later of two files has been sent long since, and the held one still stands there.
        pc.drop(SCANS, "free.pdf", files.pdf(4))
        pc.drop(SCANS, "free.json", files.sidecar(claimId="CLM-2026-000125"))
        wine.wait_for(lambda: "free.receipt.json" in pc.sent(SCANS), "the file that nobody holds")
        assert (pc.folder(SCANS) / "held-open.pdf").exists()
        pc.drop("C:\\", "let-go", b"")
        wine.wait_for(lambda: "held-open.receipt.json" in pc.sent(SCANS), "the file that was let go")


def test_a_second_start_is_refused(pc: PracticePC) -> None:
    ended = pc.outtray("run", "--headless")
    assert ended.code == 2
    assert "already running" in ended.stdout


def test_an_upgrade_in_the_middle_of_an_upload_loses_nothing(
    pc: PracticePC, package: Packages, measured: Callable[[str], None]
) -> None:
    fast = pc.folder(SETTINGS).read_text()
    edited = fast.replace("[agent]\n", '[agent]\nupload_limit = "10 KB/s"\n')  # minutes
    pc.folder(SETTINGS).write_text(edited)
    pc.outtray("stop")
    icons = pc.log.count(ON_SCREEN)
    pc.log_on()
    pc.wait_for_icon(icons + 1)
    accepted = len(pc.sandbox.accepted)
    large = files.pdf(5) + b"%" * 3_000_000 + b"\n%%EOF\n"
    pc.drop(SCANS, "large.pdf", large)
    pc.drop(SCANS, "large.json", files.sidecar(claimId="CLM-2026-000126"))
    wine.wait_for(lambda: list((pc.folder(SCANS) / "sending").glob("*/large.pdf")), "the upload")

    assert pc.msiexec("upgrade", "/i", package.following).code == 0
    measured(f"upgraded in {pc.timings['upgrade']:.1f} s")
    assert pc.outtray("--version").stdout == f"outtray {NEXT}\n"
    assert pc.folder(SETTINGS).read_text() == edited, "the installer leaves an edited file alone"
    assert len(pc.sandbox.accepted) == accepted, "it was cut off"

    pc.folder(SETTINGS).write_text(fast)
    icons = pc.log.count(ON_SCREEN)
    pc.log_on()
    pc.wait_for_icon(icons + 1)
    wine.wait_for(lambda: "large.receipt.json" in pc.sent(SCANS), "the rest of the upload")
    assert len(pc.sandbox.accepted) == accepted + 1


def test_the_older_version_is_refused(pc: PracticePC, package: Packages) -> None:
    assert pc.msiexec("downgrade", "/i", package.msi).code != 0
    assert pc.outtray("--version").stdout == f"outtray {NEXT}\n"


def test_removal_leaves_what_is_the_practices(
    pc: PracticePC, package: Packages, measured: Callable[[str], None]
) -> None:
    shelf = pc.sent(SCANS)
    assert pc.msiexec("uninstall", "/x", package.following).code == 0
    measured(f"removed in {pc.timings['uninstall']:.1f} s")
    left = [path for path in pc.folder(INSTALLED).rglob("*") if path.is_file()]
    assert left == []
    assert pc.folder(f"{DATA}\\ledger.sqlite").stat().st_size > 0
    assert pc.folder(SETTINGS).exists()
    assert pc.sent(SCANS) == shelf
    run_key = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run"
    assert "OutTray" not in pc.prefix.run("reg", "query", run_key).stdout


def _changed(before: Path, after: Path) -> int:
    """Return how many points differ between two pictures, in the half of the screen with the taskbar."""
    from PIL import Image, ImageChops

    one, other = (Image.open(path).convert("RGB") for path in (before, after))
    difference = ImageChops.difference(one, other).convert("L").crop((512, 384, 1024, 768))
    return sum(difference.histogram()[32:])
