"""What is known of a try, how much went out, and what the tries before it prove; lookups by what a packet says."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("packet", sa.Column("lost_tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("packet", sa.Column("lost_whole", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("packet", sa.Column("tried_seconds", sa.Float, nullable=False, server_default="0"))
    op.add_column("packet", sa.Column("last_tried_at", sa.String(32)))
    op.add_column("packet", sa.Column("lost_since", sa.String(32)))
    op.add_column("packet", sa.Column("account", sa.String, nullable=False, server_default=""))
    op.add_column("attempt", sa.Column("body", sa.String(8), nullable=False, server_default=""))
    op.add_column("lane", sa.Column("lost_in_a_row", sa.Integer, nullable=False, server_default="0"))
    op.add_column("lane", sa.Column("stopped", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("lane", sa.Column("writes_in_steps", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("packet", sa.Column("stands_as", sa.String, nullable=False, server_default=""))
    op.add_column("lane", sa.Column("places", sa.JSON))
    op.drop_index("packet_by_lane_size", "packet")
    op.create_index("packet_by_content", "packet", ["fingerprint", "size"])
