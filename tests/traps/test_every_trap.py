"""The known traps of this field, each with the tests that hold OutTray's promise about it.

What others fell into, with the project and the issue where it is told. The tests stand where the code is that they are
about; this list says which they are, and fails where one of them is gone.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

SHARE, INOTIFY, TIMES = "traps/test_network_share.py", "traps/test_inotify.py", "traps/test_times.py"
LOOKING, SETTLING, WATCHING = "folder/test_looking.py", "folder/test_settling.py", "folder/test_watching.py"
REAL, SHELVES, CONFORMANCE = "folder/test_real.py", "folder/test_shelves.py", "folder/test_filesystem_conformance.py"
LANES, RESTART, SLOW = "endtoend/test_lanes.py", "endtoend/test_restart.py", "endtoend/test_slow_writers.py"
RULE, OUTCOMES, AGAIN = (
    "endtoend/test_statements_rule.py",
    "endtoend/test_outcomes.py",
    "endtoend/test_duplicates_and_retries.py",
)
PLANNER, PROCESS, HOSTILE = "delivery/test_planner.py", "endtoend/test_process.py", "hostile/test_folder.py"
TRAY, VIEW, ICONS = "desk/tray/test_tray.py", "desk/tray/test_view.py", "desk/tray/test_icons.py"
SECRETS, TRANSPORT = "settings/test_secrets.py", "destinations/test_transport.py"

TRAPS: dict[int, tuple[str, tuple[str, ...]]] = {
    # --- Watching
    1: (
        "a bulk copy loses events (watchdog#391): the timed look meets every file",
        (
            f"{INOTIFY}::test_a_scan_whose_events_were_lost_in_an_overflow_is_sent_all_the_same",
            f"{SLOW}::test_without_any_event_a_file_is_met_by_looking",
        ),
    ),
    2: (
        "a poller dies silently when the share goes away (watchdog#1065, #699): the lane is offline, and goes on later",
        (
            f"{SHARE}::test_a_server_that_goes_down_is_offline_and_back_again_sends_only_what_is_new",
            f"{LANES}::test_a_folder_that_goes_away_is_offline_and_comes_back_by_itself",
            f"{LOOKING}::test_a_share_that_does_not_answer_is_offline_and_then_as_it_was",
        ),
    ),
    3: (
        "nothing tells of an overflow (Windows: an empty buffer): a canary is touched and must be heard",
        (
            f"{WATCHING}::test_an_observer_whose_threads_run_and_tell_nothing_is_noticed",
            f"{WATCHING}::test_one_that_falls_deaf_later_is_noticed_at_the_next_touch",
            f"{INOTIFY}::test_a_scan_whose_events_were_lost_in_an_overflow_is_sent_all_the_same",
        ),
    ),
    4: (
        "a listening thread ends on an error (watchdog#334): noticed, shown, replaced with growing patience",
        (
            f"{WATCHING}::test_a_dead_observer_is_noticed_and_replaced_and_gives_a_hint_for_what_was_missed",
            f"{WATCHING}::test_a_start_that_fails_is_a_state_and_is_tried_again_with_growing_patience",
            f"{INOTIFY}::test_without_events_the_folder_is_looked_at_and_events_come_back",
        ),
    ),
    5: (
        'a share that flaps "creates" every file again (watchdog#802): each packet goes once',
        (
            f"{SHARE}::test_an_unmounted_share_is_not_an_empty_folder",
            f"{SHARE}::test_a_server_that_goes_down_is_offline_and_back_again_sends_only_what_is_new",
            f"{LANES}::test_a_share_that_vanishes_with_packets_on_their_way_loses_none",
        ),
    ),
    # --- Windows
    6: (
        "sharing violation, missing rights and a network that refuses are one PermissionError: winerror decides",
        ("folder/test_errors.py::test_windows_numbers_decide_and_not_the_errno_that_goes_with_them",),
    ),
    7: (
        "st_ctime is the creation on Windows: it is no part of a file's identity",
        (f"{TIMES}::test_the_time_of_creation_or_of_the_last_change_of_rights_is_no_part_of_a_files_identity",),
    ),
    8: (
        "a copy keeps the mtime, so a half-copied file looks old (camel#10131): our own clock tells stillness",
        (f"{SETTLING}::test_a_half_copied_file_with_an_old_time_is_not_taken_for_settled",),
    ),
    9: (
        "antivirus holds a fresh file for seconds (camel#24747): not yet",
        (f"{LANES}::test_a_file_that_cannot_be_read_for_a_while_goes_as_soon_as_it_can",),
    ),
    10: (
        "a rename onto a name fails on Windows and silently replaces on POSIX: nothing is ever overwritten",
        (
            f"{CONFORMANCE}::test_a_move_never_overwrites",
            f"{REAL}::test_each_way_to_rename_moves_and_never_overwrites",
            f"{SHARE}::test_nothing_is_overwritten_on_a_share",
        ),
    ),
    # --- Scanners
    11: (
        "the empty file comes first (paperless-ngx#1279)",
        (
            f"{SETTLING}::test_an_empty_file_is_incomplete_and_is_not_opened",
            f"{SETTLING}::test_a_scanner_writes_the_empty_file_first_then_five_times_the_longest_write_last",
        ),
    ),
    12: (
        "opened and closed several times, the longest write last (paperless-ngx#4626)",
        (f"{SLOW}::test_a_file_that_is_opened_and_closed_five_times_goes_once",),
    ),
    13: (
        "a slow scan timed out and was then ignored for ever (paperless-ng#1159)",
        (
            f"{SETTLING}::test_what_goes_on_growing_is_never_overdue",
            f"{SLOW}::test_a_file_that_pauses_for_longer_than_the_settle_time_still_goes_whole",
        ),
    ),
    14: (
        "numbering begins again at SCN_0001 (paperless-ng#494): a name is no identity",
        (
            f"{AGAIN}::test_a_duplicate_has_the_same_bytes_and_the_same_claim",
            f"{SHELVES}::test_where_one_name_is_used_all_of_the_packet_has_the_next_number",
            f"{SHELVES}::test_the_sidecar_leaves_first_and_comes_back_last",
        ),
    ),
    15: (".PDF in upper case", ("intake/test_filetypes.py::test_the_extension_counts_in_any_spelling",)),
    # --- Once, and only once
    16: (
        "queued again while in work (paperless-ngx#13511)",
        (
            f"{PLANNER}::test_a_check_under_way_is_not_started_again",
            f"{AGAIN}::test_ten_copies_dropped_at_once_go_once",
        ),
    ),
    17: (
        "everything queued again after a restart (paperless-ngx#6915)",
        (f"{RESTART}::test_many_restarts_while_packets_come_in_send_each_once",),
    ),
    18: (
        "the key stored before the move, and later files of the name never consumed (camel#24748)",
        (
            f"{RULE}::test_a_refused_file_lets_go_of_its_name",
            f"{AGAIN}::test_a_refused_packet_is_no_twin_of_the_next_try",
        ),
    ),
    19: (
        "a timeout that had delivered, and the file sent twice (rclone#406)",
        (
            f"{RULE}::test_a_lost_reply_and_then_a_refused_name_mean_delivered_once",
            f"{OUTCOMES}::test_a_lost_reply_is_sent_again_and_marked",
        ),
    ),
    20: (
        "a duplicate tried again every 10 s (paperless-ngx#3474)",
        (
            f"{AGAIN}::test_the_same_packet_again_fails_as_a_duplicate_and_names_the_control_number",
            f"{RULE}::test_a_name_that_the_service_refuses_is_held_and_tried_again_hourly",
        ),
    ),
    # --- The tray
    21: (
        "the icon dies after thousands of updates (pystray#73): each is rendered once, and shown when it changes",
        (
            f"{ICONS}::test_each_picture_is_read_once",
            f"{TRAY}::test_only_what_has_changed_is_shown_again",
            f"{TRAY}::test_ten_thousand_updates_end_with_the_last_one",
        ),
    ),
    22: (
        "a blank menu after sleep (pystray#70)",
        (f"{TRAY}::test_a_shell_that_is_away_for_a_moment_is_shown_all_of_it_when_it_is_back",),
    ),
    23: (
        "menu callbacks run on the thread of the messages: they only post a request",
        (f"{TRAY}::test_pause_and_resume", f"{TRAY}::test_a_wish_that_cannot_be_done_does_not_end_the_others"),
    ),
    # --- Secrets
    24: (
        "keyring on Windows holds about 1,280 characters (keyring#540)",
        (f"{SECRETS}::test_a_secret_of_any_length_comes_back_and_goes_without_a_trace",),
    ),
    25: (
        "a locked keyring must be told, not idled over (maestral#420)",
        (
            f"{SECRETS}::test_a_keyring_that_is_missing_or_locked_is_told_with_the_variable_to_set",
            f"{SECRETS}::test_a_keyring_that_does_not_answer_is_told_and_not_waited_for",
            "destinations/test_tokens.py::test_a_locked_credential_store_is_told",
        ),
    ),
    # --- The whole
    26: (
        "one locked file stops the rest (nextcloud/desktop#9111)",
        (f"{LANES}::test_a_file_that_someone_has_open_does_not_stop_the_rest_and_goes_when_it_is_closed",),
    ),
    27: (
        "an unlocked file goes only after a restart (nextcloud/desktop#6152)",
        (
            f"{LANES}::test_a_file_that_cannot_be_read_for_a_while_goes_as_soon_as_it_can",
            f"{SETTLING}::test_a_file_that_does_not_open_is_asked_for_again",
        ),
    ),
    28: (
        'green "all synced" while stopped (nextcloud/desktop#7632)',
        (f"{TRAY}::test_an_engine_that_dies_turns_the_icon_at_once", f"{VIEW}::test_the_menu_when_it_is_not_running"),
    ),
    29: (
        "20 to 30 % of the processor while idle (nextcloud/desktop#3538)",
        (
            f"{SLOW}::test_an_idle_practice_wakes_only_for_its_rescan",
            f"{WATCHING}::test_only_what_can_be_picked_up_is_worth_a_look",
        ),
    ),
    # --- Names and times
    30: (
        "NFC against NFD (maestral#936)",
        ("folder/test_names.py::test_names_that_are_one_to_people", f"{RULE}::test_another_spelling_is_the_same_name"),
    ),
    31: (
        "paths over 260 characters (nextcloud/desktop#34)",
        (f"{REAL}::test_names_far_beyond_260_characters", f"{REAL}::test_windows_paths_have_no_limit"),
    ),
    32: (
        "FAT times that jump by an hour (syncthing#9227)",
        (f"{TIMES}::test_times_that_jump_by_an_hour_lose_nothing_and_send_nothing_twice",),
    ),
    33: (
        "names that are not valid Unicode",
        (
            f"{HOSTILE}::test_names_that_act_or_are_no_text_come_to_an_end_like_any_other",
            f"{CONFORMANCE}::test_names_that_are_not_valid_unicode_survive",
        ),
    ),
    # --- Offices
    34: (
        "TLS inspection: only the system's trust store knows the authority",
        (
            f"{TRANSPORT}::test_the_systems_trust_store_decides",
            f"{TRANSPORT}::test_an_authority_named_in_the_environment_is_trusted",
        ),
    ),
    35: (
        "the HTTP client's own 5 s are too short for an upload",
        (f"{TIMES}::test_an_upload_has_minutes_and_not_the_clients_own_five_seconds",),
    ),
    36: (
        "PCs sleep, hibernate, and are shut down at night",
        (
            f"{RULE}::test_sleep_through_the_end_of_the_window",
            f"{PROCESS}::test_a_signal_in_mid_upload_ends_it_in_good_order_and_the_next_run_sends",
        ),
    ),
    37: (
        "several people are logged in to one terminal server",
        (f"{PROCESS}::test_a_second_agent_for_the_same_data_folder_is_refused",),
    ),
    38: (
        "two PCs watch one share",
        (
            f"{LANES}::test_two_agents_on_one_folder_send_40_packets_once_each",
            f"{RESTART}::test_what_another_pc_is_sending_from_the_shared_folder_is_left_alone",
        ),
    ),
}


def names_of_tests(file: str) -> set[str]:
    """Return the names of the tests in a file, without importing it."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_traps_are_numbered_without_a_gap() -> None:
    assert list(TRAPS) == list(range(1, len(TRAPS) + 1))


@pytest.mark.parametrize("number", TRAPS, ids=lambda number: f"{number}: {TRAPS[number][0]}")
def test_each_trap_has_its_tests(number: int) -> None:
    tests = TRAPS[number][1]
    assert tests
    for test in tests:
        file, _, name = test.partition("::")
        assert name in names_of_tests(file), test
