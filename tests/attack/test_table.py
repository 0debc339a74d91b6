"""The table in the docs and the suite of attacks tell of the same kinds; and it is as broad as it says."""

from __future__ import annotations

from tests.support.attacks import TABLE, in_suite, in_table

TOPICS = {
    "Host", "Origin", "One-time links", "Cookies", "Channel", "Traversal", "Flood", "Markup", "Headers", "CSV", "Wire",
    "Links and devices", "TLS", "Redirects", "Other users",
}  # fmt: skip


def test_every_kind_stands_in_the_table_once_and_no_other_does() -> None:
    kinds = in_suite()
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == set(in_table())


def test_every_way_has_held() -> None:
    assert all(tried == held > 0 for tried, held in in_table().values())


def test_there_are_sixty_kinds_of_every_topic() -> None:
    assert len(in_suite()) >= 60
    assert {topic for topic, _ in in_suite()} == TOPICS


def test_the_sum_is_right() -> None:
    rows = in_table().values()
    total = f"{len(rows)} kinds, tried in {sum(tried for tried, _ in rows)} ways; {sum(held for _, held in rows)} held."
    assert total in TABLE.read_text(encoding="utf-8")
    readme = (TABLE.parents[2] / "README.md").read_text(encoding="utf-8")
    assert total.replace("kinds,", "kinds of attack,").rstrip(".") in readme
