"""The settings file as types: what `outtray.toml` may say, and what holds when it says nothing.

The keys are a contract with IT's scripts and installers. Reading, and telling errors in plain words, is `reading.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.model import LaneId, LaneKind


class Section(BaseModel):
    """A table of the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageSettings(Section):
    """`[agent.page]`: the activity page."""

    enabled: bool = True
    port: int = Field(0, ge=0, le=65535, description="0: any free port")


class AgentSettings(Section):
    """`[agent]`: what holds for the whole PC."""

    data_dir: Path | None = Field(None, description="ledger, spool and logs; none: where the system keeps such data")
    ledger: str = Field("sqlite", description="sqlite, or postgresql+psycopg://user@host/db")
    senders: int = Field(4, ge=1, le=32)
    upload_limit: str | None = Field(None, description="such as 2 MB/s; none: no limit")
    notices: Literal["all", "problems", "none"] = "problems"
    show_names: bool = Field(False, description="file and patient names in notices and logs")
    keep_sent_days: int = Field(0, ge=0, description="0 keeps for ever")
    proxy: str | None = Field(None, description="none: the system's")
    page: PageSettings = PageSettings()


class LaneSettings(Section):
    """What every lane takes."""

    folder: Path
    watch: Literal["auto", "native", "poll"] = "auto"
    settle_seconds: float | None = Field(None, ge=0, description="none: 2, on shares 5")
    rescan_seconds: float = Field(60, gt=0)
    incomplete_minutes: float = Field(10, gt=0)
    waiting_hours: float = Field(72, gt=0)
    give_up_after: float = Field(72, gt=0, description="hours of trying before a packet fails")
    max_file_mb: float = Field(64, gt=0)
    max_request_mb: float = Field(100, gt=0)
    held: str = "held"
    sending: str = "sending"
    sent: str = "sent"
    failed: str = "failed"

    def shelf(self, name: Literal["held", "sending", "sent", "failed"]) -> Path:
        """Return where a shelf stands: inside the watched folder, or where an absolute path puts it."""
        shelves = {"held": self.held, "sending": self.sending, "sent": self.sent, "failed": self.failed}
        return self.folder / shelves[name]


class AttachmentsSettings(LaneSettings):
    """`[store.attachments]`: scans with their sidecars, to the claim-attachments service."""

    environment: Literal["sandbox", "production"] | None = None
    base_url: str | None = None
    token_url: str | None = None
    create_path: str = "/attachments/documents"
    request_style: Literal["json", "fields"] = "json"
    client_id: str | None = None
    submitter_id: str | None = None
    billing_provider_tax_id: str | None = None
    provider_npi: str | None = None
    duplicate_days: float = Field(7, ge=0)


class FilenameRuleSettings(Section):
    """`[store.statements.filename_rule]`: how a store keeps the service's 24-hour rule."""

    scope: Literal["filename", "store"] = "filename"
    on_conflict: Literal["hold", "fail"] = "hold"
    upload_name: str = "{name}"


class StatementsSettings(LaneSettings):
    """`[store.statements]`: statement files, to the billing service."""

    base_url: str
    profile: str = "auto"
    include: tuple[str, ...] = ("*.xml", "*.csv", "*.tsv", "*.txt", "*.xlsx", "*.xls", "*.json")
    external_location_id: str | None = None
    verify: bool = False
    filename_rule: FilenameRuleSettings = FilenameRuleSettings()


class StoreSettings(Section):
    """`[[store]]`: one practice location, with its own credentials and its own 24-hour rule."""

    name: str
    store_id: str | None = None
    attachments: AttachmentsSettings | None = None
    statements: StatementsSettings | None = None

    @property
    def lanes(self) -> dict[LaneId, LaneSettings]:
        """Return the store's lanes by their names."""
        both = ((LaneKind.ATTACHMENTS, self.attachments), (LaneKind.STATEMENTS, self.statements))
        return {LaneId(self.name, kind): lane for kind, lane in both if lane is not None}


class Settings(Section):
    """The whole file."""

    agent: AgentSettings = AgentSettings()
    store: tuple[StoreSettings, ...] = ()

    @property
    def lanes(self) -> dict[LaneId, LaneSettings]:
        """Return every lane of every store."""
        return {lane: settings for store in self.store for lane, settings in store.lanes.items()}
