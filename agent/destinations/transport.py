"""The HTTP client of a destination: the system's trust store, its proxy, waits that can be ended, nothing else.

Redirects are not followed: a service that sends elsewhere has a wrong address in the settings. Cookies are not kept.
TLS is always verified; there is no way to turn that off. A test or an office with its own authority gives an
`ssl_context` that trusts it, and this room's own terms hold for that one as well.
"""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock

import httpcore
import httpx
import truststore

from agent import __version__
from agent.destinations.network import Network
from agent.settings.environment import is_loopback

TIMEOUT = httpx.Timeout(connect=15, write=60, read=120, pool=None)
"""Seconds. Uploads are slow and the service may think long over a scan: the client's own 5 s would be far too short."""

KEEP_ALIVE = 20.0
"""Seconds for which an idle connection is kept for the next packet."""


TLS_AT_LEAST = ssl.TLSVersion.TLSv1_2
CIPHERS = "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20"
"""What is agreed to in TLS 1.2, as OpenSSL writes it: AEAD suites with a fresh key for each connection (NIST SP
800-52r2, 3.3.1); no RSA key below 2,048 bits and no SHA-1 signature. The suites of TLS 1.3 are all of that kind."""


class ProxyUnusable(Exception):
    """The proxy setting, ours or the system's, is not the address of an HTTP proxy."""


def build_client(
    *,
    proxy: str | None = None,
    senders: int = 4,
    ssl_context: ssl.SSLContext | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """Return the client of one lane, for any number of threads.

    `proxy`: None is the system's (environment, Windows' or macOS's settings). `senders`: how many idle connections are
    worth keeping; there is no upper limit, so that no send ever waits for another's connection. `transport` replaces
    the network, for tests and simulation; it must read the request's body.
    """
    return httpx.Client(
        transport=transport or Transport(ssl_context or trusted_by_the_system(), proxy, senders),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "User-Agent": f"OutTray/{__version__}",
            "Accept": "application/json, application/problem+json",
            "Accept-Encoding": "identity",
        },
    )


def trusted_by_the_system() -> ssl.SSLContext:
    """Return a TLS context that trusts what the operating system trusts: only there is an office's own authority known.

    On Linux OpenSSL's `SSL_CERT_FILE` and `SSL_CERT_DIR` hold as well.
    """
    return on_our_terms(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def on_our_terms(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return a TLS context that agrees to no less than this room does, whatever the system's OpenSSL would.

    Raises ValueError for one that does not verify certificates and the names in them.
    """
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ValueError("certificates are always verified")
    context.minimum_version = TLS_AT_LEAST
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.set_ciphers(CIPHERS)
    return context


class Transport(httpx.BaseTransport):
    """HTTP/1.1 over connections whose waits can be ended, straight or through a proxy."""

    def __init__(self, ssl_context: ssl.SSLContext, proxy: str | None, senders: int) -> None:
        self._ssl_context = on_our_terms(ssl_context)
        self._proxy = proxy
        self._senders = senders
        self._pools: dict[str | None, httpcore.ConnectionPool] = {}
        self._routes: dict[str, str | None] = {}
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return the reply, its body still to be read. Raise httpx's exceptions."""
        inner = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            with _as_httpx():
                reply = self._pool(request.url).handle_request(inner)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
            self._forget_routes()
            raise
        return httpx.Response(
            status_code=reply.status, headers=reply.headers, stream=_ReplyStream(reply), extensions=reply.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        with self._lock:
            if url.host not in self._routes:
                self._routes[url.host] = self._proxy_for(url)
            route = self._routes[url.host]
            if route not in self._pools:
                self._pools[route] = self._new_pool(route)
            return self._pools[route]

    def _forget_routes(self) -> None:
        """Look at the system's proxy settings again: a laptop may have been carried to another network."""
        with self._lock:
            self._routes.clear()

    def _proxy_for(self, url: httpx.URL) -> str | None:
        if is_loopback(url.host):
            return None
        if self._proxy is not None:
            return self._proxy
        if urllib.request.proxy_bypass(url.host):
            return None
        proxies = urllib.request.getproxies()
        return proxies.get(url.scheme) or proxies.get("all") or None

    def _new_pool(self, route: str | None) -> httpcore.ConnectionPool:
        if route is None:
            return httpcore.ConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=None,
                max_keepalive_connections=self._senders,
                keepalive_expiry=KEEP_ALIVE,
                network_backend=Network(),
            )
        proxy = httpx.Proxy(proxy_url(route), ssl_context=self._ssl_context)
        return httpcore.HTTPProxy(
            proxy_url=httpcore.URL(
                scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
            ),
            proxy_auth=proxy.raw_auth,
            proxy_ssl_context=self._ssl_context if proxy.url.scheme == "https" else None,
            ssl_context=self._ssl_context,
            max_connections=None,
            max_keepalive_connections=self._senders,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=Network(),
        )


def proxy_url(route: str) -> httpx.URL:
    """Return a proxy's address as the settings or the system name it; `http://` may go unsaid.

    Raises ProxyUnusable for what is none, or where a sign without its escape may have cut a password in two: its second
    half would be taken for a path, and its first for a port. Never says what stood there.
    """
    try:
        url = httpx.URL(route if "://" in route else f"http://{route}")
    except (ValueError, httpx.InvalidURL):
        raise ProxyUnusable from None
    behind = f"{url.path}{url.query.decode('ascii', 'replace')}{url.fragment}"
    if url.scheme not in ("http", "https") or not url.host or "@" in behind:
        raise ProxyUnusable
    return url


def without_credentials(url: str) -> str:
    """Return an address as it may be shown: no user, password or query in it."""
    return str(httpx.URL(url).copy_with(username=None, password=None, query=None, fragment=None))


class _ReplyStream(httpx.SyncByteStream):
    def __init__(self, reply: httpcore.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._reply.iter_stream()

    def close(self) -> None:
        if _has_more(self._reply):
            self._reply.extensions["network_stream"].close()  # so that nobody is given this connection again
        self._reply.close()


def _has_more(reply: httpcore.Response) -> bool:
    """Tell whether more has come behind a reply, unasked: it would be taken for the answer to the next request.

    The pool keeps it in the connection's buffer and tells nobody. Where it cannot be seen, it is taken to be there.
    """
    connection = getattr(getattr(reply.stream, "_stream", None), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    return state is None or bool(state.trailing_data[0])


_EXCEPTIONS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise the client's exceptions for those of the connection pool, which it knows nothing of."""
    try:
        yield
    except tuple(_EXCEPTIONS) as exc:
        raise _EXCEPTIONS[type(exc)](str(exc)) from exc
