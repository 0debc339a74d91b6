"""Sockets whose waits can be ended: what the HTTP client stands on.

A socket read blocks for as long as its timeout allows, and no portable call wakes it from another thread. So every
wait here is made of short slices, and each slice looks at the `cancel` of the send that the thread is busy with. It is
the same on every system, needs no second thread for a request, and works through a proxy as well.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

import httpcore

SLICE = 0.2
"""Seconds after which a wait looks at `cancel` again."""

LONGEST_ANSWER = 600.0
"""Seconds from the first wait for an answer to its end. One that drips would keep each single wait short, for days."""

_Result = TypeVar("_Result")
_Address = tuple[Any, ...]
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
_IN_PROGRESS = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN}
_READ_SIZE = 64 * 1024

_current: ContextVar[Event | None] = ContextVar("cancel", default=None)


class Cancelled(Exception):
    """`cancel` was set while something waited."""


@contextmanager
def cancelled_by(cancel: Event) -> Iterator[None]:
    """Let `cancel` end every wait of this thread inside the block, by raising `Cancelled` from it."""
    token = _current.set(cancel)
    try:
        yield
    finally:
        _current.reset(token)


def check_cancelled() -> None:
    """Raise `Cancelled` if the send that this thread is busy with is to end."""
    cancel = _current.get()
    if cancel is not None and cancel.is_set():
        raise Cancelled


class PlainStream(httpcore.NetworkStream):
    """A TCP connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._answer_due: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, at most `max_bytes`; nothing at the end of the connection."""
        try:
            if self._answer_due is None:
                self._answer_due = time.monotonic() + LONGEST_ANSWER
            while True:
                check_cancelled()
                if time.monotonic() > self._answer_due:
                    raise TimeoutError
                try:
                    return self._socket.recv(max_bytes)
                except BlockingIOError:
                    _wait(self._socket, selectors.EVENT_READ, timeout)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout("nothing came in time") from exc
        except (OSError, ValueError) as exc:
            raise httpcore.ReadError(str(exc)) from exc

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand all of `buffer` to the system. `timeout` holds for every piece that it takes, not for the whole."""
        rest = memoryview(buffer)
        self._answer_due = None
        try:
            while rest:
                check_cancelled()
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    _wait(self._socket, selectors.EVENT_WRITE, timeout)
        except TimeoutError as exc:
            raise httpcore.WriteTimeout("nothing was taken in time") from exc
        except (OSError, ValueError) as exc:
            raise httpcore.WriteError(str(exc)) from exc

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection with TLS on it."""
        return SecureStream(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Return what the HTTP client asks of a connection: addresses, and whether something has come unasked."""
        if info == "socket":
            return self._socket
        if info == "client_addr":
            return self._socket.getsockname()
        if info == "server_addr":
            return self._socket.getpeername()
        if info == "is_readable":
            return self._socket.fileno() < 0 or _is_ready(self._socket, selectors.EVENT_READ, 0)
        return None


class SecureStream(httpcore.NetworkStream):
    """TLS on any stream, so that an inner handshake through a TLS proxy needs nothing of its own.

    Raises `httpcore.ConnectError` when the handshake fails; its cause tells a certificate from a lost connection.
    """

    def __init__(
        self,
        lower: httpcore.NetworkStream,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None,
        timeout: float | None,
    ) -> None:
        self._lower = lower
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        try:
            self._tls = ssl_context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
            self._handshake(timeout)
        except BaseException:
            lower.close()
            raise

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, at most `max_bytes`; nothing at the end of the connection."""
        try:
            return self._perform(lambda: self._tls.read(max_bytes), timeout)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as exc:
            raise httpcore.ReadError(str(exc)) from exc

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand all of `buffer`, encrypted, to the system."""
        rest = memoryview(buffer)
        try:
            while rest:
                rest = rest[self._perform(lambda view=rest: self._tls.write(view), timeout) :]  # type: ignore[misc]
        except ssl.SSLError as exc:
            raise httpcore.WriteError(str(exc)) from exc

    def close(self) -> None:
        """Close the connection."""
        self._lower.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection with TLS inside TLS: the service behind a proxy that speaks TLS itself."""
        return SecureStream(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Return what the HTTP client asks of a connection."""
        if info == "ssl_object":
            return self._tls
        if info == "is_readable" and (self._incoming.pending or self._tls.pending()):
            return True
        return self._lower.get_extra_info(info)

    def _handshake(self, timeout: float | None) -> None:
        try:
            self._perform(self._tls.do_handshake, timeout)
        except ssl.SSLError as exc:
            with suppress(httpcore.NetworkError, httpcore.TimeoutException):
                self._flush(timeout)  # the alert tells the other side why
            raise httpcore.ConnectError(str(exc)) from exc
        except httpcore.TimeoutException as exc:
            raise httpcore.ConnectTimeout(str(exc)) from exc
        except httpcore.NetworkError as exc:
            raise httpcore.ConnectError(str(exc)) from exc

    def _perform(self, operation: Callable[[], _Result], timeout: float | None) -> _Result:
        """Do what TLS is asked for, moving bytes between it and the stream below until it is done."""
        while True:
            with suppress(ssl.SSLWantReadError):
                result = operation()
                self._flush(timeout)
                return result
            self._flush(timeout)
            received = self._lower.read(_READ_SIZE, timeout)
            if received:
                self._incoming.write(received)
            else:
                self._incoming.write_eof()

    def _flush(self, timeout: float | None) -> None:
        if self._outgoing.pending:
            self._lower.write(self._outgoing.read(), timeout)


class Network(httpcore.NetworkBackend):
    """Opens connections; looking up the name and connecting end on `cancel` as well."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the pool's seam has it; no lane binds to an address
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers; `timeout` holds for each address."""
        try:
            failure: OSError = OSError("the name has no address")
            for family, kind, protocol, _, address in _resolve(host, port, timeout):
                try:
                    return PlainStream(_connected(family, kind, protocol, address, timeout, socket_options or ()))
                except OSError as exc:
                    failure = exc
            raise failure
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout("no connection in time") from exc
        except (OSError, UnicodeError) as exc:
            raise httpcore.ConnectError(str(exc)) from exc


def _connected(
    family: int, kind: int, protocol: int, address: _Address, timeout: float | None, options: Iterable[Any]
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in options:
            sock.setsockopt(*option)
        code = sock.connect_ex(address)
        if code in _IN_PROGRESS:
            _wait(sock, selectors.EVENT_WRITE, timeout)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def _resolve(host: str, port: int, timeout: float | None) -> list[tuple[int, int, int, str, _Address]]:
    """Look up `host`. The system's look-up cannot be ended, so it runs aside and is left alone when it takes too long.

    Raises OSError (also where the name is not known), UnicodeError (no name at all), TimeoutError, Cancelled.
    """
    answers: SimpleQueue[list[tuple[int, int, int, str, _Address]] | OSError | UnicodeError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put([tuple(found) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])  # type: ignore[misc]
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    Thread(target=look_up, name="name look-up", daemon=True).start()
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        check_cancelled()
        try:
            answer = answers.get(timeout=_next_slice(deadline))
        except Empty:
            continue
        if isinstance(answer, Exception):
            raise answer
        return answer


def _wait(sock: socket.socket, event: int, timeout: float | None) -> None:
    """Wait until `sock` is ready for `event`. Raise TimeoutError or Cancelled."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while not _is_ready(sock, event, _next_slice(deadline)):
        check_cancelled()


def _is_ready(sock: socket.socket, event: int, seconds: float) -> bool:
    with _Selector() as selector:
        selector.register(sock, event)
        return bool(selector.select(seconds))


def _next_slice(deadline: float | None) -> float:
    left = SLICE if deadline is None else min(SLICE, deadline - time.monotonic())
    if left <= 0:
        raise TimeoutError
    return left
