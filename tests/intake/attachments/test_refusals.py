"""The table of refusals: what is said of each, and what can be done, on one page that is made of it."""

from __future__ import annotations

import os
from pathlib import Path

from agent.intake.attachments.refusals import every_refusal, page

PAGE = Path(__file__).parents[3] / "agent" / "intake" / "REFUSALS.md"


def test_the_page_is_the_table() -> None:
    if os.environ.get("OUTTRAY_WRITE_PAGES"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_refusal_says_what_to_do_in_a_sentence() -> None:
    for refusal in every_refusal():
        assert refusal.sentence.endswith(".")
        assert refusal.advice.endswith((".", "{advice}"))
        for word in ("error", "invalid", "please", "oops", "!"):
            assert word not in (refusal.sentence + refusal.advice).lower()


def test_only_what_is_scanned_is_to_be_scanned_again() -> None:
    for refusal in every_refusal():
        if "Word" in refusal.when or "DICOM" in refusal.when or "text" in refusal.when:
            assert "can it again" not in refusal.advice
