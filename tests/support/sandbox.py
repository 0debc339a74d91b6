"""Helpers around a running sandbox: sample requests, and a client."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpx

from agent.sandbox.server import Sandbox

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\xff\xd9"

FileTuple = tuple[str, bytes, str]  # file name, content, content type
ONE_FILE: tuple[FileTuple, ...] = (("x-ray.pdf", PDF, "application/pdf"),)


def metadata(**changes: Any) -> dict[str, Any]:
    """Return metadata that the service accepts, with changes; a change to None leaves the field out."""
    whole = {
        "submitterId": "SUBMITTER-1",
        "billingProviderTaxId": "123456789",
        "claimId": "CLM-2024-001234",
        "payerId": "ABC12",
        "providerNPI": "1234567893",
        "dateOfService": "2024-01-15",
        "patientLastName": "Sample",
        "patientFirstName": "Sally",
        "patientDateOfBirth": "2000-01-01",
        "memberId": "44444444",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def file_metadata(**changes: Any) -> dict[str, Any]:
    """Return one entry of `fileMetadata` that fits `ONE_FILE`, with changes; None leaves the field out."""
    whole = {
        "fileName": "x-ray.pdf",
        "mimeType": "application/pdf",
        "serviceDate": "2024-01-15",
        "procedureCodes": "D0120,D0150",
        "toothNumbers": "12, 14, 08",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def statement(row: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a statement that the service accepts, with changes; None leaves the field out."""
    whole = {
        "statementDate": "2024-01-15",
        "rowNum": row,
        "externalPatientId": f"P{row}",
        "externalPmsPatientId": f"P{row}",
        "amountDue": 600,
        "firstName": "Sally",
        "lastName": "Sample",
        "email": "sally@example.com",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


class Client:
    """Speaks to a sandbox as the agent would, one plain request a method. `response_hook` sees every reply."""

    def __init__(self, sandbox: Sandbox, timeout: float = 60.0, response_hook: Any = None) -> None:
        self.sandbox = sandbox
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody yet: loading the system's list takes its time
        if sandbox.ca is not None:
            trust.load_verify_locations(sandbox.ca)
        hooks = {"response": [response_hook]} if response_hook else {}
        self.http = httpx.Client(
            base_url=sandbox.url, timeout=timeout, verify=trust, trust_env=False, event_hooks=hooks
        )

    def close(self) -> None:
        self.http.close()

    def ask_token(self, **changes: str) -> httpx.Response:
        store = self.sandbox.credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": store.client_id,
            "client_secret": store.client_secret,
        } | changes
        return self.http.post(self.sandbox.token_url, data=form)

    @cached_property
    def bearer(self) -> dict[str, str]:
        """The header with a token, asked for once."""
        return {"Authorization": f"Bearer {self.ask_token().json()['access_token']}"}

    @property
    def store_headers(self) -> dict[str, str]:
        store = self.sandbox.credentials
        return {"x-api-key": store.api_key, "x-store-id": store.store_id}

    def health(self) -> httpx.Response:
        return self.http.get(f"{self.sandbox.attachments_url}/healthcheck", headers=self.bearer)

    def create(
        self,
        data: Any = None,
        files: Sequence[FileTuple] = ONE_FILE,
        *,
        style: str = "json",
        file_data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Post to create, or to image intelligence where `file_data` is given."""
        sent = metadata() if data is None else data
        parts: list[tuple[str, Any]] = []
        if style == "json":
            parts.append(("request", (None, json.dumps(sent), "application/json")))
        else:
            parts += [(name, (None, value)) for name, value in sent.items()]
        if file_data is not None:
            parts.append(("fileMetadata", (None, json.dumps(file_data), "application/json")))
        parts += [("files", file) for file in files]
        address = f"{self.sandbox.attachments_url}/attachments/documents"
        if file_data is not None:
            address += "/image-intelligence"
        return self.http.post(address, files=parts, headers=self.bearer if headers is None else headers)

    def fetch(self, *identifiers: str) -> httpx.Response:
        """Search for attachments by their IDs or control numbers."""
        address = f"{self.sandbox.attachments_url}/attachments/documents/search"
        return self.http.post(address, json={"attachmentIds": list(identifiers)}, headers=self.bearer)

    def upload(
        self,
        filename: Any = "Statements.xml",
        statements: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Upload statements."""
        rows = [statement()] if statements is None else statements
        body = {"filename": filename, "pendingInvoiceUploads": rows} | more
        return self.http.post(
            "/api/v1/pending-invoices/", json=body, headers=self.store_headers if headers is None else headers
        )

    def find(self, **query: Any) -> httpx.Response:
        """Search for statements."""
        return self.http.get("/api/v1/pending-invoices/search", params=query, headers=self.store_headers)


@contextmanager
def running(plan: str = "", *, timeout: float = 60.0, **options: Any) -> Iterator[Client]:
    """Run a sandbox (options as `Sandbox` takes them) and give a client to it; `client.sandbox` is the sandbox."""
    with Sandbox(plan, **options) as sandbox:
        client = Client(sandbox, timeout)
        try:
            yield client
        finally:
            client.close()
