"""The settings file that `outtray config init` writes: whole after two edits, and every other key as a comment."""

from __future__ import annotations

import sys


def template(platform: str = sys.platform, environment: str = "sandbox") -> str:
    """Return the text, with folders as this kind of computer writes them, and where scans go."""
    windows = platform == "win32"
    return _TEMPLATE.format(
        scans=r"C:\Scans\Claims" if windows else "/srv/scans/claims",
        statements=r"C:\PMS\Statements" if windows else "/srv/pms/statements",
        data=r"C:\ProgramData\OutTray" if windows else "/var/lib/outtray",
        name="{name}",
        environment=f'environment = "{environment}"'.ljust(37),
    )


_TEMPLATE = """\
# Settings of OutTray. Two lines need you: folder and client_id, further down.
#
# Lines that begin with # are comments; the keys in them show what holds anyway, or an example.
# Paths stand in single quotes. Secrets never stand here; keep each with
#     outtray secret set main-street/client_secret
#     outtray secret set main-street/api_key
# and look over the whole with
#     outtray config check

[agent]
# data_dir = '{data}'    # ledger, spool and logs; default: where the system keeps such data
# ledger = "sqlite"
# senders = 4                        # uploads at the same time
# upload_limit = "2 MB/s"            # default: none
# notices = "problems"               # all, problems or none
# show_names = false                 # file and patient names in notices and logs
# keep_sent_days = 0                 # 0 keeps for ever
# keep_failed_days = 0               # the same for what was not sent
# proxy = "http://proxy.example.com:8080"    # default: the system's

[agent.page]
# enabled = true
# port = 0                           # 0: any free port
# lock_minutes = 15                  # it locks itself when nobody has used it for so long

# One [[store]] for each practice location.
[[store]]
name = "main-street"
# store_id = "01GDG5BZA29R3SZMZ63Y2GFENV"    # needed for statements

# Scans with their sidecars, to the claim-attachments service.
[store.attachments]
folder = ''                          # 1. the folder to watch, such as '{scans}'
client_id = ""                       # 2. from the service
{environment}# sandbox or production; or base_url and token_url
# base_url = "https://host.example.com/dental/attachments/v1"
# token_url = "https://host.example.com/apip/auth/sntl/v1/token"
# create_path = "/attachments/documents"
# request_style = "json"             # json or fields
# submitter_id = "12345"             # this and the next two: for sidecars that leave them out
# billing_provider_tax_id = "123456789"
# provider_npi = "1234567893"
# index_files = ["*.xml", "*.csv"]   # what capture software writes beside its scans, and nobody sends
# watch = "auto"                     # auto, native or poll; from here on, every lane has these keys
# settle_seconds = 2                 # default: 2, on network shares 5, for scans in PDF and TIFF 8
# rescan_seconds = 60
# incomplete_minutes = 10
# waiting_hours = 72                 # how long a scan waits for its sidecar
# duplicate_days = 7                 # how long a copy of what was sent is known for one
# give_up_after = 72                 # hours of trying
# max_file_mb = 64
# max_request_mb = 100
# held = "held"                      # folder names, or whole paths
# sending = "sending"
# sent = "sent"
# failed = "failed"

# Statement files, to the billing service. Take the # away from all of the lines that this store needs.
# [store.statements]
# folder = '{statements}'
# base_url = "https://host.example.com"
# profile = "auto"                   # or a profile's name, or a path to one
# include = ["*.xml", "*.csv", "*.tsv", "*.txt", "*.xlsx", "*.xls", "*.json"]
# external_location_id = "1"
# hidden_rows = "ask"                # or send, or skip: rows, columns and sheets that a workbook hides
# verify = true                      # ask afterwards what the service has marked as failed
# [store.statements.filename_rule]
# scope = "filename"                 # filename or store
# on_conflict = "hold"               # hold or fail
# upload_name = "{name}"
"""
