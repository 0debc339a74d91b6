"""The statements service: upload and search of pending invoices."""

from __future__ import annotations

import asyncio
import hmac
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.sandbox import identifiers, paths
from agent.sandbox.bodies import Part, discard, drain, spool
from agent.sandbox.records import AcceptedPart, AcceptedStatements
from agent.sandbox.replies import statements_error
from agent.sandbox.rsql import BadFilter, Value, parse_filter
from agent.sandbox.state import State
from agent.sandbox.statement_rules import (
    POS_ORDER_ID_LENGTH,
    BadUpload,
    check_upload,
    fails_at_upload,
    unknown_fields,
)

FILENAME_WINDOW = timedelta(hours=24)
MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MAX_FILTER_LENGTH = 2000
FILTER_KEYS: dict[str, type] = {"status": str, "amountDue": int, "storeId": str, "posOrderId": str}
_CONTACTS = ("firstName", "lastName", "email", "smsPhoneNumber")


@dataclass(frozen=True, slots=True)
class _Entity:
    """One pending invoice, as a search gives it back. Small: a hundred thousand stand in memory at once."""

    id: str
    store_id: str
    amount_due: int | None
    status: str
    pos_order_id: str | None
    contacts: tuple[str | None, ...]

    def row(self) -> dict[str, Value]:
        return {
            "id": self.id,
            "storeId": self.store_id,
            "amountDue": self.amount_due,
            "status": self.status,
            "posOrderId": self.pos_order_id,
            **dict(zip(_CONTACTS, self.contacts, strict=True)),
        }


@dataclass(frozen=True)
class _Upload:
    filename: str
    entities: list[_Entity]
    unknown_fields: tuple[str, ...]


class StatementsService:
    """Answers at `/api/v1/pending-invoices`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._sent_at: dict[tuple[str, str], datetime] = {}  # by store and file name
        self._entities: dict[str, list[_Entity]] = {}  # by store

    def routes(self) -> list[Route]:
        """Return the routes of the service."""
        return [
            Route(paths.STATEMENTS, self._upload, methods=["POST"]),
            Route(f"{paths.STATEMENTS}/", self._upload, methods=["POST"]),
            Route(paths.STATEMENT_SEARCH, self._search, methods=["GET"]),
        ]

    def _refuse_stranger(self, request: Request) -> Response | None:
        key, store = request.headers.get("x-api-key", ""), request.headers.get("x-store-id", "")
        owners = [known for known in self._state.stores if _same(known.api_key, key)]
        if not owners:
            return statements_error(401, "The header x-api-key is missing or names no key")
        if not identifiers.is_ulid(store):
            return statements_error(400, "The header x-store-id must be a store's ULID")
        if not any(_same(known.store_id, store) for known in owners):
            return statements_error(403, "The key does not belong to this store")
        return None

    async def _upload(self, request: Request) -> Response:
        refusal = self._refuse_stranger(request)
        if refusal is None and _media_type(request) != "application/json":
            refusal = statements_error(415, "The content type must be application/json")
        if refusal is not None:
            await drain(request)
            return refusal
        store = request.headers["x-store-id"]
        body = await spool(request, self._state.folder)
        try:
            upload = await asyncio.to_thread(_read, body, store)
            self._claim_filename(store, upload.filename)
        except BadUpload as bad:
            discard([body])
            return statements_error(bad.status, bad.message)
        if not self._state.keep_files:
            discard([body])
        return self._accept(request, store, body, upload)

    def _claim_filename(self, store: str, filename: str) -> None:
        """Note that a store sent a file name. Raise `BadUpload` where it did so within 24 hours."""
        key = (store, unicodedata.normalize("NFC", filename).casefold())
        now = self._state.clock.now()
        sent_at = self._sent_at.get(key)
        if self._state.filename_rule and sent_at is not None and now - sent_at < FILENAME_WINDOW:
            message = f"Only 1 filename can be uploaded per store within a 24-hour period: {filename} was uploaded"
            raise BadUpload(400, f"{message} at {sent_at:%Y-%m-%dT%H:%M:%SZ}")
        self._sent_at[key] = now

    def _accept(self, request: Request, store: str, body: Part, upload: _Upload) -> Response:
        self._entities.setdefault(store, []).extend(upload.entities)
        # The vendor's example of this reply stands on another page's subject; a client has nothing to read from it.
        reply = {"savedPaymentId": identifiers.ulid()}
        part = AcceptedPart("body", upload.filename, body.content_type, body.size, body.sha256, body.path)
        self._state.journal.add(
            AcceptedStatements(
                number=request.state.number,
                time=self._state.clock.now(),
                path=request.url.path,
                store=store,
                parts=(part,),
                status=200,
                reply=reply,
                unknown_fields=upload.unknown_fields,
                filename=upload.filename,
                statements=len(upload.entities),
                failed=sum(entity.status == "failed" for entity in upload.entities),
            )
        )
        return JSONResponse(reply)

    async def _search(self, request: Request) -> Response:
        refusal = self._refuse_stranger(request)
        if refusal is not None:
            return refusal
        query = request.query_params
        limit = _number(query.get("limit"), DEFAULT_LIMIT, 1, MAX_LIMIT)
        page = _number(query.get("offset"), 0, 0, 10**9)
        if limit is None or page is None:
            return statements_error(400, f"limit must be 1 to {MAX_LIMIT}, offset a page number from 0")
        rows = [entity.row() for entity in self._entities.get(request.headers["x-store-id"], [])]
        try:
            if text := query.get("filter", ""):
                if len(text) > MAX_FILTER_LENGTH:
                    raise BadFilter(f"The filter is longer than {MAX_FILTER_LENGTH} characters")
                holds = parse_filter(text, FILTER_KEYS)
                rows = [row for row in rows if holds(row)]
            rows = _sorted(rows, query.get("sort", ""))
        except BadFilter as bad:
            return statements_error(400, str(bad))
        shown = rows[page * limit : (page + 1) * limit]
        return JSONResponse({"entities": shown, "limit": limit, "offset": page, "total": len(rows)})


def _read(body: Part, store: str) -> _Upload:
    """Read and check a spooled upload; in a thread, since a large one takes a second. Raises `BadUpload`."""
    if body.path is None:
        raise BadUpload(400, "The body is missing")
    parsed = _parse(body.path)
    filename, statements = check_upload(parsed)
    return _Upload(filename, [_entity(store, statement) for statement in statements], tuple(unknown_fields(parsed)))


def _parse(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadUpload(400, "The body is not JSON") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _entity(store: str, statement: dict[str, Any]) -> _Entity:
    pos_order_id = statement.get("posOrderId")
    return _Entity(
        identifiers.ulid(),
        store,
        statement.get("amountDue"),
        "failed" if fails_at_upload(statement) else "pending",
        None if pos_order_id is None else pos_order_id[:POS_ORDER_ID_LENGTH],
        tuple(statement.get(name) for name in _CONTACTS),
    )


def _sorted(rows: Sequence[dict[str, Value]], sort: str) -> list[dict[str, Value]]:
    """Sort by a key, `-` before it or `,desc` behind it for descending; rows without a value come first."""
    key, _, direction = sort.partition(",")
    descending = key.startswith("-") or direction.lower() == "desc"
    key = key.lstrip("+-")
    if not key:
        return list(rows)
    if key not in FILTER_KEYS or direction.lower() not in ("", "asc", "desc"):
        raise BadFilter(f"Unknown sort '{sort}'")

    def rank(row: dict[str, Value]) -> tuple[bool, Any]:
        value = row[key]
        return value is not None, 0 if value is None else value

    return sorted(rows, key=rank, reverse=descending)


def _number(text: str | None, default: int, least: int, most: int) -> int | None:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    return int(text) if least <= int(text) <= most else None


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode())


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
