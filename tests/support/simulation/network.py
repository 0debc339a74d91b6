"""Both vendors behind one transport: their rules, the faults of a network at every phase, and a record by true time.

What a service takes is judged here at once against what it may never be asked: one packet's files under another's
sidecar, half a file, a filename twice in its 24 true hours. `wrong` collects what was broken; the reply is an honest
one all the same, so that the story goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from agent.folder.names import name_key
from tests.support.folders import HandClock
from tests.support.simulation import portals
from tests.support.simulation.weather import BUSY, NEVER_CONNECTED, REPLY_LOST, STATUSES

DAY = 24 * 3600.0
TOLERANCE = 0.01
TOKEN = re.compile(rb"TOK\d{4}")

Answer = tuple[int, Any, dict[str, str] | None]
"""What a service says itself."""


@dataclass
class Acceptance:
    """One request that a service has taken, at a true time. `unsure`: the agent could not know of it."""

    lane: str
    token: str
    name: str
    files: tuple[bytes, ...]
    at: float
    unsure: bool = False


@dataclass
class Outage:
    """A lane's service behaves like this for every request until a true time."""

    fault: str
    until: float


@dataclass
class Account:
    """One store at one service: what waits to go wrong, and what it has taken."""

    lane: str
    coming: list[str] = field(default_factory=list)
    outage: Outage | None = None
    last: dict[str, Acceptance] = field(default_factory=dict)  # by filename key
    foreign: dict[str, float] = field(default_factory=dict)  # names that someone else has used, and until when


class SimulatedNetwork(httpx.BaseTransport):
    """Stands for both vendors. `whole` tells whether bytes are a whole file that someone dropped."""

    def __init__(self, clock: HandClock, scope: str) -> None:
        self.clock = clock
        self.accounts: dict[str, Account] = {}
        self.accepted: list[Acceptance] = []
        self.wrong: list[str] = []
        self.during: list[Callable[[], None]] = []  # what happens in the world while a request is under way
        self.kill_after: list[Callable[[], None]] = []  # the same, after the service has taken it
        self.whole: Callable[[bytes], bool] = lambda _data: True
        self.rows: Callable[[str], int] = lambda _token: 0
        self.drops: Callable[[str], int] = lambda _token: 1
        self.unanswered: set[str] = set()  # tokens of which a whole body went out, and no answer came
        self.refused: set[str] = set()  # tokens that a service itself has refused
        self.mended: dict[str, set[str]] = {}  # by sidecar: the files that people themselves have put beside it
        self.requests = 0
        self._scope = scope
        self._tokens: dict[str, float] = {}

    def well_again(self) -> None:
        """Let nothing go wrong any more."""
        self.during.clear()
        self.kill_after.clear()
        for account in self.accounts.values():
            account.coming.clear()
            account.outage = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, with the service's own time on it."""
        answer = self._handle(request)
        answer.headers["Date"] = f"{self.clock.truly:%a, %d %b %Y %H:%M:%S} GMT"
        return answer

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        lane = request.url.path.split("/")[1]
        account = self.accounts.setdefault(lane, Account(lane))
        if request.url.path.endswith("/token"):
            return self._token(account, request)
        if request.method == "GET":
            return self._look(account)
        fault = self._fault(account, "token-")
        if fault in NEVER_CONNECTED:
            raise NEVER_CONNECTED[fault]
        early = portals.before_the_body(fault)
        body = early or self._read(request, fault)
        if isinstance(body, httpx.Response):
            return body
        tokens = {token.decode() for token in TOKEN.findall(body)}
        news = tokens - self.unanswered
        self.unanswered |= tokens  # until an answer of the service's own is on its way
        answer = self._answer(account, request, body, fault)
        if isinstance(answer, httpx.Response):
            if portals.is_an_answer(fault, answer.status_code):  # nothing shows that it went on
                self.unanswered -= news
            return answer
        status, content, headers = answer
        self.unanswered -= news
        if 400 <= status < 500:
            self.refused |= tokens
        return _json(status, content, headers)

    def _look(self, account: Account) -> httpx.Response:
        """Answer a question that changes nothing: it meets what stands between for a while, and no single mishap."""
        fault = self._fault(Account(account.lane, outage=account.outage), "")
        if fault in NEVER_CONNECTED or fault in REPLY_LOST:
            raise (NEVER_CONNECTED | REPLY_LOST)[fault]
        foreign = portals.before_the_body(fault) or portals.instead(fault)
        return foreign or _json(200, {"entities": []})

    def _answer(self, account: Account, request: httpx.Request, body: bytes, fault: str) -> Answer | httpx.Response:
        if self.during:
            self.during.pop(0)()
        if fault == "slow":
            self.clock.pass_(45)
        if fault == "lost-before":
            raise httpx.ReadError("connection reset")
        foreign = portals.instead(fault)
        if foreign is not None:
            return foreign
        if fault in STATUSES:
            return _json(STATUSES[fault], {"message": "no reason that anyone would know"})  # nor who says so
        if fault in BUSY:
            return _said(BUSY[fault], {"message": "slow down"}, {"Retry-After": "90"} if fault == "429" else {})
        if request.url.path.endswith("/pending-invoices/"):
            return self._statements(account, request, body, fault)
        return self._attachments(account, request, body, fault)

    # --- phases -----------------------------------------------------------------------------------------------------

    def _fault(self, account: Account, not_these: str) -> str:
        if account.outage is not None:
            if account.outage.until > self.clock.seconds:
                return account.outage.fault
            account.outage = None
        if account.coming and not account.coming[0].startswith(not_these):
            return account.coming.pop(0)
        return ""

    def _read(self, request: httpx.Request, fault: str) -> bytes | httpx.Response:
        promised = int(request.headers["content-length"])
        body = b""
        for piece in request.stream:  # type: ignore[union-attr]
            body += piece
            if fault == "cut" and len(body) * 2 >= promised:
                raise httpx.WriteError("broken pipe")
            if fault == "too-soon":
                return _json(201, {"attachmentControlNumber": "CHC#" + "f" * 24})
        if len(body) != promised:
            raise httpx.LocalProtocolError("too little data for the declared Content-Length")
        return body

    def _token(self, account: Account, request: httpx.Request) -> httpx.Response:
        request.read()
        if account.coming and account.coming[0].startswith("token-"):
            fault = account.coming.pop(0)
            if fault == "token-refused":
                raise NEVER_CONNECTED["refused"]
            if fault == "token-lost":
                raise REPLY_LOST["lost-after"]
            return _json(int(fault.removeprefix("token-")), {"failureReason": "not now"})
        token = f"token-{self.requests}"
        self._tokens[token] = self.clock.seconds + 3600
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    # --- attachments ------------------------------------------------------------------------------------------------

    def _attachments(
        self, account: Account, request: httpx.Request, body: bytes, fault: str
    ) -> Answer | httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if fault == "revoked":
            self._tokens.clear()
        if self._tokens.get(token, 0.0) <= self.clock.seconds:
            return _said(401, {"title": "Unauthorized"})
        metadata, files = _parts(body, request.headers["content-type"])
        claim = metadata["claimId"]
        found = {said.decode() for data in files.values() for said in TOKEN.findall(data)}
        strange = found - {claim} - self.mended.get(claim, set())
        if strange:
            self.wrong.append(f"the sidecar of {claim} went with files of {sorted(strange)}")
        torn = [name for name, data in files.items() if not self.whole(data)]
        if torn:
            self.wrong.append(f"not whole, with {claim}: {torn}")
        taken = Acceptance(account.lane, claim, "", tuple(files.values()), self.clock.seconds)
        number = f"CHC#{len(self.accepted) + 1:024x}"  # one of nothing but noughts is no number
        reply = {
            "attachmentControlNumber": number,
            "attachmentIds": [f"CHC#{n:012d}" for n in range(1, len(files) + 1)],
        }
        return self._take(taken, fault, reply)

    # --- statements -------------------------------------------------------------------------------------------------

    def _statements(self, account: Account, request: httpx.Request, body: bytes, fault: str) -> Answer | httpx.Response:
        upload = json.loads(body)
        name, rows = upload["filename"], upload["pendingInvoiceUploads"]
        token = rows[0]["externalPatientId"]
        key = "" if self._scope == "store" else name_key(name)
        now = self.clock.seconds
        if {row["externalPatientId"] for row in rows} != {token} or len(rows) != self.rows(token):
            self.wrong.append(f"not whole: {name} of {token}, {len(rows)} rows")
        last = account.last.get(key)
        if last is not None and now - last.at < DAY - TOLERANCE:
            if not (last.unsure and last.token == token):
                hours = (now - last.at) / 3600
                self.wrong.append(f"{name} of {token} came {hours:.2f} hours after {last.token}")
            return _name_taken(name)
        if fault == "name-refused":
            account.foreign[key] = now + 5 * 3600
        if account.foreign.get(key, 0.0) > now:
            return _name_taken(name)
        taken = Acceptance(account.lane, token, name, (body,), now)
        account.last[key] = taken
        return self._take(taken, fault, {"received": len(rows)})

    def _take(self, taken: Acceptance, fault: str, reply: dict[str, Any]) -> Answer | httpx.Response:
        earlier = [each for each in self.accepted if (each.lane, each.token) == (taken.lane, taken.token)]
        if sum(not each.unsure for each in earlier) >= max(1, self.drops(taken.token)):
            self.wrong.append(f"{taken.token} was taken twice, although the first reply had come")
        self.accepted.append(taken)
        if self.kill_after:
            self.kill_after.pop(0)()
        taken.unsure = fault in REPLY_LOST or fault in (*portals.GATEWAYS, "half-reply")
        return portals.after_it_was_taken(fault, reply) or _said(201, reply)

    def lose_replies(self, lane: str, tokens: set[str]) -> None:
        """Take note that the agent was killed before it had recorded what the service said of these."""
        for taken in self.accepted:
            if taken.lane == lane and taken.token in tokens:
                taken.unsure = True


def _parts(body: bytes, content_type: str) -> tuple[dict[str, str], dict[str, bytes]]:
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    metadata: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in body.split(boundary)[1:-1]:
        head, _, data = part[2:-2].partition(b"\r\n\r\n")
        name = re.search(rb'filename="([^"]*)"', head)
        if name:
            files[name[1].decode()] = data
        elif b'name="request"' in head:
            metadata = json.loads(data)
    return metadata, files


def _said(status: int, content: Any, headers: dict[str, str] | None = None) -> Answer:
    return status, content, headers


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=content, headers=headers)


def _name_taken(name: str) -> Answer:
    message = f"The filename {name} was uploaded for this store within the last 24 hours"
    return _said(400, {"subErrors": [], "status": "BAD_REQUEST", "message": message})
