"""The ledger's tables, as the newest migration leaves them.

Patient names are not kept here: the metadata stays in the sidecar, and what is wrong with a failed packet in its
problem document (`kept.py`); both stand with the packet. What people search for (file name, claim ID, control number)
is kept for as long as the files are.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

from agent.shown import in_unicode


class UtcText(TypeDecorator[datetime]):
    """A moment in UTC as text of one width, so that it sorts as it reads."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        """Write a moment."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base's signature
        """Read a moment."""
        return None if value is None else datetime.fromisoformat(value)


class NameText(TypeDecorator[str]):
    """A name as a disk has it. Disks take names that are no Unicode (a byte of some old code page on Linux, half a
    character on Windows), databases do not: what they refuse is written as its number behind a mark.
    """

    impl = String
    cache_ok = True
    _mark = "\x1a"
    _refused = re.compile("[\ud800-\udfff\x1a]")
    _written = re.compile("\x1a([0-9a-f]{4})")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        """Write a name."""
        return None if value is None else self._refused.sub(lambda one: f"{self._mark}{ord(one[0]):04x}", value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        """Read a name."""
        return None if value is None else self._written.sub(lambda one: chr(int(one[1], 16)), value)


class ShownText(TypeDecorator[str]):
    """A text that is only shown and searched for: half characters are spelled out for good."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's signature
        """Write a text."""
        return None if value is None else str(in_unicode(value))


class Facts(TypeDecorator[Any]):
    """What people are told, as JSON; half characters in it are spelled out for good."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - the base's signature
        """Write facts."""
        return in_unicode(value)


metadata = MetaData()

packet = Table(
    "packet",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("store", String, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("name", NameText, nullable=False),
    Column("folder", NameText, nullable=False, default=""),
    Column("keep_names", Boolean, nullable=False, default=False),
    Column("shelf", String(16), nullable=False),  # where the files stand: sending, held, sent, failed
    Column("arrived_at", UtcText, nullable=False),
    Column("next_at", UtcText),  # queued: not before; held: goes at
    Column("attempts", Integer, nullable=False, default=0),
    Column("name_refusals", Integer, nullable=False, default=0),  # "this name was used already", in a row
    Column("first_attempt_at", UtcText),
    Column("possibly_sent", Boolean, nullable=False, default=False),  # an attempt whose reply was lost
    Column("lost_tries", Integer, nullable=False, default=0),
    Column("lost_whole", Boolean, nullable=False, default=False),
    Column("tried_seconds", Float, nullable=False, default=0.0),
    Column("last_tried_at", UtcText),
    Column("lost_since", UtcText),
    Column("claim", ShownText, nullable=False, default=""),
    Column("fingerprint", String(64), nullable=False, default=""),
    Column("upload_name", NameText, nullable=False, default=""),
    Column("size", BigInteger, nullable=False, default=0),
    Column("warnings", Facts, nullable=False, default=list),
    Column("problem", Facts),
    Column("receipt", JSON(none_as_null=True)),  # its names are those of files, and stay what they are
    Column("control_number", ShownText, nullable=False, default=""),
    Column("ended_at", UtcText),
    Column("account", String, nullable=False, default=""),
    Column(
        "stands_as", NameText, nullable=False, default=""
    ),  # on its last shelf: its documents' path, but for their ending
    Column("resolved_at", UtcText),  # a failed packet whose files have left the shelf needs nobody any more
    Index("packet_by_state", "state"),
    Index("packet_by_content", "fingerprint", "size"),
    Index("packet_by_arrival", "arrived_at"),
)

packet_file = Table(
    "packet_file",
    metadata,
    Column("packet", ForeignKey("packet.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("role", String(16), nullable=False),  # document, sidecar
    Column("name", NameText, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("file_id", String, nullable=False, default=""),
    Column("sha256", String(64), nullable=False, default=""),
)

attempt = Table(
    "attempt",
    metadata,
    Column("packet", ForeignKey("packet.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", UtcText, nullable=False),
    Column("ended_at", UtcText),
    Column("outcome", String(16)),  # none yet: still under way, or the agent was killed in its middle
    Column("status", Integer),
    Column("code", String, nullable=False, default=""),
    Column("body", String(8), nullable=False, default=""),  # none, part, whole; empty: the agent was killed in it
)

filename_claim = Table(
    "filename_claim",
    metadata,
    Column("packet", String(32), primary_key=True),
    Column("store_id", String, nullable=False),
    Column("key", NameText, nullable=False),
    Column("sha256", String(64), nullable=False, default=""),
    Column("state", String(16), nullable=False),  # reserved, unknown, accepted
    Column("claimed_at", UtcText, nullable=False),
    Column("accepted_at", UtcText),  # from when the window counts
    Column("unproved", Boolean, nullable=False, default=False),  # `accepted_at` is by the clock of an earlier boot
    Column("service_date", UtcText),  # `accepted_at` by the service's own clock
    Index("filename_claim_by_key", "store_id", "key"),
)

lane = Table(
    "lane",
    metadata,
    Column("store", String, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("paused_since", UtcText),
    Column("blocked_since", UtcText),
    Column("rest_until", UtcText),  # the service asked for patience, or cannot be reached
    Column("setbacks", Integer, nullable=False, default=0),
    Column("problem", Facts),
    Column("marker_expected", Boolean, nullable=False, default=False),
    Column("lost_in_a_row", Integer, nullable=False, default=0),
    Column("stopped", Boolean, nullable=False, default=False),
    Column("writes_in_steps", Boolean, nullable=False, default=False),
    Column("places", JSON(none_as_null=True)),  # where its folder and shelves stand and have stood
)

waiting = Table(
    "waiting",
    metadata,
    Column("store", String, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", NameText, primary_key=True),
    Column("identity", String, primary_key=True),
    Column("since", UtcText, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcText, nullable=False),
    Column("packet", String(32), nullable=False, default=""),
    Column("lane", String, nullable=False, default=""),
    Column("event", String(32), nullable=False),
    Column("detail", Facts, nullable=False, default=dict),
    Column("actor", String, nullable=False, default=""),  # the OS user, where a person asked for it
    Column("chain", String(64), nullable=False, default=""),  # of this line and the one before: `chain.link`
    Index("journal_by_packet", "packet"),
)

journal_start = Table(  # no row: nothing was removed yet
    "journal_start",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),  # the last line that was removed for its age
    Column("chain", String(64), nullable=False),  # and its chain, from which the first that stands goes on
)

clock_reading = Table(
    "clock_reading",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("boot", String, nullable=False),
    Column("wall", UtcText, nullable=False),
    Column("steady", String, nullable=False),
    Column("since", UtcText),  # when this boot was first seen, by the wall clock of now
    Column("gap", Float, nullable=False, default=0.0),  # seconds, by the wall clock, before it in which none was seen
)

service_clock = Table(
    "service_clock",
    metadata,
    Column("account", String, primary_key=True),
    Column("ahead", Float, nullable=False),  # seconds by which our wall clock, in this boot, is ahead of the service's
)
