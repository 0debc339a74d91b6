"""The stores' secrets: from the environment, else the account's keyring, else those of the whole PC (Windows only).

They stand nowhere else.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from agent.model import Fault, LaneId, LaneKind, Problem, Words
from agent.settings import long_secrets, problems
from agent.settings.machine_secrets import MachineSecrets, machine_secrets
from agent.settings.schema import Settings
from agent.settings.values import environment_part

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "OutTray"
CLIENT_SECRET = "client_secret"  # noqa: S105 - the secret's name
API_KEY = "api_key"
SECRET_OF: Mapping[LaneKind, str] = {LaneKind.ATTACHMENTS: CLIENT_SECRET, LaneKind.STATEMENTS: API_KEY}

_LONGEST = 100_000
_PATIENCE_SECONDS = 60.0
_Answer = TypeVar("_Answer")


class SecretsUnavailable(Exception):
    """A secret cannot be had: `problem` says why, and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.sentence} {problem.what_to_do}")
        self.problem = problem


class Source(StrEnum):
    """Where a secret was found."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    MACHINE = "machine"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Listed:
    """One secret that the settings need, without its value. `problem` is None where it was found."""

    store: str
    name: str
    source: Source
    variable: str
    problem: Problem | None = None


def variable(store: str, name: str) -> str:
    """Return the environment variable of a secret: OUTTRAY_SECRET_MAIN_STREET_API_KEY."""
    return f"OUTTRAY_SECRET_{environment_part(store)}_{environment_part(name)}"


def unfit(value: str) -> str:
    """Return why a value cannot be a secret, and what to do; an empty text where it can."""
    if not value:
        return "Nothing was given, so nothing was kept. Copy the secret again and give it when asked for it."
    if not value.isprintable():
        return (
            "What was given holds a line break or another character that cannot be seen, so it was not kept. Copy the "
            "secret again, as one line and alone."
        )
    if len(value) > _LONGEST:
        return "What was given is far longer than any secret, so it was not kept. Copy the secret alone."
    return ""


class Secrets:
    """The secrets of all stores. Several threads may use it at once.

    The keyring is asked only where the environment says nothing, and is not even imported before. It may show a prompt
    and wait for ever, so every question to it ends after `patience` seconds.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        keyring: Callable[[], KeyringBackend] | None = None,
        patience: float = _PATIENCE_SECONDS,
        machine: MachineSecrets | None = None,
    ) -> None:
        self._environment = environment
        self._keyring = keyring or system_keyring
        self._patience = patience
        self._machine = machine or machine_secrets()

    def get(self, store: str, name: str) -> str | None:
        """Return a secret, or None where it has not been set. Raises `SecretsUnavailable`.

        A keyring that is not there (an account that never signs in has none) does not matter where the PC's will do.
        """
        if found := self.from_environment(store, name):
            return found
        try:
            found = self._from_keyring(store, name)
        except SecretsUnavailable:
            if found := self._from_machine(store, name):
                return found
            raise
        return found or self._from_machine(store, name)

    def for_lane(self, lane: LaneId) -> str:
        """Return the secret that a lane needs. Raises `SecretsUnavailable`, also where it has not been set."""
        name = SECRET_OF[lane.kind]
        secret = self.get(lane.store, name)
        if secret is None:
            raise SecretsUnavailable(_problem(problems.SECRET_MISSING, lane.store, name))
        return secret

    def from_environment(self, store: str, name: str) -> str | None:
        """Return a secret of the environment, or None; an empty variable is none."""
        return self._environment.get(variable(store, name), "").strip("\r\n") or None

    def set(self, store: str, name: str, value: str) -> None:
        """Keep a secret in the keyring. Raises `SecretsUnavailable`, and `ValueError` for what is `unfit`."""
        if fault := unfit(value):
            raise ValueError(fault)
        self._ask(store, name, lambda entries: long_secrets.write(entries, _user(store, name), value))

    @property
    def has_machine(self) -> bool:
        """Tell whether this system can keep secrets for the whole PC."""
        return self._machine is not None

    def set_for_machine(self, store: str, name: str, value: str, readers: Sequence[str] = ()) -> None:
        """Keep a secret for the whole PC, readable for the system, administrators, the service and these accounts.

        Raises `OSError`, `LookupError` for an account that does not exist, and `ValueError` for what is `unfit`.
        """
        if fault := unfit(value):
            raise ValueError(fault)
        if self._machine is None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        self._machine.set(store, name, value, readers)

    def forget_for_machine(self, store: str, name: str) -> bool:
        """Take away what is kept for the whole PC. Return whether there was anything. Raises `OSError`."""
        return self._machine is not None and self._machine.forget(store, name)

    def forget(self, store: str, name: str) -> bool:
        """Take a secret out of the keyring. Return whether there was one. Raises `SecretsUnavailable`."""
        return self._ask(store, name, lambda entries: long_secrets.delete(entries, _user(store, name)))

    def listing(self, settings: Settings) -> tuple[Listed, ...]:
        """Return each secret that the settings need, and where it was found. Never raises, never tells a value."""
        listed: list[Listed] = []
        for lane in settings.lanes:
            store, name = lane.store, SECRET_OF[lane.kind]
            # One prompt that was declined or not answered is enough.
            down = next((entry.problem for entry in listed if entry.source is Source.UNAVAILABLE), None)
            source, problem = self._look(store, name, down)
            listed.append(Listed(store, name, source, variable(store, name), problem))
        return tuple(listed)

    def _look(self, store: str, name: str, down: Problem | None) -> tuple[Source, Problem | None]:
        if self.from_environment(store, name):
            return Source.ENVIRONMENT, None
        if down is not None and down.code in _FOR_ALL:
            source, problem = self._look_for_machine(store, name)
            if source is Source.MACHINE:
                return source, problem
            return Source.UNAVAILABLE, _problem(_FOR_ALL[down.code], store, name, self._patience)
        try:
            if self._from_keyring(store, name):
                return Source.KEYRING, None
        except SecretsUnavailable as unavailable:
            source, problem = self._look_for_machine(store, name)
            return (source, problem) if source is Source.MACHINE else (Source.UNAVAILABLE, unavailable.problem)
        return self._look_for_machine(store, name)

    def _look_for_machine(self, store: str, name: str) -> tuple[Source, Problem | None]:
        try:
            if self._from_machine(store, name):
                return Source.MACHINE, None
        except SecretsUnavailable as unavailable:
            return Source.UNAVAILABLE, unavailable.problem
        return Source.MISSING, _problem(problems.SECRET_MISSING, store, name)

    def _from_machine(self, store: str, name: str) -> str | None:
        if self._machine is None:
            return None
        try:
            return self._machine.get(store, name)
        except PermissionError as denied:
            raise SecretsUnavailable(_problem(problems.MACHINE_SECRET_DENIED, store, name)) from denied
        except (OSError, ValueError) as faulty:
            raise SecretsUnavailable(_problem(problems.MACHINE_SECRET_FAULTY, store, name)) from faulty

    def _from_keyring(self, store: str, name: str) -> str | None:
        return self._ask(store, name, lambda entries: long_secrets.read(entries, _user(store, name))) or None

    def _ask(self, store: str, name: str, question: Callable[[_Entries], _Answer]) -> _Answer:
        answers: queue.SimpleQueue[_Answer | _Failure] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(question(_Entries(self._keyring())))
            except Exception as problem:  # noqa: BLE001 - each backend raises its own system's; all are told below
                answers.put(_Failure(problem))

        threading.Thread(target=ask, name="keyring", daemon=True).start()
        try:
            answer = answers.get(timeout=self._patience)
        except queue.Empty:
            raise SecretsUnavailable(_problem(problems.KEYRING_SILENT, store, name, self._patience)) from None
        if isinstance(answer, _Failure):
            raise SecretsUnavailable(_told(answer.cause, store, name)) from answer.cause
        return answer


def system_keyring() -> KeyringBackend:
    """Return the system's keyring, or the one that IT has chosen for keyring itself.

    Backends that are not recommended keep secrets in plain files: they are used only where they were chosen.
    """
    from keyring import core

    if core._keyring_backend is None:
        core.init_backend(limit=core.recommended)
    return core.get_keyring()


@dataclass(frozen=True)
class _Failure:
    cause: Exception


class _Entries:
    """OutTray's entries of a keyring."""

    def __init__(self, keyring: KeyringBackend) -> None:
        from keyring.backends import null
        from keyring.errors import NoKeyringError

        if isinstance(keyring, null.Keyring):  # it takes every secret and keeps none
            raise NoKeyringError
        self._keyring = keyring

    def read(self, user: str) -> str | None:
        return self._keyring.get_password(SERVICE, user)

    def write(self, user: str, value: str) -> None:
        self._keyring.set_password(SERVICE, user, value)

    def delete(self, user: str) -> None:
        if self.read(user) is not None:  # backends do not agree on what an entry is that is not there
            self._keyring.delete_password(SERVICE, user)


_FOR_ALL = {words.code: words for words in (problems.NO_KEYRING, problems.KEYRING_LOCKED, problems.KEYRING_SILENT)}


def _told(cause: Exception, store: str, name: str) -> Problem:
    """Return what to say of a backend's exception. Its text is left out: nobody knows what a backend puts there."""
    if isinstance(cause, long_secrets.Incomplete):
        return _problem(problems.SECRET_INCOMPLETE, store, name)
    if isinstance(cause, ImportError):
        return _problem(problems.NO_KEYRING, store, name)
    from keyring.errors import KeyringLocked, NoKeyringError

    if isinstance(cause, NoKeyringError):
        return _problem(problems.NO_KEYRING, store, name)
    if isinstance(cause, KeyringLocked):
        return _problem(problems.KEYRING_LOCKED, store, name)
    code = getattr(cause, "winerror", None) or getattr(cause, "errno", None)
    detail = Fault("keyring", " ".join(str(part) for part in (type(cause).__name__, code) if part), "What it raised.")
    return _problem(problems.KEYRING_FAULTY, store, name, details=(detail,))


def _problem(words: Words, store: str, name: str, seconds: float = 0, details: tuple[Fault, ...] = ()) -> Problem:
    return words.problem(details, secret=_user(store, name), variable=variable(store, name), seconds=seconds)


def _user(store: str, name: str) -> str:
    return f"{store}/{name}"
