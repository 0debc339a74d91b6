"""What came back, and what it proves: whose word it is, and whether it says what a delivery must say.

Between this PC and a service stand gateways, firewalls and portals that answer in its place. A service's own word is a
JSON object, by its content type and by its content, in the shapes that its contract publishes; all else is foreign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from agent.destinations.reply import Reply

Shape = Callable[[Mapping[str, Any]], bool]


class Answer(StrEnum):
    """Whose word came back."""

    NOTHING = "no answer"
    CUT_OFF = "an answer that was cut off"
    SUCCESS = "the service's own success"
    OWN_ERROR = "the service's own error"
    UNPROVEN = "a success without what it must hold"
    EMPTY = "an empty answer"
    FOREIGN = "someone else's answer"


def answer_of(reply: Reply, is_success: Shape, is_own_error: Shape) -> Answer:
    """Tell whose word a reply is. The shapes are asked about the JSON object that it holds."""
    if not reply.whole:
        return Answer.CUT_OFF
    if reply.content == "":
        return Answer.EMPTY
    if not (speaks_json(reply) and isinstance(reply.content, dict)):
        return Answer.FOREIGN
    if reply.is_success:
        no_success = _media_type(reply) in _NEVER_A_SUCCESS or not is_success(reply.content)
        return Answer.UNPROVEN if no_success else Answer.SUCCESS
    return Answer.OWN_ERROR if is_own_error(reply.content) else Answer.FOREIGN


def speaks_json(reply: Reply) -> bool:
    """Tell whether the reply's content type is JSON's (RFC 8259, RFC 6839 for `+json`)."""
    media = _media_type(reply)
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


def speaks_of_failure(content: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object says that something failed, in the shapes that are known: a success must not.

    RFC 9457, RFC 6749, both services' errors, and what gateways and frameworks say in their place; keys however they
    are written, and one level down as well.
    """
    said = {_plain_key(key): value for key, value in content.items()}
    if "title" in said and ("detail" in said or _failed_status(said.get("status"))):
        return True
    inner = [value for value in content.values() if isinstance(value, Mapping)]
    return any(_tells_of_failure({_plain_key(key): value for key, value in part.items()}) for part in (content, *inner))


def _tells_of_failure(said: Mapping[str, Any]) -> bool:
    if any(said.get(key) for key in (*_FAULT_LISTS, *_FAULT_KEYS)):
        return True
    if any(key in said and _says_no(said[key]) for key in _YES_KEYS):
        return True
    if any(isinstance(said.get(key), str) and _failed_status(said[key]) for key in _WORD_KEYS):
        return True
    return any(_failed_status(said.get(key)) for key in _STATUS_KEYS)


def has_a_strange_status(content: Mapping[str, Any]) -> bool:
    """Tell whether an object, or one a level down, has a status that no success has, in whatever words.

    For a service that has not published what its success says: any other word there can be a failure's.
    """
    inner = [value for value in content.values() if isinstance(value, Mapping)]
    statuses = (value for part in (content, *inner) for key, value in part.items() if _plain_key(key) == "status")
    return any(map(_no_success, statuses))


def _says_no(value: object) -> bool:
    return not value or (isinstance(value, str) and value.strip().casefold() in ("false", "no", "n", "0", "null"))


def _no_success(status: object) -> bool:
    """Tell whether a status is one that no success has, in whatever words."""
    if isinstance(status, bool):
        return not status
    if isinstance(status, int):
        return not 0 <= status < 300
    if not isinstance(status, str) or not status.strip():
        return False
    word = _plain_word(status)
    return _no_success(int(word)) if word.isdecimal() else word not in _SUCCESS_WORDS


def is_problem_details(content: Mapping[str, Any]) -> bool:
    """Tell whether an object is the attachments service's problem (RFC 9457 with more than a status to tell), or its
    tokens' older shape. A bare status or `error` is what any gateway says.
    """
    if isinstance(content.get("properties"), Mapping) or "failureReason" in content:
        return True
    if isinstance(content.get("Errors"), list) or isinstance(content.get("errors"), list):
        return True
    return "title" in content and ("instance" in content or "detail" in content)


def is_attachments_trouble(content: Mapping[str, Any]) -> bool:
    """Tell whether an object is the attachments service's own word that it has trouble, so that it took nothing.

    Gateways and frameworks speak RFC 9457 as well, with title, detail and instance. Its own problems have `properties`,
    its tokens' older ones `failureReason` or `Errors` (contract: ErrorResponse).
    """
    own_tokens = isinstance(content.get("Errors"), list) or "failureReason" in content
    return isinstance(content.get("properties"), Mapping) or own_tokens


def is_statements_trouble(content: Mapping[str, Any]) -> bool:
    """Tell whether an object is the statements service's own word that it has trouble.

    A status with a message is what gateways and frameworks say as well; its own errors have `subErrors`.
    """
    return isinstance(content.get("subErrors"), list)


def is_statement_error(content: Mapping[str, Any]) -> bool:
    """Tell whether an object is the statements service's error: `{"subErrors": [], "message": "..."}`."""
    return isinstance(content.get("subErrors"), list) or (
        isinstance(content.get("message"), str) and _failed_status(content.get("status"))
    )


def _failed_status(status: object) -> bool:
    if isinstance(status, bool):
        return False
    if isinstance(status, int):
        return status >= 400
    if not isinstance(status, str):
        return False
    word = _plain_word(status)
    return word in _FAILED_WORDS or (word.isdecimal() and int(word) >= 400)


_NEVER_A_SUCCESS = ("application/problem+json", "application/captive+json")
"""A problem (RFC 9457) and a captive portal's own page for programs (RFC 8908), whatever the status."""
_STATUS_KEYS = ("status", "statuscode", "code", "httpstatus", "httpcode", "httpstatuscode", "responsecode")
_FAULT_LISTS = ("suberrors", "errors", "fielderrors", "violations")
_FAULT_KEYS = (
    "error", "errorcode", "errormessage", "errordescription", "errortype", "failurereason", "fault", "faultstring",
    "exception", "loginurl", "redirecturl", "redirect", "reason", "errmsg", "errcode", "captive", "userportalurl",
    "failed", "blocked", "denied", "forbidden", "unauthorized", "maintenance", "faultcode", "login", "loginpage",
    "signin", "portal", "portalurl",
)  # fmt: skip
_YES_KEYS = ("success", "ok", "issuccess", "succeeded", "successful", "accepted", "authenticated", "authorized")
_WORD_KEYS = ("result", "outcome", "state", "type", "level", "severity", "title")
_FAILED_WORDS = {status.name for status in HTTPStatus if status >= 400} | {
    "ERROR", "ERRORS", "FAIL", "FAILED", "FAILURE", "REJECTED", "INVALID", "DENIED", "REFUSED",
}  # fmt: skip


_SUCCESS_WORDS = {status.name for status in HTTPStatus if 200 <= status < 300} | {
    "SUCCESS", "SUCCESSFUL", "SUCCEEDED", "RECEIVED", "PENDING", "IN_PROGRESS", "PROCESSING", "PROCESSED", "QUEUED",
    "SUBMITTED", "UPLOADED", "IMPORTED", "SAVED", "SENT", "STARTED", "DONE", "COMPLETE", "COMPLETED", "NEW", "VALID",
    "TRUE", "HEALTHY", "UP",
}  # fmt: skip


def _plain_word(text: str) -> str:
    return text.strip().upper().replace(" ", "_").replace("-", "_")


def _plain_key(key: object) -> str:
    return str(key).replace("_", "").replace("-", "").casefold()


def _media_type(reply: Reply) -> str:
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower()
