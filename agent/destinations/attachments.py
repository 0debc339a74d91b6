"""The attachments lane's destination: scans with their metadata, to the claim-attachments service.

Wire facts are those of the service's contract (create, image intelligence, search, health check, token). A reply that
was lost cannot be looked up there: the service has no search by claim or patient.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any, Literal, TypeVar

import httpx

from agent.clock import Clock
from agent.destinations import dentatt, problems
from agent.destinations.answers import speaks_of_failure
from agent.destinations.attempt import ask, attempt, health_of
from agent.destinations.body import Body, file_part
from agent.destinations.fetched import FetchedFile, is_multipart, read_fetched
from agent.destinations.limiter import UploadLimiter
from agent.destinations.multipart import Field, Upload, multipart, new_boundary
from agent.destinations.network import cancelled_by
from agent.destinations.outcomes import Service, classify_failure, classify_reply
from agent.destinations.protocol import Health, Progress
from agent.destinations.reply import Reply, read_reply
from agent.destinations.tokens import Credentials, Token, TokenSource
from agent.destinations.transport import without_credentials
from agent.folder.filesystem import FileSystem
from agent.model import (
    AttachmentRequest,
    AttemptResult,
    Blocked,
    BodySent,
    Delivered,
    Outcome,
    Refused,
    Retry,
    StatementUpload,
)

_Result = TypeVar("_Result")
_JSON = "application/json"
_NO_NUMBERS = frozenset({"null", "none", "nil", "nan", "undefined", "n/a", "na", "unknown", "false", "true"})
"""What programs write where they have no value: no control number, and so no proof."""

_MOST_IDS, _LONGEST_ID = 100, 200  # beyond all that a service needs for 10 files; the receipt has its whole answer


class AttachmentsDestination:
    """A store's account at the attachments service."""

    def __init__(
        self,
        *,
        store: str,
        base_url: str,
        token_url: str,
        client_id: str,
        secret: Callable[[], str | None],
        client: httpx.Client,
        files: FileSystem,
        limiter: UploadLimiter,
        clock: Clock,
        create_path: str = "/attachments/documents",
        request_style: Literal["json", "fields"] = "json",
    ) -> None:
        """`base_url` is the part before `create_path`. `secret` gives the client secret, or None where none is kept."""
        root = base_url.rstrip("/")
        self._health_url = f"{root}/healthcheck"
        self._create_url = root + "/" + create_path.strip("/")
        self.name = without_credentials(self._create_url)
        self._service = Service("attachments service", self.name, store, "client_secret", dentatt.translate)
        self._client = client
        self._files = files
        self._limiter = limiter
        self._clock = clock
        self._request_style = request_style
        self._tokens = TokenSource(client, token_url, Credentials(client_id, secret), self._service, clock)

    def send(
        self, request: AttachmentRequest | StatementUpload, place: Path, progress: Progress, cancel: Event
    ) -> AttemptResult:
        """Send the request's files from `place` with its metadata. A token that is not taken is renewed once."""
        if not isinstance(request, AttachmentRequest):
            raise TypeError("an attachments lane sends attachment requests")

        def read(reply: Reply, body: BodySent) -> Outcome:
            outcome = classify_reply(reply, self._service, self._clock.now(), body, _holds_control_number)
            return outcome or _delivered(reply, len(request.files), self._service)

        def post(token: Token) -> AttemptResult:
            boundary = new_boundary()
            return attempt(
                self._client,
                f"{self._create_url}/image-intelligence" if request.file_metadata else self._create_url,
                _authorization(token) | {"Content-Type": f"multipart/form-data; boundary={boundary}"},
                lambda: Body(
                    multipart(self._parts(request, place), boundary), self._files, self._limiter, progress, cancel
                ),
                read,
                service=self._service,
                secrets=(token.value,),
                cancel=cancel,
                is_success=_holds_control_number,
            )

        result = self._authorized(post, cancel)
        return result if isinstance(result, AttemptResult) else AttemptResult(result)

    def health(self) -> Health:
        """Ask for a token, then for the service's health (GET `/healthcheck`)."""
        never = Event()

        def look(token: Token, heard: Callable[[Reply], None]) -> Reply | Refused | Retry | Blocked:
            return ask(
                self._client,
                lambda: self._client.build_request("GET", self._health_url, headers=_authorization(token)),
                service=self._service,
                secrets=(token.value,),
                cancel=never,
                clock=self._clock,
                heard=heard,
            )

        return health_of(
            lambda heard: self._authorized(lambda token: look(token, heard), never), self._service, self._clock
        )

    def search(
        self, attachment_ids: tuple[str, ...], cancel: Event
    ) -> tuple[FetchedFile, ...] | Refused | Retry | Blocked:
        """Fetch delivered files back, by 1 to 10 attachment IDs or by control number, to compare their SHA-256."""

        def fetch(token: Token) -> tuple[FetchedFile, ...] | Refused | Retry | Blocked:
            request = self._client.build_request(
                "POST",
                f"{self._create_url}/search",
                json={"attachmentIds": list(attachment_ids)},
                headers=_authorization(token) | {"Accept": "multipart/form-data, application/problem+json"},
            )
            try:
                with cancelled_by(cancel):
                    response = self._client.send(request, stream=True)
                    try:
                        if response.is_success and is_multipart(response):
                            return read_fetched(response)
                        reply = read_reply(response, (token.value,))
                    finally:
                        response.close()
            except Exception as exc:  # noqa: BLE001 - whatever happens on the wire is an outcome
                return classify_failure(exc, self._service, (token.value,))
            outcome = classify_reply(reply, self._service, self._clock.now(), is_success=lambda _content: False)
            assert isinstance(outcome, Refused | Retry | Blocked)  # noqa: S101 - a reply without success, and no body
            return outcome

        return self._authorized(fetch, cancel)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _authorized(self, call: Callable[[Token], _Result], cancel: Event) -> _Result | Retry | Blocked:
        """Do `call` with a token, and where the service does not take it (401), once more with a new one."""
        result: _Result | Retry | Blocked
        for _ in range(2):
            token = self._tokens.get(cancel)
            if not isinstance(token, Token):
                return token
            result = call(token)
            outcome = result.outcome if isinstance(result, AttemptResult) else result
            if not (isinstance(outcome, Blocked) and outcome.status == 401):
                break
            self._tokens.invalidate(token)
        return result

    def _parts(self, request: AttachmentRequest, place: Path) -> list[Field | Upload]:
        parts: list[Field | Upload]
        if self._request_style == "json":
            parts = [Field("request", _json(dict(request.metadata)), _JSON)]
        else:
            parts = [Field(name, value.encode("utf-8", "replace")) for name, value in request.metadata.items()]
        if request.file_metadata:
            parts.append(Field("fileMetadata", _json([dict(entry) for entry in request.file_metadata]), _JSON))
        for name, mime_type in request.files:
            file = file_part(self._files, place / name, PurePosixPath(name).name, request.proofs.get(name))
            parts.append(Upload("files", file, mime_type))
        return parts


def _holds_control_number(content: Mapping[str, Any]) -> bool:
    """Tell whether a success holds what it is for: the attachment control number. Anything else in it is lenient."""
    number = _text(content.get("attachmentControlNumber"))
    is_one = number.lower() not in _NO_NUMBERS and bool(number.removeprefix("CHC#").strip("0#-. "))
    return is_one and not speaks_of_failure(content)


def _delivered(reply: Reply, files: int, service: Service) -> Delivered:
    """Read the reply (201) leniently: an ID that does not match its published pattern is still a delivery.

    Fewer IDs than files is one that a person has to look at: the service may not have kept all of them.
    """
    listed = reply.content.get("attachmentIds")
    ids = tuple(dict.fromkeys(filter(None, map(_text, listed[:_MOST_IDS])))) if isinstance(listed, list) else ()
    control_number = _text(reply.content.get("attachmentControlNumber"))
    problem = None
    if len(ids) < files:
        problem = service.problem(problems.FEWER_THAN_SENT, count=len(ids), files=files, number=control_number)
    return Delivered(
        reply.status,
        reply.content,
        attachment_control_number=control_number,
        attachment_ids=ids,
        image_intelligence_transaction_id=_text(reply.content.get("imageIntelligenceTransactionId")),
        warnings=(problem.sentence,) if problem else (),
        problem=problem,
    )


def _authorization(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")


def _text(value: Any) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if len(text) <= _LONGEST_ID else ""
