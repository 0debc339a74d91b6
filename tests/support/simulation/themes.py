"""Themes: what the world does to a practice, by kind. A seed draws some of them, each with acts of its own.

A theme that is not `on` is drawn by nobody but `--theme`: it finds what is not mended yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.support.simulation import changes, clocks, hands, interference, memory, strangers
from tests.support.simulation.actors import Act, it_retries, pms_exports, scanner_scans, staff_drops, staff_drops_again
from tests.support.simulation.setup import Conditions


@dataclass(frozen=True)
class Theme:
    """Acts by their weights, which come to those of every day; `conditions`: what of the practice is otherwise."""

    acts: Mapping[Act, int]
    on: bool = False
    conditions: Mapping[str, object] = field(default_factory=dict)

    def of(self, conditions: Conditions) -> Conditions:
        """Return the practice as this theme has it."""
        return replace(conditions, **self.conditions)  # type: ignore[arg-type]


OFTEN = 3  # beside what happens every day

THEMES = {
    "portals": Theme(
        {
            interference.a_portal_answers: 8,
            interference.a_portal_stays: 3,
            interference.a_name_is_used_behind_a_portal: 4,
        },
        on=True,
    ),
    "gateways": Theme({interference.a_gateway_answers: 10, interference.replies_stay_away: 2}, on=True),
    "ended-each-time": Theme({interference.agent_is_ended_in_each_try: 6, scanner_scans: 6}, on=True),
    "go-live": Theme({changes.it_goes_live: 3, staff_drops_again: 6, scanner_scans: 6}, on=True),
    "store-renamed": Theme({changes.it_renames_the_store: 3, pms_exports: 8}, on=True),
    "folder-moved": Theme({changes.it_moves_a_folder: 3, pms_exports: 8, scanner_scans: 6}, on=True),
    "shelf-moved": Theme(
        {changes.it_moves_a_shelf: 4, staff_drops: 8, pms_exports: 6}, on=True, conditions={"archive": False}
    ),
    "old-ledger": Theme(
        {memory.backup_is_made: 5, memory.old_ledger_is_restored: 4, scanner_scans: 8, it_retries: 2}, on=True
    ),
    "ledger-lost": Theme({memory.ledger_is_lost: 3, scanner_scans: 8, pms_exports: 5}, on=True),
    "pc-replaced": Theme({memory.pc_is_replaced: 3, pms_exports: 8}, on=True),
    "clocks": Theme({clocks.pc_boots_with_a_wrong_clock: 6, pms_exports: 12}, on=True),
    "clocks-unnamed": Theme(
        {clocks.pc_boots_with_a_wrong_clock: 4, clocks.runs_once: 6, clocks.clock_is_put_right: 3, pms_exports: 14},
        on=True,
        conditions={"names_boots": False},
    ),
    "retention": Theme({clocks.clock_is_years_ahead: 4, scanner_scans: 8}, on=True, conditions={"keep_sent_days": 400}),
    "files-changed": Theme({hands.someone_changes_a_file: 12, pms_exports: 4, scanner_scans: 6}, on=True),
    "antivirus": Theme({hands.antivirus_holds: 10}, on=True),
    "spool-held": Theme({hands.antivirus_holds_the_spool: 8, pms_exports: 8}, on=True),
    "strangers": Theme({strangers.retry_beside_a_stranger: 12, scanner_scans: 4, staff_drops: 6}, on=True),
    "mid-take": Theme({strangers.dies_in_mid_take: 10, scanner_scans: 8, staff_drops: 8}, on=True),
    "copies": Theme({strangers.statement_is_copied: 8, pms_exports: 8}, on=True),
    "recycled": Theme({strangers.recycle_bin_fills: 8}, on=True),
    "odd-names": Theme({strangers.an_unprintable_name_comes: 4}, on=True),
}
"""By name, in the order in which seeds draw them."""


def drawn() -> list[str]:
    """Return the themes that every seed may draw."""
    return [name for name, theme in THEMES.items() if theme.on]


def acts_of(names: tuple[str, ...]) -> dict[Act, int]:
    """Return the acts of these themes with their weights."""
    weights: dict[Act, int] = {}
    for name in names:
        for act, weight in THEMES[name].acts.items():
            weights[act] = weights.get(act, 0) + OFTEN * weight
    return weights
