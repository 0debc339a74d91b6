"""Secrets for the whole PC: where they stand in the order, who may read them, and what is told of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from keyring.backends import fail

from agent.settings import machine_secrets as room
from agent.settings.machine_secrets import MachineSecrets
from agent.settings.schema import AttachmentsSettings, Settings, StoreSettings
from agent.settings.secrets import Secrets, SecretsUnavailable, Source
from tests.support.settings import MemoryKeyring, Sealing

NAMED = ("main-street", "client_secret")
VARIABLE = "OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET"
LONG = "abcdefghij" * 1000

windows = pytest.mark.skipif(sys.platform != "win32", reason="of Windows")


@pytest.fixture
def sealing() -> Sealing:
    return Sealing()


@pytest.fixture
def machine(tmp_path: Path, sealing: Sealing) -> MachineSecrets:
    return MachineSecrets(tmp_path / "secrets", sealing.protection)


def test_environment_then_keyring_then_the_pc(machine: MachineSecrets) -> None:
    keyring = MemoryKeyring()
    secrets = Secrets({}, lambda: keyring, machine=machine)
    assert secrets.get(*NAMED) is None
    secrets.set_for_machine(*NAMED, "of the PC")
    assert secrets.get(*NAMED) == "of the PC"
    secrets.set(*NAMED, "of the account")
    assert secrets.get(*NAMED) == "of the account"
    assert (
        Secrets({VARIABLE: "of the environment"}, lambda: keyring, machine=machine).get(*NAMED) == "of the environment"
    )
    secrets.forget(*NAMED)
    assert secrets.get(*NAMED) == "of the PC"
    assert secrets.forget_for_machine(*NAMED)
    assert not secrets.forget_for_machine(*NAMED)
    assert secrets.get(*NAMED) is None


def test_an_account_without_a_keyring_needs_none_where_the_pc_has_the_secret(machine: MachineSecrets) -> None:
    secrets = Secrets({}, fail.Keyring, machine=machine)
    with pytest.raises(SecretsUnavailable) as unavailable:
        secrets.get(*NAMED)
    assert unavailable.value.problem.code == "keyring-missing"
    secrets.set_for_machine(*NAMED, "s3cret")
    assert secrets.get(*NAMED) == "s3cret"


def test_the_listing_says_that_it_is_the_pcs(machine: MachineSecrets, tmp_path: Path) -> None:
    lane = AttachmentsSettings(folder=tmp_path / "scans", client_id="c", environment="sandbox")
    settings = Settings(store=(StoreSettings(name="main-street", attachments=lane),))
    machine.set(*NAMED, "s3cret")
    for keyring in (MemoryKeyring, fail.Keyring):
        (listed,) = Secrets({}, keyring, machine=machine).listing(settings)
        assert (listed.source, listed.problem) == (Source.MACHINE, None)


def test_a_secret_is_bound_to_its_store_and_name(machine: MachineSecrets, tmp_path: Path) -> None:
    machine.set("main-street", "api_key", "k")
    (tmp_path / "secrets" / "main-street.api_key.secret").rename(tmp_path / "secrets" / "lakeside.api_key.secret")
    with pytest.raises(SecretsUnavailable) as unavailable:
        Secrets({}, MemoryKeyring, machine=machine).get("lakeside", "api_key")
    assert unavailable.value.problem.code == "machine-secret-faulty"
    assert "outtray secret set lakeside/api_key --machine" in unavailable.value.problem.what_to_do


def test_a_secret_that_this_account_may_not_read_is_told_with_what_an_administrator_can_do(
    machine: MachineSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SecretsUnavailable) as unavailable:
        Secrets({}, MemoryKeyring, machine=machine).get(*NAMED)
    assert unavailable.value.problem.code == "machine-secret-denied"
    assert "--machine --reader ACCOUNT" in unavailable.value.problem.what_to_do


def test_readers_are_handed_on_and_the_value_stands_in_no_file(
    machine: MachineSecrets, sealing: Sealing, tmp_path: Path
) -> None:
    machine.set(*NAMED, "s3cret", ["DESK\\front"])
    assert sealing.readers == {"main-street.client_secret.secret": ("S-1-5-20", "DESK\\front")}
    assert b"s3cret" not in (tmp_path / "secrets" / "main-street.client_secret.secret").read_bytes()


def test_what_is_unfit_is_kept_nowhere(machine: MachineSecrets, sealing: Sealing) -> None:
    with pytest.raises(ValueError, match="kept"):
        Secrets({}, MemoryKeyring, machine=machine).set_for_machine(*NAMED, "a\nb")
    assert sealing.readers == {}


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
def test_other_systems_have_nothing_to_protect_it_with() -> None:
    assert room.machine_secrets() is None
    secrets = Secrets({}, MemoryKeyring)
    assert not secrets.has_machine
    with pytest.raises(OSError, match="supported"):
        secrets.set_for_machine(*NAMED, "s3cret")
    assert not secrets.forget_for_machine(*NAMED)


@windows
class TestOnWindows:
    @pytest.fixture
    def machine(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MachineSecrets:
        monkeypatch.setattr(room, "machine_secrets_folder", lambda: tmp_path / "OutTray" / "secrets")
        found = room.machine_secrets()
        assert found is not None
        return found

    @pytest.mark.parametrize("value", ["s3cret", "Schlüssel 鍵", LONG])
    def test_a_secret_of_any_length_comes_back(self, machine: MachineSecrets, tmp_path: Path, value: str) -> None:
        machine.set(*NAMED, "another")
        machine.set(*NAMED, value)
        assert machine.get(*NAMED) == value
        (file,) = (tmp_path / "OutTray" / "secrets").iterdir()
        assert value.encode() not in file.read_bytes()
        assert machine.forget(*NAMED)
        assert machine.get(*NAMED) is None

    def test_a_flipped_byte_or_another_name_does_not_open(self, machine: MachineSecrets, tmp_path: Path) -> None:
        machine.set(*NAMED, "s3cret")
        file = tmp_path / "OutTray" / "secrets" / "main-street.client_secret.secret"
        sealed = file.read_bytes()
        file.write_bytes(sealed[:-9] + bytes([sealed[-9] ^ 1]) + sealed[-8:])
        with pytest.raises(ValueError, match="not sealed on this PC"):
            machine.get(*NAMED)
        file.with_name("main-street.api_key.secret").write_bytes(sealed)
        with pytest.raises(ValueError, match="not sealed on this PC"):
            machine.get("main-street", "api_key")

    def test_nobody_else_has_any_right(self, machine: MachineSecrets, tmp_path: Path) -> None:
        # Wine keeps of a file's rights what Unix can: the owner's, and those of everybody (WD).
        machine.set(*NAMED, "s3cret")
        folder = tmp_path / "OutTray" / "secrets"
        for path in (folder, folder / "main-street.client_secret.secret"):
            found = rights(path)
            assert found["SY"] == "FA"
            assert not found.keys() & EVERYBODY

    def test_what_is_asked_of_windows(self, machine: MachineSecrets, monkeypatch: pytest.MonkeyPatch) -> None:
        from agent import windows_rights

        asked: list[str] = []
        plain = windows_rights.described
        monkeypatch.setattr(windows_rights, "described", lambda rights: (asked.append(rights), plain(rights))[1])
        machine.set(*NAMED, "s3cret", ["S-1-5-32-545"])
        assert asked == [
            "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
            "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-20)(A;;FR;;;S-1-5-32-545)",
        ]

    def test_settings_for_everyone_can_be_read_by_everyone(self, tmp_path: Path) -> None:
        from agent.settings import on_windows

        on_windows.write_for_all(tmp_path / "new" / "outtray.toml", b"one")
        on_windows.write_for_all(tmp_path / "new" / "outtray.toml", b"two")
        assert (tmp_path / "new" / "outtray.toml").read_bytes() == b"two"
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["outtray.toml"]
        assert "FA" not in {rights(tmp_path / "new" / "outtray.toml").get(who) for who in EVERYBODY}

    def test_an_account_is_found_by_its_name(self, machine: MachineSecrets, tmp_path: Path) -> None:
        me = subprocess.run(["whoami"], capture_output=True, text=True, check=True).stdout.strip()
        machine.set(*NAMED, "s3cret", [me])
        assert len(rights(tmp_path / "OutTray" / "secrets" / "main-street.client_secret.secret")) >= 2

    def test_an_account_that_nobody_has_is_told(self, machine: MachineSecrets) -> None:
        with pytest.raises(LookupError):
            machine.set(*NAMED, "s3cret", ["no-such-account-here"])
        assert machine.get(*NAMED) is None

    def test_a_folder_that_someone_has_put_there_is_taken_over(self, machine: MachineSecrets, tmp_path: Path) -> None:
        folder = tmp_path / "OutTray" / "secrets"
        folder.mkdir(parents=True)
        machine.set(*NAMED, "s3cret")
        assert not rights(folder).keys() & EVERYBODY


EVERYBODY = {"WD", "BU", "AU", "IU"}
"""Everyone, users, those who have signed in, those at the screen."""


def rights(path: Path) -> dict[str, str]:
    """Return who has which rights to a file, in the words of SDDL: SY is the system, BA administrators."""
    import ctypes
    import re
    from ctypes import wintypes

    assert sys.platform == "win32"
    advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
    buffer, needed, text = ctypes.create_string_buffer(4096), wintypes.DWORD(), wintypes.LPWSTR()
    assert advapi32.GetFileSecurityW(str(path), 4, buffer, 4096, ctypes.byref(needed))
    convert = advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW
    assert convert(buffer, 1, 4, ctypes.byref(text), None)
    return {who: what for what, who in re.findall(r"\(A;[A-Z]*;([^;]*);;;([^)]*)\)", str(text.value))}
