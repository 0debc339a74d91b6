"""The attachments service: health, create, image intelligence, search."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.sandbox import identifiers, paths
from agent.sandbox.attachment_rules import (
    METADATA_FIELDS,
    Violation,
    check_file_metadata,
    check_files,
    check_identifiers,
    check_metadata,
)
from agent.sandbox.bodies import BadBody, Part, discard, drain, read_limited, read_multipart
from agent.sandbox.records import AcceptedAttachments, AcceptedPart
from agent.sandbox.replies import problem
from agent.sandbox.state import State

MAX_SEARCH_BYTES = 64 * 1024
_CHUNK = 256 * 1024
_JSON_PARTS = ("request", "fileMetadata")


@dataclass(frozen=True)
class _Stored:
    """One file that can be fetched back."""

    control_number: str
    attachment_id: str
    part: AcceptedPart


@dataclass(frozen=True)
class _Upload:
    """The parts of a request, sorted by what they mean."""

    style: str  # json | fields
    metadata: dict[str, Any]
    file_metadata: Any
    files: tuple[Part, ...]


class _Refusal(Exception):
    """A request that goes no further; `reply` says why."""

    def __init__(self, reply: Response) -> None:
        super().__init__()
        self.reply = reply


class AttachmentsService:
    """Answers below `/dental/attachments/v1`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._stored: dict[str, tuple[_Stored, ...]] = {}  # by attachment ID and by control number, without prefix

    def routes(self) -> list[Route]:
        """Return the routes of the service."""
        return [
            Route(paths.HEALTH, self._refusing(self._health), methods=["GET"]),
            Route(paths.CREATE, self._refusing(self._create), methods=["POST"]),
            Route(paths.IMAGE_INTELLIGENCE, self._refusing(self._create), methods=["POST"]),
            Route(paths.ATTACHMENT_SEARCH, self._refusing(self._search), methods=["POST"]),
        ]

    def _refusing(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except _Refusal as refusal:
                return refusal.reply

        return answer

    async def _client(self, request: Request) -> str:
        """Return whose request this is; refuse it otherwise, the body read."""
        header = request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        client = self._state.tokens.client_of(token) if scheme.lower() == "bearer" else ""
        if client:
            return client
        await drain(request)
        if header:
            violation = Violation("", "Authorization", "The access token is unknown, expired or revoked")
        else:
            violation = Violation("DENTATT_021", "Authorization", "The authorization header is missing")
        raise _Refusal(
            problem(401, "Unauthorized", violation.message, [violation], headers={"www-authenticate": "Bearer"})
        )

    async def _health(self, request: Request) -> Response:
        await self._client(request)
        return JSONResponse({"Status": "Service is healthy"})

    async def _create(self, request: Request) -> Response:
        client = await self._client(request)
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            await drain(request)
            return problem(415, "Unsupported Media Type", "The content type must be multipart/form-data")
        try:
            parts = await read_multipart(request, self._state.folder, self._state.keep_files)
        except BadBody as bad:
            return problem(400, "Bad Request", str(bad))
        try:
            return self._accept(request, client, parts)
        except _Refusal:
            discard(parts)
            raise

    def _accept(self, request: Request, client: str, parts: Sequence[Part]) -> Response:
        with_intelligence = request.url.path.startswith(paths.IMAGE_INTELLIGENCE)
        upload = _sort(parts)
        violations = [*check_metadata(upload.metadata), *check_files(upload.files)]
        if with_intelligence:
            violations += check_file_metadata(upload.file_metadata, upload.files)
        if violations:
            title, detail = "Bad Request", "The request does not meet the requirements"
            if all(violation.field.startswith("files[") for violation in violations):
                title, detail = "Invalid Attachment Format", "The provided attachment format is not supported."
            raise _Refusal(problem(400, title, detail, violations))
        record = self._record(request, client, parts, upload, with_intelligence)
        self._remember(record)
        self._state.journal.add(record)
        return JSONResponse(dict(record.reply), record.status)

    def _record(
        self, request: Request, client: str, parts: Sequence[Part], upload: _Upload, with_intelligence: bool
    ) -> AcceptedAttachments:
        now = self._state.clock.now()
        control_number = self._new(identifiers.control_number)
        attachment_ids: list[str] = []
        while len(attachment_ids) < len(upload.files):
            fresh = self._new(identifiers.attachment_id)
            if fresh not in attachment_ids:
                attachment_ids.append(fresh)
        transaction_id = identifiers.transaction_id() if with_intelligence else ""
        reply: dict[str, Any] = {
            "attachmentControlNumber": control_number,
            "attachmentIds": attachment_ids,
            "status": "CLOSED",
            "createdAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "claimId": upload.metadata["claimId"],
        }
        if transaction_id:
            reply["imageIntelligenceTransactionId"] = transaction_id
        return AcceptedAttachments(
            number=request.state.number,
            time=now,
            path=request.url.path,
            store=next(store.store_id for store in self._state.stores if store.client_id == client),
            parts=tuple(_accepted(part) for part in parts),
            status=201,
            reply=reply,
            unknown_fields=tuple(sorted(set(upload.metadata) - set(METADATA_FIELDS))),
            client_id=client,
            request_style=upload.style,
            metadata=upload.metadata,
            file_metadata=tuple(upload.file_metadata) if with_intelligence else (),
            control_number=control_number,
            attachment_ids=tuple(attachment_ids),
            transaction_id=transaction_id,
        )

    def _new(self, make: Callable[[], str]) -> str:
        while _bare(fresh := make()) in self._stored:
            pass
        return fresh

    def _remember(self, record: AcceptedAttachments) -> None:
        together = tuple(
            _Stored(record.control_number, attachment_id, part)
            for attachment_id, part in zip(record.attachment_ids, record.files, strict=True)
        )
        self._stored[_bare(record.control_number)] = together
        self._stored.update({_bare(stored.attachment_id): (stored,) for stored in together})

    async def _search(self, request: Request) -> Response:
        await self._client(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            await drain(request)
            return problem(415, "Unsupported Media Type", "The content type must be application/json")
        try:
            body = json.loads(await read_limited(request, MAX_SEARCH_BYTES))
        except (BadBody, ValueError, RecursionError):
            return problem(400, "Bad Request", "The body is not the JSON of a search")
        wanted = body.get("attachmentIds") if isinstance(body, dict) else None
        violations = check_identifiers(wanted)
        if violations:
            return problem(400, "Bad Request", "The request does not meet the requirements", violations)
        found: dict[str, _Stored] = {}
        for identifier in wanted or []:
            for stored in self._stored.get(_bare(identifier), ()):
                found[stored.attachment_id] = stored
            if _bare(identifier) not in self._stored:
                missing = Violation("DENTATT_113", "DataService.attachments.find.notFound", "Attachment not found.")
                return problem(404, "Not Found", missing.message, [missing])
        if any(stored.part.path is None for stored in found.values()):
            return problem(404, "Not Found", "This sandbox keeps digests only: the bytes are gone")
        return _multipart_reply(list(found.values()))


def _sort(parts: Sequence[Part]) -> _Upload:
    """Tell metadata and files apart. Both styles: one JSON part `request`, or the metadata as form fields."""
    fields = {part.name: part for part in parts if part.filename is None}
    repeated = sorted(name for name in fields if sum(part.name == name for part in parts) > 1 and name != "files")
    if repeated:
        raise _Refusal(problem(400, "Bad Request", f"These parts stand more than once: {', '.join(repeated)}"))
    texts = {name: _json_or_text(part) for name, part in fields.items() if name != "files"}
    file_metadata = texts.pop("fileMetadata", None)
    style = "json" if "request" in texts else "fields"
    metadata = texts["request"] if style == "json" else texts
    if not isinstance(metadata, dict):
        raise _Refusal(problem(400, "Bad Request", "The part 'request' must be a JSON object"))
    return _Upload(style, metadata, file_metadata, tuple(part for part in parts if part.name == "files"))


def _json_or_text(part: Part) -> Any:
    try:
        text = part.head.decode("utf-8")
    except UnicodeDecodeError:
        raise _Refusal(problem(400, "Bad Request", f"The part '{part.name}' is not UTF-8")) from None
    if part.name not in _JSON_PARTS:
        return text
    if part.content_type.partition(";")[0].strip().lower() != "application/json":
        message = f"The part '{part.name}' must have the content type application/json"
        raise _Refusal(problem(415, "Unsupported Media Type", message))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _Refusal(problem(400, "Bad Request", f"The part '{part.name}' is not JSON")) from None


def _accepted(part: Part) -> AcceptedPart:
    return AcceptedPart(part.name, part.filename, part.content_type, part.size, part.sha256, part.path)


def _bare(identifier: str) -> str:
    return identifier.rpartition("#")[2].lower()


def _multipart_reply(found: Sequence[_Stored]) -> Response:
    """Return the original bytes, each with its file name and identifiers, as the contract's example writes them."""
    boundary = f"----sandbox{identifiers.transaction_id()}"
    heads = [_part_head(boundary, stored) for stored in found]
    tail = f"--{boundary}--\r\n".encode()
    length = sum(map(len, heads)) + sum(stored.part.size + 2 for stored in found) + len(tail)

    async def body() -> AsyncIterator[bytes]:
        for head, stored in zip(heads, found, strict=True):
            yield head
            if stored.part.path is not None:
                with stored.part.path.open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        yield chunk
            yield b"\r\n"
        yield tail

    return StreamingResponse(
        body(), media_type=f"multipart/form-data; boundary={boundary}", headers={"content-length": str(length)}
    )


def _part_head(boundary: str, stored: _Stored) -> bytes:
    filename = str(stored.part.filename).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    content_type = stored.part.content_type.replace("\r", "").replace("\n", "")
    return (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{filename}"; '
        f'attachmentControlNumber="{_bare(stored.control_number)}"; attachmentId="{_bare(stored.attachment_id)}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    ).encode()
