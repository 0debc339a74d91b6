"""Everything that the doctor touches, so that a test can put its own in each place."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.clock import Clock, SystemClock
from agent.delivery.alone import is_running
from agent.desk.autostart.places import Autostart, state
from agent.folder.filesystem import FileSystem
from agent.folder.real import RealFileSystem
from agent.folder.watching import Listen, listen_natively
from agent.settings.locations import named_folders
from agent.settings.schema import Settings
from agent.settings.secrets import Secrets

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class World:
    """The PC as the doctor sees it."""

    fs: FileSystem = field(default_factory=RealFileSystem)
    clock: Clock = field(default_factory=SystemClock)
    secrets: Secrets = field(default_factory=Secrets)
    ssl_context: ssl.SSLContext | None = None
    listen: Listen = listen_natively
    system_proxies: Callable[[], dict[str, str]] = urllib.request.getproxies
    bypassed: Callable[[str], object] = urllib.request.proxy_bypass
    running: Callable[[Settings], bool] = is_running
    autostart: Callable[[], Autostart] = state

    def client(self, settings: Settings) -> httpx.Client:
        """Return a client that goes the same way as the agent's, but waits less long."""
        import httpx

        from agent.destinations.transport import build_client

        client = build_client(proxy=settings.agent.proxy, senders=1, ssl_context=self.ssl_context)
        client.timeout = httpx.Timeout(connect=10, read=20, write=20, pool=None)
        return client

    def of(self, settings: Settings) -> World:
        """Return the same world, in which no link is followed below the folders that the settings name."""
        is_real = type(self.fs) is RealFileSystem
        return replace(self, fs=RealFileSystem(named_folders(settings))) if is_real else self

    def is_folder(self, path: Path) -> bool:
        """Tell whether a folder stands at `path` that can be looked into."""
        from agent.folder.filesystem import FileSystemProblem

        try:
            self.fs.list(path)
        except FileSystemProblem:
            return False
        return True
