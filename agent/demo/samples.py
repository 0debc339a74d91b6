"""What the demo drops into its folders, and when."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import agent
from agent.model import LaneKind


class SamplesMissing(Exception):
    """The samples are not where they belong; the message says where that is."""


@dataclass(frozen=True)
class Drop:
    """Files that somebody drops together; they become one packet. `after`: a file that must have been sent before."""

    lane: LaneKind
    paths: tuple[str, ...]  # relative to the samples of the lane
    after: str = ""

    def into(self, folder: Path, samples: Path) -> None:
        """Copy the files into a watched folder."""
        for path in self.paths:
            source = samples / self.lane / path
            if source.is_dir():
                shutil.copytree(source, folder / source.name, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(source, folder / source.name)


def _scans(*paths: str, after: str = "") -> Drop:
    return Drop(LaneKind.ATTACHMENTS, paths, after)


def _statements(path: str, after: str = "") -> Drop:
    return Drop(LaneKind.STATEMENTS, (path,), after)


DROPS = (
    _scans("good/crown-14.pdf", "good/crown-14.json"),
    _statements("Statements.xml"),
    _scans("good/full-mouth-series.tif", "good/full-mouth-series.tif.json"),
    _scans("bad/check-up.tif", "bad/check-up.json"),
    _scans("good/bitewing-left.jpg", "good/bitewing-right.png", "good/bitewings.json"),
    _statements("july-balances.csv"),
    _scans("bad/extraction-17.jpg", "bad/extraction-17.json"),
    _scans("good/implant-19"),
    _scans("bad/filling-3.png", "bad/filling-3.json"),
    _scans("good/panoramic-x-ray.dcm", "good/panoramic-x-ray.json"),
    _statements("three-bad-rows.csv"),
    _scans("bad/SCN_0007.jpg"),
    _scans("good/gum-treatment.docx", "good/gum-treatment.json"),
    _scans("bad/referral-letter.pdf", "bad/referral-letter.json"),
    _statements("balances.xlsx"),
    _scans("good/root-canal-30.jpg", "good/root-canal-30.json"),
    _scans("bad/wisdom-teeth.jpg", "bad/wisdom-teeth.json", "bad/wisdom-teeth.jpg.json"),
    _statements("next-run/Statements.xml", after="Statements.xml"),
    _statements("july-balances.csv", after="july-balances.csv"),
    _scans("good/crown-14.pdf", "good/crown-14.json", after="crown-14.pdf"),
)


def samples_folder() -> Path:
    """Return where the samples stand: inside the installed package, or in a checkout. Raises SamplesMissing."""
    package = Path(agent.__file__).parent
    installed, checkout = (root / "assets" / "samples" for root in (package, package.parent))
    for folder in (installed, checkout):
        if all((folder / drop.lane / path).exists() for drop in DROPS for path in drop.paths):
            return folder
    raise SamplesMissing(
        f"The demo's sample files are not there: {installed} is missing or not whole. Install OutTray again."
    )
