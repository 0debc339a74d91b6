"""The side-by-side benchmark runs: each kind of row once, small."""

from __future__ import annotations

import pytest

from tests.bench.side_by_side import measures
from tests.bench.side_by_side.peers import PEERS

KIB = 1 << 10
OUTTRAY = PEERS[-1]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("peer", [peer for peer in PEERS if not peer.lacks], ids=lambda peer: peer.name)
def test_every_peer_works_off_a_backlog(peer: measures.Peer) -> None:
    assert measures.backlog(peer, count=3, size=50 * KIB)["seconds"] > 0


def test_latency_counts_from_the_close_of_the_last_file() -> None:
    assert measures.latency(OUTTRAY, count=2, every=0.6, settle=0.3)["p50"] > 0
