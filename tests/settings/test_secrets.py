"""Secrets come from the environment, else from the keyring; what stands in their way is told in plain words."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backends import fail, null

from agent.model import LaneId, LaneKind
from agent.settings import long_secrets
from agent.settings.schema import AttachmentsSettings, Settings, StatementsSettings, StoreSettings
from agent.settings.secrets import Secrets, SecretsUnavailable, Source, _Entries, system_keyring, unfit
from tests.support.settings import LockedKeyring, MemoryKeyring, PowerCut

VARIABLE = "OUTTRAY_SECRET_MAIN_STREET_CLIENT_SECRET"
USER = "main-street/client_secret"
NAMED = ("main-street", "client_secret")
SHORT, LONG, OTHER_LONG = "s3cret", "abcdefghij" * 400, "0123456789" * 300


@pytest.fixture
def keyring() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
def secrets(keyring: MemoryKeyring) -> Secrets:
    return Secrets({}, lambda: keyring)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    scans = AttachmentsSettings(folder=tmp_path / "scans", client_id="c", environment="sandbox")
    statements = StatementsSettings(folder=tmp_path / "statements", base_url="https://billing.example.com")
    return Settings(
        store=(
            StoreSettings(
                name="main-street", store_id="01GDG5BZA29R3SZMZ63Y2GFENV", attachments=scans, statements=statements
            ),
        )
    )


def test_the_environment_goes_before_the_keyring(keyring: MemoryKeyring) -> None:
    secrets = Secrets({VARIABLE: "from environment\r\n"}, lambda: keyring)
    secrets.set(*NAMED, "from keyring")
    assert secrets.get(*NAMED) == "from environment"
    assert Secrets({VARIABLE: ""}, lambda: keyring).get(*NAMED) == "from keyring"


def test_the_environment_works_without_a_keyring_library() -> None:
    root = Path(__file__).parents[2]
    program = (
        f"import sys; sys.modules['keyring'] = None; sys.path.insert(0, {str(root)!r})\n"
        "from agent.settings.secrets import Secrets\n"
        "print(Secrets().get('main-street', 'client_secret'))"
    )
    environment = {VARIABLE: SHORT, "SYSTEMROOT": "C:\\Windows"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SHORT


def test_a_keyring_library_that_is_not_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SecretsUnavailable) as unavailable:
        Secrets({}).get(*NAMED)
    assert unavailable.value.problem.code == "keyring-missing"


def test_a_secret_that_was_set_elsewhere_is_found_under_the_contracts_names(
    keyring: MemoryKeyring, secrets: Secrets
) -> None:
    keyring.set_password("OutTray", USER, SHORT)
    assert secrets.get(*NAMED) == SHORT
    secrets.set("main-street", "api_key", "k")
    assert keyring.get_password("OutTray", "main-street/api_key") == "k"


@pytest.mark.parametrize(
    "secret",
    [
        SHORT,
        "x" * 1200,
        "x" * 1201,
        LONG,
        "\N{GRINNING FACE}" * 1000,
        "outtray-parts:a:1:" + "0" * 64,
        "outtray-parts:nonsense",
    ],
    ids=lambda secret: f"{secret[:14]}-{len(secret)}",
)
def test_a_secret_of_any_length_comes_back_and_goes_without_a_trace(
    keyring: MemoryKeyring, secrets: Secrets, secret: str
) -> None:
    secrets.set(*NAMED, OTHER_LONG)
    secrets.set(*NAMED, secret)
    assert secrets.get(*NAMED) == secret
    assert secrets.forget(*NAMED)
    assert keyring.entries == {}
    assert not secrets.forget(*NAMED)
    assert secrets.get(*NAMED) is None


@pytest.mark.parametrize("before", [None, SHORT, LONG], ids=["none", "short", "long"])
@pytest.mark.parametrize("after", [SHORT + "2", OTHER_LONG, LONG + "2"], ids=["short", "long", "longer"])
def test_a_crash_at_any_moment_leaves_the_old_secret_or_the_new_one(before: str | None, after: str) -> None:
    moments = 0
    for moment in range(1, 100):
        keyring = MemoryKeyring()
        entries = _Entries(keyring)
        if before is not None:
            long_secrets.write(entries, USER, before)
        keyring.fail_at = keyring.changes + moment
        try:
            long_secrets.write(entries, USER, after)
        except PowerCut:
            moments += 1
        else:
            break
        assert long_secrets.read(entries, USER) in {before, after}
        keyring.fail_at = 0
        long_secrets.write(entries, USER, after)
        assert long_secrets.read(entries, USER) == after
        long_secrets.delete(entries, USER)
        assert keyring.entries == {}
    assert moments >= 1


def test_pieces_of_an_interrupted_writing_do_not_stay_beside_a_new_secret(keyring: MemoryKeyring) -> None:
    entries = _Entries(keyring)
    keyring.fail_at = 6
    with pytest.raises(PowerCut):
        long_secrets.write(entries, USER, LONG)
    long_secrets.write(entries, USER, "x" * 1500)
    assert len(keyring.entries) == 1 + 3


def test_a_crash_while_forgetting_is_mended_by_forgetting_again() -> None:
    deletions = 8  # the header and seven parts
    for moment in range(1, deletions + 1):
        keyring = MemoryKeyring()
        entries = _Entries(keyring)
        long_secrets.write(entries, USER, LONG)
        keyring.fail_at = keyring.changes + moment
        with pytest.raises(PowerCut):
            long_secrets.delete(entries, USER)
        assert long_secrets.read(entries, USER) == (LONG if moment == 1 else None)
        keyring.fail_at = 0
        long_secrets.delete(entries, USER)
        assert keyring.entries == {}


def test_a_part_that_was_lost_or_changed_is_told_and_never_sent(keyring: MemoryKeyring, secrets: Secrets) -> None:
    secrets.set(*NAMED, LONG)
    part = ("OutTray", f"{USER}/a2")
    keyring.entries[part] = keyring.entries[part][::-1]
    with pytest.raises(
        SecretsUnavailable, match=r"is not whole in the keyring\. Set it again with: outtray secret set"
    ):
        secrets.get(*NAMED)
    del keyring.entries[part]
    with pytest.raises(SecretsUnavailable):
        secrets.get(*NAMED)


def test_a_secret_that_is_set_anew_while_it_is_read_is_read_anew(keyring: MemoryKeyring) -> None:
    entries = _Entries(keyring)
    long_secrets.write(entries, USER, LONG)

    class SetMeanwhile(_Entries):
        def read(self, user: str) -> str | None:
            value = super().read(user)
            if user == USER and keyring.changes < 10:
                long_secrets.write(entries, USER, OTHER_LONG)
            return value

    assert long_secrets.read(SetMeanwhile(keyring), USER) == OTHER_LONG


@pytest.mark.parametrize(
    ("backend", "code", "sentence"),
    [
        (fail.Keyring, "keyring-missing", "This computer has no keyring that OutTray can use"),
        (null.Keyring, "keyring-missing", "This computer has no keyring that OutTray can use"),
        (LockedKeyring, "keyring-locked", "is locked, or access to it was declined"),
    ],
)
def test_a_keyring_that_is_missing_or_locked_is_told_with_the_variable_to_set(
    backend: type, code: str, sentence: str
) -> None:
    secrets = Secrets({}, backend)
    for call in (lambda: secrets.get(*NAMED), lambda: secrets.set(*NAMED, SHORT), lambda: secrets.forget(*NAMED)):
        with pytest.raises(SecretsUnavailable) as unavailable:
            call()
        problem = unavailable.value.problem
        assert problem.code == code
        assert sentence in problem.sentence
        assert VARIABLE in problem.what_to_do


def test_what_a_backend_raises_is_told_without_its_text(keyring: MemoryKeyring) -> None:
    class Faulty(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            raise OSError(1312, f"no session for {SHORT}")

    with pytest.raises(SecretsUnavailable) as unavailable:
        Secrets({}, Faulty).get(*NAMED)
    problem = unavailable.value.problem
    assert problem.code == "keyring-faulty"
    assert problem.details[0].value == "OSError 1312"
    assert SHORT not in str(problem)


@pytest.fixture
def silent() -> Iterator[type[MemoryKeyring]]:
    """A keyring that waits for a person who is not there."""
    home_time = threading.Event()

    class Silent(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            home_time.wait()
            return None

    yield Silent
    home_time.set()


def test_a_keyring_that_does_not_answer_is_told_and_not_waited_for(silent: type[MemoryKeyring]) -> None:
    with pytest.raises(SecretsUnavailable, match=r"has not answered for 0\.05 seconds"):
        Secrets({}, silent, patience=0.05).get(*NAMED)


@pytest.mark.parametrize("value", ["", "a\nb", "a\tb", "a\u200bb", "\udc80", "x" * 100_001])
def test_what_cannot_be_a_secret_is_not_kept(keyring: MemoryKeyring, secrets: Secrets, value: str) -> None:
    with pytest.raises(ValueError, match="kept"):
        secrets.set(*NAMED, value)
    assert keyring.entries == {}
    assert unfit(SHORT) == ""


def test_a_lane_gets_the_secret_of_its_service(secrets: Secrets) -> None:
    secrets.set("main-street", "client_secret", "c")
    secrets.set("main-street", "api_key", "k")
    assert secrets.for_lane(LaneId("main-street", LaneKind.ATTACHMENTS)) == "c"
    assert secrets.for_lane(LaneId("main-street", LaneKind.STATEMENTS)) == "k"
    with pytest.raises(SecretsUnavailable) as unavailable:
        secrets.for_lane(LaneId("lakeside", LaneKind.STATEMENTS))
    assert unavailable.value.problem.what_to_do == (
        "Run: outtray secret set lakeside/api_key. Or set the environment variable OUTTRAY_SECRET_LAKESIDE_API_KEY for "
        "that account."
    )


def test_the_listing_tells_where_each_secret_is_and_never_its_value(keyring: MemoryKeyring, settings: Settings) -> None:
    secrets = Secrets({VARIABLE: SHORT}, lambda: keyring)
    listed = secrets.listing(settings)
    assert [(entry.name, entry.source) for entry in listed] == [
        ("client_secret", Source.ENVIRONMENT),
        ("api_key", Source.MISSING),
    ]
    secrets.set("main-street", "api_key", "k3y")
    listed = secrets.listing(settings)
    assert listed[1].source is Source.KEYRING
    assert listed[1].variable == "OUTTRAY_SECRET_MAIN_STREET_API_KEY"
    assert SHORT not in repr(listed)
    assert "k3y" not in repr(listed)


def test_a_declined_prompt_is_not_shown_again_for_each_secret(settings: Settings) -> None:
    locked = LockedKeyring()
    listed = Secrets({}, lambda: locked).listing(settings)
    assert [entry.source for entry in listed] == [Source.UNAVAILABLE, Source.UNAVAILABLE]
    assert locked.asked == 1
    assert listed[1].problem is not None
    assert "OUTTRAY_SECRET_MAIN_STREET_API_KEY" in listed[1].problem.what_to_do


def test_keyrings_that_keep_secrets_in_plain_files_are_not_found_by_themselves() -> None:
    root = Path(__file__).parents[2]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from agent.settings.secrets import system_keyring\n"
        "keyring = system_keyring()\n"
        "print(keyring.priority >= 1 or type(keyring).__module__ == 'keyring.backends.fail')"
    )
    environment = {"HOME": str(root / "nowhere"), "SYSTEMROOT": "C:\\Windows"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


@pytest.mark.skipif(sys.platform != "win32", reason="of Windows")
@pytest.mark.parametrize("secret", [SHORT, LONG, "Schl\u00fcssel \u9375"], ids=["short", "long", "letters"])
def test_windows_own_credential_manager_keeps_secrets_of_any_length(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyring.backends.Windows import WinVaultKeyring

    plain = WinVaultKeyring.set_password

    def narrow(self: WinVaultKeyring, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:  # Windows' own limit, which Wine does not have
            raise OSError(1783, "The stub received bad data")
        plain(self, service, username, password)

    monkeypatch.setattr(WinVaultKeyring, "set_password", narrow)
    assert isinstance(system_keyring(), WinVaultKeyring)
    secrets = Secrets({})
    try:
        secrets.set("tests", "client_secret", "another")
        secrets.set("tests", "client_secret", secret)
        assert Secrets({}).get("tests", "client_secret") == secret
    finally:
        assert secrets.forget("tests", "client_secret")
    assert secrets.get("tests", "client_secret") is None
