"""Forms of the page as a person fills them in: read from the HTML, changed, posted; and what is told at their fields.

form = Form.of(client.get(address))
answer = form.send(client, claimId="CLM-1")
told(answer)["claimId"]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class Control:
    """One input or select. `options` are a select's values."""

    name: str
    value: str
    attributes: dict[str, str]
    checked: bool = True
    options: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects what a page's main form holds, and the texts of elements by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.controls: list[Control] = []
        self.texts: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self._inside = False
        self._select: Control | None = None
        self._ids: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in ("input", "meta", "link", "img", "path", "circle"):
            self._ids.append((tag, found.get("id", "")))
        if tag == "form" and "ask" not in found.get("class", "").split():
            self._inside, self.action = True, found["action"]
        if not self._inside:
            return
        if tag == "input" and found.get("name"):
            checked = found.get("type") != "checkbox" or "checked" in found
            self.controls.append(Control(found["name"], found.get("value", ""), found, checked))
        elif tag == "select":
            self._select = Control(found["name"], "", found)
            self.controls.append(self._select)
        elif tag == "option" and self._select is not None:
            self._select.options.append(found["value"])
            if "selected" in found or len(self._select.options) == 1:
                self._select.value = found["value"]
        elif tag == "button" and found.get("name"):
            self.buttons.append((found["name"], found["value"]))

    def handle_endtag(self, tag: str) -> None:
        while tag in (open_tag for open_tag, _ in self._ids) and self._ids.pop()[0] != tag:
            pass
        if tag == "form":
            self._inside = False

    def handle_data(self, data: str) -> None:
        for _, name in self._ids:
            if name:
                self.texts[name] = " ".join((self.texts.get(name, "") + data).split())


@dataclass
class Form:
    """A form as it stands on a page."""

    action: str
    controls: list[Control]
    texts: dict[str, str]
    buttons: list[tuple[str, str]]

    @classmethod
    def of(cls, answer: httpx.Response) -> Form:
        """Read the page's form."""
        reader = _Reader()
        reader.feed(answer.text)
        return cls(reader.action, reader.controls, reader.texts, reader.buttons)

    def values(self, name: str) -> list[str]:
        """What a browser would send for a name."""
        return [control.value for control in self.controls if control.name == name and control.checked]

    def __getitem__(self, name: str) -> str:
        return self.values(name)[0]

    def sent(self, changes: dict[str, str | Iterable[str]]) -> list[tuple[str, str]]:
        """What a browser would send; a change replaces all values of its name."""
        kept = [(one.name, one.value) for one in self.controls if one.checked and one.name not in changes]
        for name, value in changes.items():
            kept += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
        return kept

    def send(self, client: httpx.Client, **changes: str | Iterable[str]) -> httpx.Response:
        """Post it."""
        return client.post(self.action, data=_fields(self.sent(changes)))


def _fields(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def told(answer: httpx.Response) -> dict[str, str]:
    """What stands at the fields that have something wrong, by their names; each is marked for screen readers too."""
    form = Form.of(answer)
    return {
        one.name: form.texts[one.attributes["aria-describedby"]]
        for one in form.controls
        if one.attributes.get("aria-invalid") == "true"
    }
