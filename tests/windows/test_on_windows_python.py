"""The parts of OutTray that meet the system, tested on a real Windows Python under Wine: no simulation.

The tests are the same that run elsewhere. Here it is shown that they do run on Windows, and how many.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.wine import ROOT, Prefix, missing, windows_path, windows_python

SECONDS = 900
"""How long they may take on a busy machine. Two idle cores need a tenth of it."""

pytestmark = [
    pytest.mark.windows,
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.timeout(SECONDS + 600),  # the Windows Python may have to be made first
]

EXPECTED = {
    "tests/folder": 440,
    "tests/settings": 245,
    "tests/ledger": 45,
    "tests/delivery/test_alone.py": 5,
    "tests/commands/test_console.py": 7,
    "tests/desk/interface": 45,
    "tests/desk/test_session_end.py": 8,
    "tests/desk/test_windows_service.py": 17,
}
"""What runs on Windows, and how many tests of it at least: a suite that skips itself away is noticed."""

REASONS = (
    "of Linux",
    "of other systems",
    "there are no FIFOs here",
    "Windows has named pipes",
    "POSIX folders",
    "the folders in these files are POSIX ones",
    "a file as a folder is another refusal there",
    "where each folder is watched by itself",
    "names are Unicode here",
    "links need a right there",
    "this system makes no links",
    "no right to make links here",
    "is not known here",
    "this machine has one volume only",
    "only root can give something to a group",
)
"""Why a test may be left out on Windows."""


@dataclass(frozen=True)
class Done:
    """What a run of pytest came to. Each test is its file and its name."""

    passed: list[tuple[str, str]]
    skipped: dict[tuple[str, str], str]
    bad: list[tuple[str, str]]
    output: str


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    python = windows_python(Path(__file__).with_name("requirements-pytest.lock"))
    with Prefix.made(tmp_path_factory.mktemp("windows") / "prefix") as prefix:
        # No screen is needed, but hidden windows are: a driver for neither.
        prefix.run("reg", "add", r"HKCU\Software\Wine\Drivers", "/v", "Graphics", "/d", "null", "/f")
        quiet = [
            "-o",
            "addopts=",
            "-p",
            "no:cacheprovider",
            "--import-mode=importlib",
            "--noconftest",
            "-q",
            "--tb=short",
        ]
        folders = ["--basetemp", r"C:\tests", "--junit-xml", r"C:\tests.xml", "--rootdir", windows_path(ROOT)]
        ended = prefix.run(
            python / "python.exe",
            "-m",
            "pytest",
            *quiet,
            *folders,
            *EXPECTED,
            seconds=SECONDS,
            environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""},  # what is asked of pytest here is ours
            cwd=ROOT,
        )
        report = prefix.path(r"C:\tests.xml")
        assert report.exists(), ended.stdout
        yield read(report, ended.stdout)


def read(report: Path, output: str) -> Done:
    passed, skipped, bad = [], {}, []
    for case in ET.parse(report).getroot().iter("testcase"):
        test = (case.get("classname", "").replace(".", "/"), case.get("name", ""))
        if (skip := case.find("skipped")) is not None:
            whole_file = skip.get("message") == "collection skipped"  # then its reason stands in the text
            skipped[test] = (skip.text or "").rstrip("')") if whole_file else skip.get("message", "")
        elif case.find("failure") is not None or case.find("error") is not None:
            bad.append(test)
        else:
            passed.append(test)
    return Done(passed, skipped, bad, output)


def test_they_pass_on_windows(done: Done) -> None:
    assert done.bad == [], done.output
    print(f"\n{len(done.passed)} tests passed on the Windows Python, {len(done.skipped)} are of other systems;")
    print(done.output.splitlines()[-1])


@pytest.mark.parametrize("part", EXPECTED)
def test_they_do_run_on_windows(done: Done, part: str) -> None:
    ran = [file for file, _ in done.passed if (file + "/").startswith(part.removesuffix(".py") + "/")]
    assert len(ran) >= EXPECTED[part], done.output


def test_what_is_left_out_has_a_reason_that_is_known(done: Done) -> None:
    unknown = Counter(why for why in done.skipped.values() if not why.endswith(REASONS))
    assert not unknown
