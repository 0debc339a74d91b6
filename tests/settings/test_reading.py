"""Where the settings file is found, and what is told of a file that cannot be read."""

from __future__ import annotations

import codecs
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.desk.doctor.finding import State
from agent.desk.doctor.settings_check import check_settings
from agent.settings import locations, reading
from agent.settings.locations import data_folder, ledger_file, log_folder, spool_folder
from agent.settings.reading import SettingsProblem, find, load, read
from agent.settings.schema import AgentSettings
from agent.settings.template import template
from tests.support.settings import sentences_of


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer without any settings file yet."""
    monkeypatch.delenv("OUTTRAY_CONFIG", raising=False)
    monkeypatch.setattr(locations, "user_settings_file", lambda: tmp_path / "user.toml")
    monkeypatch.setattr(locations, "machine_settings_file", lambda: tmp_path / "machine.toml")
    return tmp_path


def filled_in(folder: Path) -> str:
    text = template().replace("folder = ''", f"folder = '{folder}'", 1)
    return text.replace('client_id = ""', 'client_id = "outtray"', 1)


def test_the_named_file_goes_before_the_variable_the_users_and_the_machines(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsProblem, match=r"There is no settings file yet.*outtray config init"):
        find()
    (folders / "machine.toml").touch()
    assert find() == (folders / "machine.toml", "machine")
    (folders / "user.toml").touch()
    assert find() == (folders / "user.toml", "user")
    monkeypatch.setenv("OUTTRAY_CONFIG", str(folders / "variable.toml"))
    assert find() == (folders / "variable.toml", "OUTTRAY_CONFIG")
    assert find(Path("named.toml")) == (Path("named.toml"), "--config")


def test_a_file_that_is_named_is_never_passed_over_for_another(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders / "user.toml").write_text(filled_in(folders / "scans"))
    monkeypatch.setenv("OUTTRAY_CONFIG", str(folders / "gone.toml"))
    with pytest.raises(SettingsProblem, match=r"gone\.toml: there is no such file, and OUTTRAY_CONFIG names it"):
        load()


def test_a_variable_that_names_a_home_which_nobody_has_is_told_like_a_file_that_is_not_there(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTTRAY_CONFIG", "~nobody-at-all/outtray.toml")
    with pytest.raises(SettingsProblem, match="there is no such file, and OUTTRAY_CONFIG names it"):
        load()


@pytest.mark.parametrize("encode", [str.encode, lambda text: codecs.BOM_UTF8 + text.encode()])
def test_utf_8_is_read_with_and_without_its_mark(tmp_path: Path, encode: object) -> None:
    file = tmp_path / "outtray.toml"
    file.write_bytes(encode(f"# Zahnärzte\r\n{filled_in(tmp_path / 'scans')}"))  # type: ignore[operator]
    loaded = load(file)
    assert loaded.path == file
    assert loaded.settings.store[0].name == "main-street"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("x = 1".encode("utf-16"), "the file is saved as UTF-16. Save it as UTF-8"),
        ("# ok\n# Zahnärzte".encode("cp1252"), "line 2 holds a letter that is not UTF-8"),
        (b"#" * 1_000_001, "the file is far larger than any settings file"),
        (b"x = " + b"[" * 5000, "outtray.toml"),
    ],
)
def test_files_that_cannot_be_read_are_told_with_what_to_do(tmp_path: Path, data: bytes, sentence: str) -> None:
    file = tmp_path / "outtray.toml"
    file.write_bytes(data)
    with pytest.raises(SettingsProblem) as problem:
        load(file)
    assert sentence in problem.value.sentences[0]
    assert problem.value.path == file


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match=r"this is a folder\. Name the file in it"):
        read(tmp_path)


def test_a_path_that_no_system_can_open_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="the file cannot be read"):
        read(tmp_path / "a\0b")


def test_the_template_needs_its_two_edits_and_no_more(tmp_path: Path) -> None:
    told = sentences_of(template())
    assert [sentence.partition(" = ")[0] for sentence in told] == [
        'store[1] "main-street" attachments.folder',
        'store[1] "main-street" attachments.client_id',
    ]
    assert sentences_of(filled_in(tmp_path)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX folders")
def test_every_line_of_the_template_may_lose_its_comment_mark(tmp_path: Path) -> None:
    lines = filled_in(tmp_path).splitlines()
    keys = [re.sub(r"^# (?=\w+ = |\[store)", "", line) for line in lines]
    assert sum(bool(re.match(r"\w+ = ", line)) for line in keys) > 40
    assert sentences_of("\n".join(keys)) == []


def test_the_template_of_each_system_shows_its_own_paths() -> None:
    assert r"'C:\Scans\Claims'" in template("win32")
    assert "'/srv/scans/claims'" in template("linux")


def test_own_files_lie_under_the_data_folder(tmp_path: Path) -> None:
    agent = AgentSettings(data_dir=tmp_path)
    assert data_folder(agent) == tmp_path
    assert {ledger_file(agent).parent, spool_folder(agent).parent, log_folder(agent).parent} == {tmp_path}


def test_without_a_data_folder_the_system_says_where() -> None:
    agent = AgentSettings()
    assert data_folder(agent).is_absolute()
    assert "OutTray" in ledger_file(agent).parts
    assert "OutTray" in str(log_folder(agent))


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
@pytest.mark.parametrize("found_by", ["user", "machine"])
@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.parametrize("how", ["writable for all", "given away"])
def test_a_file_that_others_could_have_put_there_is_not_read(folders: Path, found_by: str, what: str, how: str) -> None:
    file = folders / f"{found_by}.toml"
    file.write_text(filled_in(folders))
    assert load().found_by == found_by
    path = file if what == "file" else folders
    if how == "writable for all":
        path.chmod(0o777)
    elif os.geteuid() != 0:
        pytest.skip("only root can give something away")
    else:
        os.chown(path, 65534, 65534)
    with pytest.raises(SettingsProblem, match="another account of this PC could have written it"):
        load()
    assert load(file).path == file, "what is named is meant"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give something to a group")
@pytest.mark.parametrize(
    ("gid", "mode", "shared"),
    [(0, 0o664, False), (54321, 0o664, True), (54321, 0o644, False)],
    ids=["root's own group", "of others", "who may read only"],
)
@pytest.mark.parametrize("found_by", ["user", "machine"])
def test_a_file_that_a_group_may_write_to(folders: Path, found_by: str, gid: int, mode: int, shared: bool) -> None:
    """The user's own is not read then; what a group of IT's may change is told by doctor."""
    file = folders / f"{found_by}.toml"
    file.write_text(filled_in(folders))
    file.chmod(mode)
    os.chown(file, 0, gid)
    if shared and found_by == "user":
        with pytest.raises(SettingsProblem, match="another account of this PC could have written it"):
            load()
        return
    assert load().found_by == found_by
    told = [finding.state for finding in check_settings(None).findings]
    assert (State.WARN in told) == shared


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
@pytest.mark.parametrize("members", [[], ["rosa"], ["rosa", "sam"]])
def test_a_group_that_each_account_has_of_its_own_is_nobody_elses(
    members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import grp
    import pwd

    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: SimpleNamespace(pw_gid=7, pw_name="rosa"))
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: SimpleNamespace(gr_mem=members))
    assert reading._is_shared(7, 1000) == ("sam" in members)
    assert reading._is_shared(8, 1000)
