"""What proves that time has passed: claims by the clock of another boot, and the services' own clocks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("filename_claim", sa.Column("unproved", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("filename_claim", sa.Column("service_date", sa.String(32)))
    op.add_column("clock_reading", sa.Column("since", sa.String(32)))
    op.add_column("clock_reading", sa.Column("gap", sa.Float, nullable=False, server_default="0"))
    op.create_table(
        "service_clock",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("ahead", sa.Float, nullable=False),
    )
