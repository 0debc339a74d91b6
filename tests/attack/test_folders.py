"""Attacks through a watched folder by whoever may write there: links, pipes, sockets and devices as files."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support import files
from tests.support.attacks import Tries
from tests.support.practice import Practice

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows wants rights for such entries")

PLACES = ("scan.pdf", "scan.json", "Packet/1.pdf", "Packet/claim.json")
"""Where an attacker puts something in the place of a scan or of what speaks for it."""


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """A folder that is nobody's business; it must stay as it is, and nothing of it may go."""
    place = tmp_path / "private"
    place.mkdir()
    (place / "1.pdf").write_bytes(files.pdf(2) + b"% nobody's business\n%%EOF\n")
    (place / "claim.json").write_bytes(files.sidecar(claimId="STOLEN"))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.iterdir()}
    yield place
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.iterdir()} == before


def beside_the_rest(tmp_path: Path, tries: Tries, put: Callable[[Path], None]) -> None:
    """Put something in each place, and see that a packet of somebody else goes, and nothing else."""
    with Practice(tmp_path, running=False) as practice:
        for number, place in enumerate(PLACES):
            path = practice.folder / f"{number}-{place}"
            path.parent.mkdir(exist_ok=True)
            other = path.with_suffix(".json" if path.suffix == ".pdf" else ".pdf")
            other = path.with_name("claim.json" if path.name == "1.pdf" else "1.pdf") if "/" in place else other
            other.write_bytes(files.sidecar(claimId="LURED") if other.suffix == ".json" else files.pdf())
            put(path)
        practice.drop_packet("good", claimId="GOOD")
        practice.start()
        practice.wait_until_sent(1)
        practice.drop_packet("second", claimId="SECOND")  # at the next look it still works
        practice.wait_until_sent(2)
        for number, place in enumerate(PLACES):
            path = practice.folder / f"{number}-{place}"
            tries.holds(os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode), f"{place} was taken")
        tries.holds(practice.claims == ["GOOD", "SECOND"], practice.claims)
        names = [name for line in practice.sandbox.journal for name in line["filenames"]]
        tries.holds(sorted(names) == ["good.pdf", "second.pdf"], names)


@pytest.mark.attack("Links and devices", "links to files elsewhere, to nowhere and to themselves")
def test_links(tmp_path: Path, private: Path, tries: Tries) -> None:
    def link(path: Path) -> None:
        path.symlink_to(private / ("claim.json" if path.suffix == ".json" else "1.pdf"))
        for name, target in (("nowhere.pdf", private / "nowhere"), ("itself.pdf", path.parent / "itself.pdf")):
            with suppress(FileExistsError):
                (path.parent / name).symlink_to(target)

    beside_the_rest(tmp_path, tries, link)


@pytest.mark.attack("Links and devices", "pipes that never end and never begin (FIFO)")
def test_pipes(tmp_path: Path, tries: Tries) -> None:
    beside_the_rest(tmp_path, tries, os.mkfifo)


@pytest.mark.attack("Links and devices", "sockets")
def test_sockets(tmp_path: Path, tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:

        def bind(path: Path) -> None:
            with monkeypatch.context() as patch:
                patch.chdir(path.parent)  # a socket's path must be short
                stack.enter_context(socket.socket(socket.AF_UNIX)).bind(path.name)

        beside_the_rest(tmp_path, tries, bind)


@pytest.mark.attack("Links and devices", "/dev/zero, by a link")
def test_links_to_devices(tmp_path: Path, tries: Tries) -> None:
    beside_the_rest(tmp_path, tries, lambda path: path.symlink_to("/dev/zero"))


@pytest.mark.attack("Links and devices", "devices themselves")
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may make them")
def test_devices(tmp_path: Path, tries: Tries) -> None:
    try:
        beside_the_rest(tmp_path, tries, lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5)))
    except PermissionError:
        pytest.skip("not in this container")


@pytest.mark.attack(
    "Links and devices", "folders in the place of files, and a folder's link in the place of a packet's folder"
)
def test_linked_folders(tmp_path: Path, private: Path, tries: Tries) -> None:
    with Practice(tmp_path, running=False) as practice:
        (practice.folder / "Packet").symlink_to(private, target_is_directory=True)
        (practice.folder / "folder.pdf").mkdir()
        (practice.folder / "folder.json").mkdir()
        practice.drop_packet("good", claimId="GOOD")
        practice.start()
        practice.wait_until_sent(1)
        tries.holds(practice.claims == ["GOOD"], practice.claims)
        tries.holds((practice.folder / "Packet").is_symlink(), "the link was taken")
        tries.holds((practice.folder / "folder.pdf").is_dir(), "the folder was taken")


@pytest.mark.attack("Links and devices", "a shelf's link: what stands behind it is neither changed nor taken")
def test_linked_shelves(tmp_path: Path, private: Path, tries: Tries) -> None:
    for shelf in ("sending", "sent", "failed", "held"):
        place = tmp_path / shelf
        place.mkdir()
        with Practice(place, running=False) as practice:
            before = sorted(path.name for path in private.iterdir())
            (practice.folder / shelf).symlink_to(private, target_is_directory=True)
            practice.drop_packet("good", claimId="GOOD")
            practice.drop("bad.json", b"{}")
            practice.drop("bad.pdf", files.pdf())
            practice.start()
            practice.wait_for(lambda: practice.status().get("lanes"), "a first look")
            practice.stop()
            left = sorted(path.name for path in private.iterdir())
            tries.holds(set(before) <= set(left), f"{shelf}: {left}")
            stolen = [line for line in practice.sandbox.journal if line["metadata"]["claimId"] == "STOLEN"]
            tries.holds(stolen == [], shelf)
