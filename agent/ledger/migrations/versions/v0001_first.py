"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "packet",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("store", sa.String, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("folder", sa.String, nullable=False),
        sa.Column("keep_names", sa.Boolean, nullable=False),
        sa.Column("shelf", sa.String(16), nullable=False),
        sa.Column("arrived_at", sa.String(32), nullable=False),
        sa.Column("next_at", sa.String(32)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("name_refusals", sa.Integer, nullable=False),
        sa.Column("first_attempt_at", sa.String(32)),
        sa.Column("possibly_sent", sa.Boolean, nullable=False),
        sa.Column("claim", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("upload_name", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("problem", sa.JSON),
        sa.Column("receipt", sa.JSON),
        sa.Column("control_number", sa.String, nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("resolved_at", sa.String(32)),
    )
    op.create_index("packet_by_state", "packet", ["state"])
    op.create_index("packet_by_lane_size", "packet", ["store", "kind", "size"])
    op.create_index("packet_by_arrival", "packet", ["arrived_at"])
    op.create_table(
        "packet_file",
        sa.Column("packet", sa.String(32), sa.ForeignKey("packet.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("file_id", sa.String, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column("packet", sa.String(32), sa.ForeignKey("packet.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("outcome", sa.String(16)),
        sa.Column("status", sa.Integer),
        sa.Column("code", sa.String, nullable=False),
    )
    op.create_table(
        "filename_claim",
        sa.Column("packet", sa.String(32), primary_key=True),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claimed_at", sa.String(32), nullable=False),
        sa.Column("accepted_at", sa.String(32)),
    )
    op.create_index("filename_claim_by_key", "filename_claim", ["store_id", "key"])
    op.create_table(
        "lane",
        sa.Column("store", sa.String, primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("paused_since", sa.String(32)),
        sa.Column("blocked_since", sa.String(32)),
        sa.Column("rest_until", sa.String(32)),
        sa.Column("setbacks", sa.Integer, nullable=False),
        sa.Column("problem", sa.JSON),
        sa.Column("marker_expected", sa.Boolean, nullable=False),
    )
    op.create_table(
        "waiting",
        sa.Column("store", sa.String, primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("identity", sa.String, primary_key=True),
        sa.Column("since", sa.String(32), nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("packet", sa.String(32), nullable=False),
        sa.Column("lane", sa.String, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
    )
    op.create_index("journal_by_packet", "journal", ["packet"])
    op.create_table(
        "clock_reading",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("boot", sa.String, nullable=False),
        sa.Column("wall", sa.String(32), nullable=False),
        sa.Column("steady", sa.String, nullable=False),
    )
    # The journal is append-only by the database's own hand, not by our good manners.
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_refuses_{verb.lower()} BEFORE {verb} ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
