"""What is measured, one function a row of the table. Each returns figures by name; nothing here asserts a time."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.bench.side_by_side.packets import drop, pdf, sidecar
from tests.bench.side_by_side.peers import ROOT, Peer
from tests.bench.side_by_side.world import World, at_work, cpu_seconds, resident_mebibytes, world

KIB, MIB = 1 << 10, 1 << 20


def backlog(peer: Peer, count: int, size: int) -> dict[str, float]:
    """Packets that wait when the peer starts: seconds from its start to the last byte of the last one."""
    with world() as here:
        for number in range(count):
            drop(here.folder, number, size)
        begun = time.monotonic()
        with at_work(peer, here) as process:
            seen = here.wait_for(count, process)
            cpu = cpu_seconds(process.pid) if process.poll() is None else 0.0
        return {"seconds": seen[-1].last_byte - begun, "ms CPU a packet": cpu * 1000 / count}


def latency(peer: Peer, count: int, every: float, settle: float) -> dict[str, float]:
    """From the sidecar's close to the first byte on the wire, beyond the settle time; milliseconds."""
    with world() as here, at_work(peer, here, settle) as process:
        ready(peer, here, process)
        closed = []
        for number in range(1, count + 1):
            time.sleep(every)
            drop(here.folder, number, 50 * KIB)
            closed.append(time.monotonic())
        seen = here.wait_for(count + 1, process)[1:]
        beyond = settle if peer.name == "OutTray" else 0.0
        waits = sorted((one.first_byte - at - beyond) * 1000 for one, at in zip(seen, closed, strict=True))
        return {"p50": statistics.median(waits), "p95": waits[int(len(waits) * 0.95)]}


def ready(peer: Peer, here: World, process: subprocess.Popen[bytes]) -> None:
    """Wait until the peer has sent a first packet: it watches then, and its token and connection are warm."""
    drop(here.folder, 0, KIB)
    if not peer.watches:
        raise ValueError(f"{peer.name} does not watch")
    here.wait_for(1, process)


def among_many_sent(peer: Peer, standing: int, count: int) -> dict[str, float]:
    """CPU a packet with many files in the day's folder of `sent` already."""
    with world() as here:
        day = here.folder / "sent" / time.strftime("%Y-%m-%d")
        day.mkdir(parents=True)
        for number in range(standing):
            (day / f"old-{number:06}.pdf").write_bytes(b"")
        return _cpu_a_packet(peer, here, count)


def among_many_waiting(peer: Peer, standing: int, count: int) -> dict[str, float]:
    """CPU a packet with many scans in the folder that wait for their sidecars."""
    with world() as here:
        for number in range(standing):
            (here.folder / f"waiting-{number:06}.pdf").write_bytes(pdf(KIB, number))
        return _cpu_a_packet(peer, here, count)


def _cpu_a_packet(peer: Peer, here: World, count: int) -> dict[str, float]:
    with at_work(peer, here) as process:
        ready(peer, here, process)
        before = cpu_seconds(process.pid)
        for number in range(1, count + 1):
            drop(here.folder, number, 50 * KIB)
            time.sleep(0.02)
        here.wait_for(count + 1, process)
        cpu = (cpu_seconds(process.pid) - before) * 1000 / count
        return {"ms CPU a packet": cpu, "MiB": resident_mebibytes(process.pid)}


def waiting_idle(peer: Peer, standing: int, seconds: float) -> dict[str, float]:
    """CPU seconds a minute while many scans wait and nothing happens."""
    with world() as here:
        for number in range(standing):
            (here.folder / f"waiting-{number:06}.pdf").write_bytes(pdf(KIB, number))
        with at_work(peer, here) as process:
            ready(peer, here, process)
            time.sleep(2)
            before = cpu_seconds(process.pid)
            time.sleep(seconds)
            cpu = (cpu_seconds(process.pid) - before) * 60 / seconds
            return {"CPU s a minute": cpu, "MiB": resident_mebibytes(process.pid)}


def one_large(peer: Peer, size: int) -> dict[str, float]:
    """One large file: seconds from the start, and the memory that it needs."""
    with world() as here, at_work(peer, here) as process:
        ready(peer, here, process)
        idle = resident_mebibytes(process.pid)
        scan = here.folder / "large.txt"
        with scan.with_suffix(".tmp").open("wb") as file:
            line = b"All of this is text.\n" * 50_000
            while file.tell() < size:
                file.write(line)
        scan.with_suffix(".tmp").rename(scan)
        (here.folder / "large.json").write_bytes(sidecar(1))
        peak = idle
        while len(here.seen()) < 2:
            peak = max(peak, resident_mebibytes(process.pid))
            time.sleep(0.02)
        sent = here.seen()[1]
        return {"seconds on the wire": sent.last_byte - sent.first_byte, "MiB over idle": peak - idle}


def start(times: int = 5) -> dict[str, float]:
    """Milliseconds for `outtray --version` and for `outtray status` without an agent; the median."""
    figures = {}
    for name, words in (("--version", ["--version"]), ("status, no agent", ["status"])):
        taken = []
        for _ in range(times):
            begun = time.monotonic()
            subprocess.run([sys.executable, "-m", "agent", *words], cwd=ROOT, capture_output=True, check=False)
            taken.append((time.monotonic() - begun) * 1000)
        figures[name] = statistics.median(taken)
    return figures
