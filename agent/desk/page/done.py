"""What is said after an action, where the page leads back to."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True)
class Done:
    """What is said after an action."""

    lead: str
    said: str
    tone: str = "ok"
    glyph: str = "ok"


DONE = {
    "retry": Done("Asked for.", "It goes again as soon as its turn comes."),
    "retry-failed": Done("Asked for.", "What failed goes again, but for what was withdrawn or may have arrived."),
    "pause": Done("Pausing.", "What is being sent now is sent to its end; nothing new begins."),
    "resume": Done("Resumed.", "What waits goes now."),
    "withdraw": Done("Withdrawn.", "It is not sent. The file stands on the failed shelf with a note."),
    "dismiss": Done("Done.", "It is off the list. The file stays where it is, and the history still has it."),
    "look": Done("Asked for.", "OutTray looks into the folder again."),
    "adopt": Done("Taken over.", "What the other PC has left goes as soon as its turn comes."),
    "show": Done("Shown.", "The file is in a window of its own; it may be behind this one."),
    "open": Done("Opened.", "The folder is in a window of its own; it may be behind this one."),
    "metadata-completed": Done("Saved.", "The sidecar stands beside the scan; it goes as soon as its turn comes."),
    "metadata-corrected": Done("Saved.", "The corrected metadata goes with its files as soon as its turn comes."),
    "whose-said": Done("Saved.", "The scan goes with the sidecar that you chose; the other stays on the failed shelf."),
    "mapping-saved": Done("Saved.", "The columns are remembered, and the file goes as soon as its turn comes."),
    "mapping-changed": Done("Saved.", "The columns are read so from the next file on."),
    "mapping-removed": Done("Removed.", "The next file with these columns is asked about again."),
    "gone": Done("Nothing was left to do.", "This was dealt with already.", "wait", "wait"),
    "no-window": Done("No window could be opened.", "This PC has no file manager that OutTray can ask.", "fix", "fix"),
    "not-there": Done("The file was not found.", "Someone may have moved it.", "fix", "fix"),
    "stopped": Done("OutTray has stopped.", "Start it from the tray; then try again.", "stop", "blocked"),
}
"""By the word in the address that leads back. It is a word of ours, never a text from the address itself."""


def done_of(request: Request) -> Done | None:
    """Return what to say of the action that led to this request."""
    return DONE.get(request.query_params.get("done", ""))
