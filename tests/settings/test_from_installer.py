"""What the Windows installer's properties become, and when a settings file is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings.from_installer import PROPERTIES, Kept, decide, digest, wanted_text
from agent.settings.reading import SettingsProblem, parse

DATA = Path("/data/outtray").absolute()
SCANS = {"ATTACHMENTSFOLDER": str(Path("/scans").absolute()), "CLIENTID": "abc", "ENVIRONMENT": "sandbox"}
PMS = str(Path("/pms").absolute())
STATEMENTS = {
    "STATEMENTSFOLDER": PMS,
    "STATEMENTSURL": "https://billing.example.com",
    "STOREID": "01GDG5BZA29R3SZMZ63Y2GFENV",
}


def test_properties_of_both_lanes_become_one_store() -> None:
    text = wanted_text({"STORENAME": "main-street", **SCANS, **STATEMENTS}, DATA)
    assert text is not None
    settings = parse(text, Path("x"))
    assert [str(lane) for lane in settings.lanes] == ["main-street/attachments", "main-street/statements"]
    assert settings.agent.data_dir == DATA
    assert settings.store[0].store_id == "01GDG5BZA29R3SZMZ63Y2GFENV"


@pytest.mark.parametrize("folder", ["/it's a folder", '/quotes " here', "/back\\slash"])
def test_a_folder_is_taken_as_it_is_written(folder: str) -> None:
    folder = str(Path(folder).absolute())
    text = wanted_text({**SCANS, "ATTACHMENTSFOLDER": folder}, DATA)
    assert str(parse(text or "", Path("x")).store[0].attachments.folder) == folder  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [{}, {"AUTOSTART": "1"}, {"STORENAME": "main-street"}, {"DATAFOLDER": "/data"}])
def test_without_a_lane_nothing_is_asked_for(given: dict[str, str]) -> None:
    assert wanted_text(given, DATA) is None


def test_a_store_without_a_name_has_the_usual_one() -> None:
    assert parse(wanted_text(SCANS, DATA) or "", Path("x")).store[0].name == "practice"


def test_properties_that_make_no_settings_are_told() -> None:
    with pytest.raises(SettingsProblem, match="client_id"):
        wanted_text({"ATTACHMENTSFOLDER": "/scans", "ENVIRONMENT": "sandbox"}, DATA)


def test_a_settings_file_goes_before_the_other_properties(tmp_path: Path) -> None:
    file = tmp_path / "practice.toml"
    file.write_text(wanted_text({"STORENAME": "lakeside", **SCANS}, DATA) or "", newline="\n")
    assert wanted_text({"SETTINGS": str(file), **STATEMENTS}, DATA) == file.read_text()


def test_a_settings_file_that_does_not_hold_is_told(tmp_path: Path) -> None:
    file = tmp_path / "practice.toml"
    file.write_text("[agnet]\n")
    with pytest.raises(SettingsProblem, match="agnet"):
        wanted_text({"SETTINGS": str(file)}, DATA)


def test_a_settings_file_that_is_gone_stops_no_upgrade(tmp_path: Path) -> None:
    gone = {"SETTINGS": str(tmp_path / "gone.toml")}
    assert wanted_text(gone, DATA, standing=True) is None
    with pytest.raises(SettingsProblem, match="no such file"):
        wanted_text(gone, DATA)


NEW, OLD, EDITED = "new", b"old", b"edited"


@pytest.mark.parametrize(
    ("wanted", "present", "installed", "becomes"),
    [
        (None, None, "", Kept.NOTHING_ASKED),
        (None, EDITED, digest(OLD), Kept.NOTHING_ASKED),
        (NEW, None, "", Kept.WRITTEN),
        (NEW, OLD, digest(OLD), Kept.WRITTEN),
        (NEW, EDITED, digest(OLD), Kept.EDITED),
        (NEW, EDITED, "", Kept.EDITED),
        (NEW, NEW.encode(), digest(OLD), Kept.SAME),
        (NEW, NEW.encode(), digest(NEW.encode()), Kept.SAME),
    ],
)
def test_only_what_the_installer_wrote_is_written_over(
    wanted: str | None, present: bytes | None, installed: str, becomes: Kept
) -> None:
    assert decide(wanted, present, installed) is becomes


def test_every_property_is_upper_case_as_public_properties_are() -> None:
    assert all(one.name.isupper() and one.name.isalnum() for one in PROPERTIES)
    assert len({one.name for one in PROPERTIES}) == len(PROPERTIES)
