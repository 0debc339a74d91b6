"""Names and words that a browser would obey, and a practice that is full of them."""

from __future__ import annotations

from dataclasses import replace

from agent.model import Fault, PacketState, Problem
from tests.support import activity
from tests.support.page import DeskPractice

MARKUP = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "\"><svg onload=document.title='owned'>",
    "'onfocus=document.title='owned' autofocus x='",
    "javascript:document.title='owned'",
    "</title></textarea></style></script><script>document.title='owned'</script>",
    "{{ 7 * 777 }}{% include 'base.html' %}",
    "<iframe srcdoc=\"<script>top.document.title='owned'</script>\">",
    "<base href=https://x.example/><form action=https://x.example>",
    "<meta http-equiv=refresh content='0;url=https://x.example'>",
    "<!--", "]]>", "&lt;script&gt;", "\u2028<script>", "<a href=\"data:text/html,<script>1</script>\">",
)  # fmt: skip


def fill(practice: DeskPractice, words: str) -> None:
    name = f"{words.replace('/', '∕')[:180]}.pdf"
    problem = Problem("sidecar-fields", words, words, (Fault(words, words, words),))
    sent = activity.sent(name, words, words, packet_id="sent-1", warnings=(words,))
    receipt = {**(sent.receipt or {}), "response": {words: [words]}, "warnings": [words]}
    held = activity.packet(name, packet_id="held-1", state=PacketState.HELD, lane=activity.STATEMENTS, problem=problem)
    failed = activity.failed(name, problem, packet_id="failed-1", claim=words)
    activity.remember(practice.ledger, replace(sent, receipt=receipt), held, failed)
    waiting = activity.going(name, PacketState.WAITING, needs_someone=True, why=words)
    practice.board.put(activity.snapshot(packets=(waiting,), needs_attention=2, notes=(words,)))
