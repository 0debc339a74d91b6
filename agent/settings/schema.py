"""The settings file as types: what `outtray.toml` may say, and what holds when it says nothing.

The keys are a contract with IT's scripts and installers. What single values may be is in `values.py`, how folders may
lie to each other in `folders.py`; reading, and telling errors in plain words, is `reading.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from agent.model import LaneId, LaneKind
from agent.settings import folders, values

ShelfName = Literal["held", "sending", "sent", "failed"]

SERVICE_HOSTS = {"sandbox": "https://sandbox-apigw.optum.com", "production": "https://apigw.optum.com"}
_SERVICE_PATH = "/dental/attachments/v1"
_TOKEN_PATH = "/apip/auth/sntl/v1/token"  # noqa: S105 - a path, not a secret

# Strict: a number in quotes or a 1 for true is a slip, and the sentence says how to write it.
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Text = Annotated[str, AfterValidator(values.text)]
Folder = Annotated[Path, BeforeValidator(values.path), AfterValidator(lambda path: values.absolute(path))]
ServiceUrl = Annotated[str, AfterValidator(values.service_url)]
Shelf = Annotated[str, AfterValidator(lambda name: values.shelf(name))]
Pattern = Annotated[str, AfterValidator(values.pattern)]
Identifier = Annotated[Text, AfterValidator(values.at_most(50))]  # DENTATT_XXX: 50 characters at most
Npi = Annotated[str, AfterValidator(values.provider_npi)]  # DENTATT_008 to _010


class Section(BaseModel):
    """A table of the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class PageSettings(Section):
    """`[agent.page]`: the activity page."""

    enabled: Flag = True
    port: Whole = Field(0, ge=0, le=65535, description="0: any free port")
    lock_minutes: Number = Field(15, gt=0, le=1440, description="for how long it stays open while nobody uses it")


class AgentSettings(Section):
    """`[agent]`: what holds for the whole PC."""

    data_dir: Folder | None = Field(None, description="ledger, spool and logs; none: where the system keeps such data")
    ledger: Annotated[str, AfterValidator(values.ledger)] = Field(
        "sqlite", description="sqlite; a ledger in PostgreSQL is not supported yet"
    )
    senders: Whole = Field(4, ge=1, le=32)
    upload_limit: Annotated[str, AfterValidator(values.upload_limit)] | None = Field(
        None, description="such as 2 MB/s; none: no limit"
    )
    notices: Literal["all", "problems", "none"] = "problems"
    show_names: Flag = Field(False, description="file and patient names in notices and logs")
    keep_sent_days: Whole = Field(0, ge=0, le=36500, description="0 keeps for ever")
    keep_failed_days: Whole = Field(0, ge=0, le=36500, description="0 keeps for ever")
    proxy: Annotated[str, AfterValidator(values.proxy)] | None = Field(None, description="none: the system's")
    page: PageSettings = PageSettings()

    @property
    def upload_bytes_per_second(self) -> int | None:
        """Return how fast uploads may go in all, in bytes per second; None for no limit."""
        return None if self.upload_limit is None else values.bytes_per_second(self.upload_limit)


class LaneSettings(Section):
    """What every lane takes."""

    folder: Folder
    watch: Literal["auto", "native", "poll"] = "auto"
    settle_seconds: Number | None = Field(
        None, ge=0, le=3600, description="none: 2, on shares 5, for scans in PDF and TIFF 8"
    )
    rescan_seconds: Number = Field(60, gt=0, le=86400)
    incomplete_minutes: Number = Field(10, gt=0, le=10080)
    waiting_hours: Number = Field(72, gt=0, le=8760)
    duplicate_days: Number = Field(7, ge=0, le=366, description="how long a copy of what was sent is known for one")
    give_up_after: Number = Field(72, gt=0, le=8760, description="hours of trying before a packet fails")
    max_file_mb: Number = Field(64, gt=0, le=10000)
    max_request_mb: Number = Field(100, gt=0, le=10000)
    held: Shelf = "held"
    sending: Shelf = "sending"
    sent: Shelf = "sent"
    failed: Shelf = "failed"

    def shelf(self, name: ShelfName) -> Path:
        """Return where a shelf stands: inside the watched folder, or where an absolute path puts it."""
        shelves = {"held": self.held, "sending": self.sending, "sent": self.sent, "failed": self.failed}
        return self.folder / shelves[name]


class AttachmentsSettings(LaneSettings):
    """`[store.attachments]`: scans with their sidecars, to the claim-attachments service."""

    environment: Literal["sandbox", "production"] | None = None
    base_url: ServiceUrl | None = Field(None, description="the part before create_path; goes before environment")
    token_url: ServiceUrl | None = Field(None, validate_default=True, description="goes before environment")
    create_path: Annotated[str, AfterValidator(values.create_path)] = "/attachments/documents"
    request_style: Literal["json", "fields"] = "json"
    client_id: Text
    submitter_id: Identifier | None = None
    billing_provider_tax_id: Identifier | None = None
    provider_npi: Npi | None = None
    index_files: Annotated[tuple[Pattern, ...], AfterValidator(values.patterns)] = Field(
        (), description='what capture software writes beside its scans and nobody sends, such as ["*.xml", "*.csv"]'
    )

    @field_validator("token_url")
    @classmethod
    def _known_service(cls, token_url: str | None, info: ValidationInfo) -> str | None:
        environment = info.data.get("environment", "told already")
        base_url = info.data.get("base_url", "told already")
        if environment is None and base_url is None and token_url is None:
            values.refuse(
                'it is not said which service the lane sends to. Write environment = "sandbox" or "production", '
                "or both base_url and token_url."
            )
        if environment is None and base_url is None:
            values.refuse("it stands without base_url. Write both, or environment instead.")
        if environment is None and token_url is None:
            values.refuse("base_url stands without it. Write both, or environment instead.")
        return token_url

    @property
    def service_url(self) -> str:
        """Return the service's address before `create_path`, without a slash at its end."""
        return self.base_url or SERVICE_HOSTS[self.environment or "sandbox"] + _SERVICE_PATH

    @property
    def service_token_url(self) -> str:
        """Return the address that gives tokens."""
        return self.token_url or SERVICE_HOSTS[self.environment or "sandbox"] + _TOKEN_PATH


class FilenameRuleSettings(Section):
    """`[store.statements.filename_rule]`: how a store keeps the service's 24-hour rule."""

    scope: Literal["filename", "store"] = "filename"
    on_conflict: Literal["hold", "fail"] = "hold"
    upload_name: Annotated[str, AfterValidator(values.upload_name)] = "{name}"


class StatementsSettings(LaneSettings):
    """`[store.statements]`: statement files, to the billing service."""

    base_url: ServiceUrl
    profile: Annotated[str, AfterValidator(values.expanded)] = Field(
        "auto", description="auto, a profile's name, or a path to one"
    )
    include: Annotated[tuple[Pattern, ...], AfterValidator(values.patterns)] = (
        "*.xml",
        "*.csv",
        "*.tsv",
        "*.txt",
        "*.xlsx",
        "*.xls",
        "*.json",
    )
    external_location_id: Text | None = None
    hidden_rows: Literal["ask", "send", "skip"] = Field(
        "ask", description="what becomes of rows, columns and sheets that a workbook hides"
    )
    verify: Flag = True
    filename_rule: FilenameRuleSettings = FilenameRuleSettings()


class StoreSettings(Section):
    """`[[store]]`: one practice location, with its own credentials and its own 24-hour rule."""

    name: Annotated[str, AfterValidator(values.store_name)]
    attachments: AttachmentsSettings | None = None
    statements: StatementsSettings | None = None
    store_id: Annotated[Text, AfterValidator(values.ulid)] | None = Field(
        None, validate_default=True, description="required where there is a statements lane"
    )

    @field_validator("store_id")
    @classmethod
    def _known_to_the_service(cls, store_id: str | None, info: ValidationInfo) -> str | None:
        # A statements table that has faults of its own is not among the data, but it is there.
        has_statements = "statements" not in info.data or info.data["statements"] is not None
        if store_id is None and has_statements:
            values.refuse(
                "the statements service must be told which store a file is from. Write the id that it gave the store: "
                'store_id = "01GDG5BZA29R3SZMZ63Y2GFENV".'
            )
        return store_id

    @model_validator(mode="after")
    def _has_a_lane(self) -> Self:
        if not self.lanes:
            values.refuse("the store has no lane. Add a table [store.attachments] or [store.statements] below it.")
        return self

    @property
    def lanes(self) -> dict[LaneId, LaneSettings]:
        """Return the store's lanes by their names."""
        both = ((LaneKind.ATTACHMENTS, self.attachments), (LaneKind.STATEMENTS, self.statements))
        return {LaneId(self.name, kind): lane for kind, lane in both if lane is not None}


class Settings(Section):
    """The whole file."""

    agent: AgentSettings = AgentSettings()
    store: tuple[StoreSettings, ...] = ()

    @model_validator(mode="after")
    def _stand_together(self) -> Self:
        if clashes := clashes_between_tables(self.model_dump()):
            raise ValidationError.from_exception_data("Settings", clashes)
        return self

    @property
    def lanes(self) -> dict[LaneId, LaneSettings]:
        """Return every lane of every store."""
        return {lane: settings for store in self.store for lane, settings in store.lanes.items()}


def clashes_between_tables(data: dict[str, Any]) -> list[InitErrorDetails]:
    """Return what is wrong between tables of which each may be right: names and folders.

    Takes the tables as they stand in the file too, where one of them may be anything, so that nothing waits to be told
    until something else is mended.
    """
    return [
        InitErrorDetails(type=values.told(clash.sentence), loc=clash.at, input=clash.value)
        for clash in folders.clashes(data)
    ]
