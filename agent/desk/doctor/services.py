"""The services: the way to them, their certificates, this PC's clock against theirs, token and health."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TYPE_CHECKING

import httpx

from agent.delivery.engine import destination_for
from agent.desk.doctor.finding import Check, Finding, State, found
from agent.desk.doctor.world import World
from agent.destinations import dentatt
from agent.destinations.limiter import UploadLimiter
from agent.destinations.outcomes import Service, classify_failure
from agent.destinations.tokens import Credentials, Token, TokenSource
from agent.destinations.transport import ProxyUnusable, proxy_url
from agent.model import LaneId, LaneKind, Problem
from agent.settings.environment import is_loopback
from agent.settings.schema import AttachmentsSettings, LaneSettings, Settings, StatementsSettings, StoreSettings
from agent.settings.secrets import SECRET_OF

if TYPE_CHECKING:
    from ssl import SSLObject

    from cryptography.x509 import Certificate, Name

CLOCK_WARNS, CLOCK_FAILS = timedelta(minutes=2), timedelta(minutes=10)
CERTIFICATE_WARNS = timedelta(days=14)
_INSPECTORS = (
    "zscaler", "fortinet", "fortigate", "sophos", "kaspersky", "eset", "netskope", "palo alto", "cisco umbrella",
    "blue coat", "symantec web", "bitdefender", "avast", "avg", "mcafee web", "forcepoint", "barracuda", "sonicwall",
    "watchguard", "check point",
)  # fmt: skip


@dataclass(frozen=True)
class Contact:
    """The first contact with a service's address: a problem, or its clock and certificate. Nobody signs in for it."""

    problem: Problem | None = None
    date: datetime | None = None
    asked_at: datetime | None = None
    certificate: Certificate | None = None


def check_services(settings: Settings, secrets_there: frozenset[LaneId], world: World) -> Iterator[Finding]:
    """Check every lane's service. `secrets_there`: the lanes whose secret was found; others are not signed in."""
    with world.client(settings) as client:
        contacts: dict[tuple[str, str], Contact] = {}
        for store in settings.store:
            for lane, lane_settings in store.lanes.items():
                yield from _check_service(store, lane, lane_settings, lane in secrets_there, client, contacts, world)
        yield _clock([contact for contact in contacts.values() if contact.date is not None])


def _check_service(
    store: StoreSettings,
    lane: LaneId,
    settings: LaneSettings,
    secret_there: bool,
    client: httpx.Client,
    contacts: dict[tuple[str, str], Contact],
    world: World,
) -> Iterator[Finding]:
    service = _service(lane)
    addresses = _addresses(settings)
    origins = [(service.name, str(httpx.URL(address).join("/"))) for address in addresses]
    for address, origin in zip(addresses, origins, strict=True):
        if origin not in contacts:
            contacts[origin] = contact(client, address, service, world)
    met = [contacts[origin] for origin in origins]
    lost = next((one.problem for one in met if one.problem is not None), None)
    if lost is not None:
        yield found(Check.TLS if _is_about_tls(lost) else Check.HEALTH, lost, lane)
        return
    yield _tls(lane, addresses, met, world)
    if not secret_there:
        yield Finding(Check.HEALTH, State.SKIPPED, "Not asked, because its secret is not there.", lane=str(lane))
        return
    if isinstance(settings, AttachmentsSettings):
        token = _token(lane, settings, client, service, world)
        yield token
        if token.state is not State.OK:
            yield Finding(Check.HEALTH, State.SKIPPED, "Not asked, because there is no token.", lane=str(lane))
            return
    limiter = UploadLimiter(None, world.clock.steady)
    destination = destination_for(store, settings, lane, world.secrets, client, world.fs, limiter, world.clock)
    health = destination.health()
    if health.problem is not None:
        finding = found(Check.HEALTH, health.problem, lane)
        yield replace(finding, detail="; ".join(filter(None, (health.detail, finding.detail))))
    else:
        said = f"The {service.name} takes this practice's credentials and answers."
        yield Finding(Check.HEALTH, State.OK, said, lane=str(lane), detail=health.detail)


def _service(lane: LaneId) -> Service:
    secret = SECRET_OF[lane.kind]
    if lane.kind is LaneKind.ATTACHMENTS:
        return Service("attachments service", "", lane.store, secret, dentatt.translate)
    return Service("statements service", "", lane.store, secret)


def _addresses(settings: LaneSettings) -> list[str]:
    if isinstance(settings, AttachmentsSettings):
        return [settings.service_token_url, settings.service_url]
    assert isinstance(settings, StatementsSettings)  # noqa: S101 - there are two kinds
    return [settings.base_url]


# --- The first contact ----------------------------------------------------------------------------------------------


def contact(client: httpx.Client, address: str, service: Service, world: World) -> Contact:
    """Knock at an address, without credentials; whatever HTTP status comes back will do. Never raises."""
    try:
        with client.stream("GET", address) as response:
            return Contact(
                date=_date(response.headers.get("date", "")),
                asked_at=world.clock.now(),
                certificate=_certificate(response),
            )
    except Exception as trouble:  # noqa: BLE001 - whatever happens on the wire is told, as for a send
        return Contact(classify_failure(trouble, service).problem)


def _date(value: str) -> datetime | None:
    """Read a Date header (RFC 9110, 6.6.1)."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _certificate(response: httpx.Response) -> Certificate | None:
    stream = response.extensions.get("network_stream")
    connection: SSLObject | None = stream.get_extra_info("ssl_object") if stream is not None else None
    der = connection.getpeercert(binary_form=True) if connection is not None else None
    if der is None:
        return None
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)


# --- What it tells --------------------------------------------------------------------------------------------------


def _is_about_tls(problem: Problem) -> bool:
    return problem.code in ("certificate-not-trusted", "no-secure-connection")


def _tls(lane: LaneId, addresses: list[str], met: list[Contact], world: World) -> Finding:
    certificates = [one.certificate for one in met if one.certificate is not None]
    if not certificates:
        said = "Not needed: the service is on this PC itself."
        return Finding(Check.TLS, State.SKIPPED, said, lane=str(lane), detail=_shown(addresses))
    first = min(certificates, key=lambda certificate: certificate.not_valid_after_utc)
    ends = first.not_valid_after_utc
    issuer = _organisation(first.issuer)
    detail = f"{_shown(addresses)}, issued by {issuer}, until {ends:%Y-%m-%d}"
    if ends - world.clock.now() < CERTIFICATE_WARNS:
        return Finding(
            Check.TLS,
            State.WARN,
            f"The service's certificate is trusted, but runs out on {ends:%B} {ends.day}.",
            "The service renews it as a rule. If it has not a few days before, ask the service's support.",
            str(lane),
            detail,
        )
    if any(name in issuer.casefold() for name in _INSPECTORS):
        said = f"Trusted; the office's protection ({issuer}) looks into this connection."
        return Finding(Check.TLS, State.OK, said, lane=str(lane), detail=detail)
    return Finding(Check.TLS, State.OK, "The service's certificate is trusted.", lane=str(lane), detail=detail)


def _organisation(name: Name) -> str:
    from cryptography.x509.oid import NameOID

    parts = [*name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME), *name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return str(parts[0].value) if parts else "an authority without a name"


def _shown(addresses: list[str]) -> str:
    return ", ".join(dict.fromkeys(httpx.URL(address).host for address in addresses))


def _clock(contacts: list[Contact]) -> Finding:
    """Hold this PC's clock against the services': the nearest of them counts, for theirs can be wrong too."""
    gaps = [one.asked_at - one.date for one in contacts if one.asked_at is not None and one.date is not None]
    if not gaps:
        return Finding(Check.CLOCK, State.SKIPPED, "Not compared: no service told its time.")
    gap = min(gaps, key=abs)
    if abs(gap) <= CLOCK_WARNS:
        return Finding(Check.CLOCK, State.OK, "Right within two minutes of the services' clocks.")
    minutes = round(abs(gap) / timedelta(minutes=1))
    way = "ahead of" if gap > timedelta() else "behind"
    remedy = "Set this PC's clock, time zone and date, and switch on setting the time automatically."
    state = State.FAIL if abs(gap) > CLOCK_FAILS else State.WARN
    return Finding(Check.CLOCK, state, f"This PC's clock is {minutes} minutes {way} the services' clocks.", remedy)


def _token(
    lane: LaneId, settings: AttachmentsSettings, client: httpx.Client, service: Service, world: World
) -> Finding:
    credentials = Credentials(settings.client_id, lambda: world.secrets.get(lane.store, SECRET_OF[lane.kind]))
    got = TokenSource(client, settings.service_token_url, credentials, service, world.clock).get(Event())
    if isinstance(got, Token):
        return Finding(Check.TOKEN, State.OK, "The service gave a token.", lane=str(lane))
    return found(Check.TOKEN, got.problem, lane)


# --- The proxy ------------------------------------------------------------------------------------------------------


def check_proxy(settings: Settings, world: World) -> Finding:
    """Tell which proxy the services are reached through, without its credentials."""
    hosts = [httpx.URL(address) for lane in settings.lanes.values() for address in _addresses(lane)]
    outside = [url for url in hosts if not is_loopback(url.host)]
    if settings.agent.proxy is not None:
        route, by = settings.agent.proxy, "The settings name it"
    else:
        proxies = world.system_proxies()
        ways = [
            proxies.get(url.scheme) or proxies.get("all")
            for url in outside or [httpx.URL("https://example.com")]
            if not world.bypassed(url.host)
        ]
        route, by = next((way for way in ways if way), ""), "The system names it"
    if not route:
        return Finding(Check.PROXY, State.OK, "None in the settings or the system.")
    try:
        shown = str(proxy_url(route).copy_with(username=None, password=None, raw_path=b"/", fragment=None)).rstrip("/")
    except ProxyUnusable:
        said = "The proxy that is set is not an address that can be used."
        return Finding(Check.PROXY, State.FAIL, said, "IT can write the proxy as http://name:port in the settings.")
    used = "" if outside else " No service is reached through it: all are on this PC itself."
    return Finding(Check.PROXY, State.OK, f"{by}: {shown}.{used}")
