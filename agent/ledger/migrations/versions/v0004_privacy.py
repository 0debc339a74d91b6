"""What a failed packet's files said is kept beside them alone; the journal's lines are chained, and old ones may go."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_WITHOUT_VALUES = (
    "answers-lost",
    "changed",
    "changed-after-sending",
    "changed-before-sending",
    "connection-lost",
    "duplicate",
    "ends-outtray",
    "file-changed",
    "file-unreadable",
    "files-missing",
    "folder-inside-folder",
    "folder-several-sidecars",
    "folder-unlisted-files",
    "gave-up",
    "gave-up-unsure",
    "hidden-rows",
    "incomplete",
    "longer-came",
    "lost-too-long-ago",
    "name-taken",
    "name-taken-unsure",
    "name-used",
    "names-alike",
    "no-header",
    "no-profile",
    "no-sidecar",
    "no-statements",
    "not-verified",
    "reply-lost",
    "sidecar-ambiguous",
    "sidecar-barred",
    "statement-name",
    "statement-rows",
    "statements-not-accepted",
    "two-profiles",
    "two-sidecars",
    "unexpected",
    "unreadable",
    "vanished",
    "withdrawn",
)


def upgrade() -> None:
    connection = op.get_bind()
    _clear_values(connection)
    op.add_column("journal", sa.Column("chain", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "journal_start",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
    )
    op.execute("DROP TRIGGER IF EXISTS journal_refuses_update")
    _chain(connection)
    op.execute(
        "CREATE TRIGGER journal_refuses_update BEFORE UPDATE ON journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    )
    op.execute("DROP TRIGGER IF EXISTS journal_refuses_delete")
    op.execute(
        "CREATE TRIGGER journal_refuses_delete BEFORE DELETE ON journal "
        "WHEN OLD.number > COALESCE((SELECT number FROM journal_start), 0) "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    )


def _clear_values(connection: sa.Connection) -> None:
    packet = sa.table("packet", *map(sa.column, ("id", "name", "state", "shelf", "problem", "warnings")))
    at_rest = sa.select(packet).where(packet.c.state == "failed", packet.c.shelf == "failed")
    for row in connection.execute(at_rest).all():
        values = {"warnings": "[]"}
        problem = json.loads(row.problem) if row.problem else None
        if problem is not None:
            problem["details"] = [{"where": one["where"], "value": "", "message": ""} for one in problem["details"]]
            if problem["code"] not in _WITHOUT_VALUES:
                problem["sentence"] = f"{row.name} was not sent."
                problem["what_to_do"] = "What is wrong with it stands in the note beside it on the failed shelf."
            values["problem"] = json.dumps(problem)
        connection.execute(sa.update(packet).where(packet.c.id == row.id).values(**values))


def _chain(connection: sa.Connection) -> None:
    """Chain the lines as they stand: what happened to them before nobody can tell."""
    names = ("at", "event", "packet", "lane", "detail", "actor")
    journal = sa.table("journal", *map(sa.column, ("number", *names, "chain")))
    chained = sa.update(journal).where(journal.c.number == sa.bindparam("of")).values(chain=sa.bindparam("link"))
    chain, batch = "", []
    for row in connection.execute(sa.select(journal).order_by(journal.c.number)).all():
        line = [chain, row.at, row.event, row.packet, row.lane, json.loads(row.detail), row.actor]
        chain = hashlib.sha256(json.dumps(line, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        batch.append({"of": row.number, "link": chain})
    if batch:
        connection.execute(chained, batch)
