"""A network share of this machine's own: samba serves a folder, and the kernel, or smbnetfs through FUSE, mounts it.

Both are in a network namespace of their own, which has nothing but its loopback: no port of the machine is taken.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

PATIENCE = 60.0
QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

SERVER = """
[global]
  server role = standalone server
  map to guest = Bad User
  private dir = {state}
  lock directory = {state}
  state directory = {state}
  cache directory = {state}
  pid directory = {state}
  ncalrpc dir = {state}/rpc
  log file = {state}/log
  smb ports = 445
  bind interfaces only = yes
  interfaces = lo
  disable netbios = yes
  load printers = no
  printing = bsd
[scans]
  path = {folder}
  guest ok = yes
  read only = no
  force user = root
"""
CLIENT = 'auth "guest" ""\nshow_hidden_hosts "true"\nsmb_timeout 10000\ntime_step 1\n'


class Share:
    """One share. `served` is the server's own folder, in which other PCs' changes happen; `folder` is how we see it."""

    def __init__(self, root: Path) -> None:
        self.served, self.mount_point, self._state = root / "served", root / "mounted", root / "samba"
        for made in (self.served, self.mount_point, self._state / ".smb"):
            made.mkdir(parents=True)
        self._config = self._state / ".smb" / "smb.conf"
        self._config.write_text(SERVER.format(state=self._state, folder=self.served))
        (self._state / ".smb" / "smbnetfs.conf").write_text(CLIENT)
        (self._state / ".smb" / "smbnetfs.conf").chmod(0o600)
        self._network: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._mounter: subprocess.Popen[bytes] | None = None
        self.by_kernel = False

    def __enter__(self) -> Self:
        self._network = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], **QUIET)
        here, there = (Path(f"/proc/{process}/ns/net") for process in ("self", self._network.pid))
        try:
            self._inside(lambda: there.readlink() != here.readlink(), "a network of its own")
            self._ran("ip", "link", "set", "lo", "up")
            self.serve()
            self.mount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.unmount()
        self.die()
        if self._network is not None:
            self._network.kill()
            self._network.wait()

    @property
    def folder(self) -> Path:
        """The share as it is mounted."""
        return self.mount_point if self.by_kernel else self.mount_point / "127.0.0.1" / "scans"

    # --- The server -------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Start the server."""
        command = self._in_network("smbd", "--foreground", "--no-process-group", "-s", str(self._config))
        self._server = subprocess.Popen(command, **QUIET)
        asked = ("smbclient", "-N", "-s", str(self._config), "//127.0.0.1/scans", "-c", "ls")
        self._inside(lambda: self._ran(*asked), "the server to answer")

    def die(self) -> None:
        """End the server, and its children that hold connections: as when its PC is switched off."""
        if self._server is not None:
            for process in (*psutil.Process(self._server.pid).children(recursive=True), self._server):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._server.wait()
            self._server = None

    # --- The mount --------------------------------------------------------------------------------------------------

    def mount(self) -> None:
        """Mount the share: by the kernel, where it knows such shares, else through FUSE."""
        known = "cifs" in Path("/proc/filesystems").read_text()
        options = "guest,vers=3.0,cache=none"
        self.by_kernel = known and self._ran(
            "mount", "-t", "cifs", "//127.0.0.1/scans", str(self.mount_point), "-o", options
        )
        if self.by_kernel:
            return
        if shutil.which("smbnetfs") is None or not os.access("/dev/fuse", os.W_OK):
            pytest.skip("this machine can mount no SMB share: neither by its kernel nor by smbnetfs")
        self._mounter = subprocess.Popen(
            self._in_network("smbnetfs", str(self.mount_point), "-f"),
            env={**os.environ, "HOME": str(self._state)},
            **QUIET,
        )
        self._inside(lambda: self.folder.is_dir(), "the mount")

    def unmount(self) -> None:
        """Take the share off, so that its empty place is left."""
        if os.path.ismount(self.mount_point):
            subprocess.run(["umount", "-l", str(self.mount_point)], check=True, capture_output=True)
        if self._mounter is not None:
            self._mounter.kill()
            self._mounter.wait()
            self._mounter = None

    # --- The network ------------------------------------------------------------------------------------------------

    def _in_network(self, *command: str) -> Sequence[str]:
        assert self._network is not None
        return ["nsenter", f"--net=/proc/{self._network.pid}/ns/net", *command]

    def _ran(self, *command: str) -> bool:
        return subprocess.run(self._in_network(*command), **QUIET).returncode == 0

    def _inside(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                pytest.skip(f"this machine did not come to it: {what}")
            time.sleep(0.05)


@contextmanager
def share(root: Path) -> Iterator[Share]:
    """Give a mounted share, or skip the test with a word where this machine has none."""
    needed = ("smbd", "smbclient", "unshare", "nsenter", "ip")
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not all(map(shutil.which, needed)):
        pytest.skip("this machine does not let a test serve and mount a share: that takes Linux, root and samba")
    with Share(root) as made:
        yield made
