"""The statements lane's destination: one file's statements as one JSON request, to the billing service.

The wire is `POST /api/v1/pending-invoices/` with `x-api-key` and `x-store-id`. The service publishes no success to rely
on, only that it is a JSON object; the body is kept as it came. A 200 means received, not accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from agent.clock import Clock
from agent.destinations import problems
from agent.destinations.answers import (
    has_a_strange_status,
    is_statement_error,
    is_statements_trouble,
    speaks_of_failure,
)
from agent.destinations.attempt import ask, attempt, health_of
from agent.destinations.body import Body, file_part
from agent.destinations.limiter import UploadLimiter
from agent.destinations.outcomes import Service, classify_failure, classify_reply
from agent.destinations.protocol import Health, Progress
from agent.destinations.reply import Reply
from agent.destinations.transport import without_credentials
from agent.destinations.verifying import FAILED, MOST_PAGES, Marked, marked
from agent.folder.errors import problem_of
from agent.folder.filesystem import FileSystem
from agent.model import (
    SENT_WHOLE,
    AttachmentRequest,
    AttemptResult,
    Blocked,
    BodySent,
    Delivered,
    Outcome,
    Refused,
    Retry,
    StatementUpload,
    Taken,
    Unknown,
)
from agent.settings.secrets import SecretsUnavailable

MOST_ENTITIES = 100
"""The service's own limit for one page of a search."""

_SAYS_SOMETHING = frozenset({"message", "msg", "detail"})
"""What the service's errors say, and those of whoever else speaks JSON. Its success is not published to have any."""
_SEARCH_TIMEOUT = httpx.Timeout(connect=10, write=10, read=15, pool=None)
"""Seconds. A search is small, and a sender waits for it: one that hangs must not hold up what others have to send."""
_LARGEST_PAGE = 8 * 1024 * 1024
_DAY = re.compile(r"24[\s-]*(hours?|hrs?|h)\b|twenty[\s-]four", re.IGNORECASE)
_FILE_NAME = re.compile(r"file[\s_-]*name", re.IGNORECASE)
_NAME = re.compile(r"file[\s_-]*name|\bnames?\b", re.IGNORECASE)
_STORE = re.compile(r"\b(stores?|locations?|practices?|accounts?|offices?|clinics?|merchants?)(\b|[_-])", re.IGNORECASE)
_OTHERWISE_WRONG = re.compile(
    r"required|missing|blank|empty|null|length|long|character|extension|format|pattern|malformed", re.IGNORECASE
)


@dataclass(frozen=True)
class FoundStatements:
    """One page of a search, each entity as the service gave it."""

    entities: tuple[Mapping[str, Any], ...]


class StatementsDestination:
    """A store's account at the statements service."""

    def __init__(
        self,
        *,
        store: str,
        base_url: str,
        store_id: str,
        api_key: Callable[[], str | None],
        client: httpx.Client,
        files: FileSystem,
        limiter: UploadLimiter,
        clock: Clock,
    ) -> None:
        """`store` is its name in the settings, `store_id` the service's. `api_key`: None where none is kept."""
        self._url = base_url.rstrip("/") + "/api/v1/pending-invoices/"
        self.name = without_credentials(self._url)
        self._service = Service(
            "statements service",
            self.name,
            store,
            "api_key",
            is_success=lambda content: (
                _SAYS_SOMETHING.isdisjoint(map(str.casefold, content))
                and not speaks_of_failure(content)
                and not has_a_strange_status(content)
            ),
            is_own_error=is_statement_error,
            is_own_trouble=is_statements_trouble,
        )
        self._store_id = store_id
        self._api_key = api_key
        self._client = client
        self._files = files
        self._limiter = limiter
        self._clock = clock

    def send(
        self,
        request: AttachmentRequest | StatementUpload,
        place: Path,  # noqa: ARG002 - the protocol's: statements go from the spool
        progress: Progress,
        cancel: Event,
    ) -> AttemptResult:
        """Send the request's spool file. The result's one file is that JSON body under the statement file's name."""
        if not isinstance(request, StatementUpload):
            raise TypeError("a statements lane sends statement uploads")
        key = self._key()
        if isinstance(key, Blocked):
            return AttemptResult(key)
        mark = request.spool.with_suffix(SENT_WHOLE)
        try:
            mark.unlink(missing_ok=True)
        except OSError as held:  # by another program; nothing has gone out
            return AttemptResult(classify_failure(problem_of(held, mark), self._service))
        return attempt(
            self._client,
            self._url,
            self._headers(key) | {"Content-Type": "application/json"},
            lambda: Body(
                (file_part(self._files, request.spool, request.filename),),
                self._files,
                self._limiter,
                progress,
                cancel,
                before_the_last=mark.touch,
            ),
            lambda reply, body: self._read(reply, body, request),
            service=self._service,
            secrets=(key,),
            cancel=cancel,
        )

    def health(self) -> Health:
        """Search for one statement: the service has no health endpoint, and this shows whether the key is taken."""
        return health_of(
            lambda heard: self._search({"limit": "1"}, Event(), heard), self._service, self._clock, _holds_statements
        )

    def search(
        self, filter_: str, page: int, cancel: Event, limit: int = MOST_ENTITIES
    ) -> FoundStatements | Refused | Retry | Blocked:
        """Return a page (counted from 0) of the store's statements; `filter_` is RSQL, such as `status==pending`."""
        parameters = {"limit": str(min(limit, MOST_ENTITIES)), "offset": str(page)}
        reply = self._search(parameters | ({"filter": filter_} if filter_ else {}), cancel)
        if not isinstance(reply, Reply):
            return reply
        entities = reply.content.get("entities") if isinstance(reply.content, dict) else None
        if not isinstance(entities, list):
            return Retry(self._service.problem(problems.ODD_REPLY), reply.status)
        return FoundStatements(tuple(entity for entity in entities if isinstance(entity, dict)))

    def marked_as_failed(self, cancel: Event) -> Marked:
        """Return the store's statements that the service has marked as failed. Never raises."""
        return marked(self._pages(f"status=={FAILED}", cancel))

    def _pages(
        self, filter_: str, cancel: Event
    ) -> Iterator[tuple[Mapping[str, Any], ...] | Refused | Retry | Blocked]:
        for page in range(MOST_PAGES):
            found = self.search(filter_, page, cancel)
            if not isinstance(found, FoundStatements):
                yield found
                return
            yield found.entities
            if len(found.entities) < MOST_ENTITIES:
                return
        yield Retry(self._service.problem(problems.TOO_MANY_TO_COMPARE))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _search(
        self, parameters: dict[str, str], cancel: Event, heard: Callable[[Reply], None] = lambda _reply: None
    ) -> Reply | Refused | Retry | Blocked:
        key = self._key()
        if isinstance(key, Blocked):
            return key
        return ask(
            self._client,
            lambda: self._client.build_request(
                "GET",
                f"{self._url}search",
                params=parameters,
                headers=self._headers(key),
                timeout=_SEARCH_TIMEOUT,
            ),
            service=self._service,
            secrets=(key,),
            cancel=cancel,
            clock=self._clock,
            largest=_LARGEST_PAGE,
            heard=heard,
            is_success=_holds_statements,
        )

    def _headers(self, key: str) -> dict[str, str]:
        return {"x-api-key": key, "x-store-id": self._store_id}

    def _key(self) -> str | Blocked:
        """Return the key as a header can carry it: printable ASCII."""
        try:
            key = self._api_key()
        except SecretsUnavailable as unavailable:
            return Blocked(unavailable.problem)
        except Exception:  # noqa: BLE001 - each system's credential store has exceptions of its own
            return Blocked(self._service.problem(problems.SECRET_UNREADABLE))
        if not key:
            return Blocked(self._service.problem(problems.NO_SECRET))
        if not (key.isascii() and key.isprintable()):
            return Blocked(self._service.problem(problems.SECRET_UNUSABLE))
        return key

    def _read(self, reply: Reply, body: BodySent, upload: StatementUpload) -> Outcome:
        outcome = classify_reply(reply, self._service, self._clock.now(), body)
        may_have_it = outcome is None or (isinstance(outcome, Unknown) and not outcome.answered)
        if not may_have_it:
            with suppress(OSError):  # the mark then says too much, for as long as it takes to record the outcome
                upload.spool.with_suffix(SENT_WHOLE).unlink(missing_ok=True)
        if outcome is None:
            return Delivered(reply.status, reply.content)
        if isinstance(outcome, Refused) and _speaks_of_repeated_name(outcome):
            says = _of_what_it_speaks(outcome, upload.filename)
            words = problems.STORE_TAKEN if says is Taken.STORE else problems.NAME_TAKEN
            problem = self._service.problem(words, outcome.problem.details)
            return replace(outcome, problem=problem, name_taken=True, says=says)
        return outcome


def _holds_statements(content: Mapping[str, Any]) -> bool:
    """Tell whether a search's success is the service's: whoever else answers has no statements to list."""
    return isinstance(content.get("entities"), list) and not speaks_of_failure(content)


def _speaks_of_repeated_name(refused: Refused) -> bool:
    """Recognise the 24-hour rule. Its reply is not published: a 4xx that speaks of the file name or of 24 hours.

    One that says the name is missing or malformed is something else: to hold it for a day would not help.
    """
    said = _said(refused)
    if _DAY.search(said):
        return True
    return bool(_FILE_NAME.search(said)) and not _OTHERWISE_WRONG.search(said)


def _of_what_it_speaks(refused: Refused, filename: str) -> Taken:
    said = _said(refused)
    of_store = _STORE.search(said) is not None
    if _NAME.search(said) or filename.casefold() in said.casefold():
        return Taken.NAME_OR_STORE if of_store else Taken.NAME
    return Taken.STORE if of_store else Taken.NAME_OR_STORE


def _said(refused: Refused) -> str:
    return " ".join(fault.message for fault in refused.problem.details)
