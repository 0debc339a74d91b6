"""What people and programs drop: small files with a token in them, and sidecars, right and wrong."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.support import files, statement_files


def scan(token: str, number: int, ending: str) -> bytes:
    """Return a small whole document of a kind."""
    mark = f"{token} document {number}".encode()
    if ending == "pdf":
        return _pdf(b"BT (" + mark + b") Tj ET")
    if ending == "rtf":
        return b"{\\rtf1\\ansi " + mark + b"\\par}"
    return b"Narrative of " + mark + b"\r\n"


def _pdf(drawn: bytes) -> bytes:
    """Return a PDF of one page. Its pages stand last: whoever has those has everything."""
    objects = [
        b"<</Type/Catalog/Pages 4 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 612 792]/Contents 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    ]
    made, table = b"%PDF-1.4\n", b"0000000000 65535 f \n"
    for number, body in enumerate(objects, start=1):
        table += b"%010d 00000 n \n" % len(made)
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    end = b"xref\n0 5\n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(made))
    return made + end


def sidecar(token: str, **changes: Any) -> bytes:
    """Return a sidecar that is right but for `changes`."""
    return files.sidecar(claimId=token, **changes)


def faulty_sidecar(token: str, dice: random.Random, **changes: Any) -> bytes:
    """Return a sidecar that cannot go."""
    wrong = dice.choice(("field", "number", "unknown", "cut", "text", "missing file"))
    right = sidecar(token, **changes)
    return {
        "field": sidecar(token, memberId=..., **changes),
        "number": sidecar(token, **{**changes, "payerId": 60054}),
        "unknown": sidecar(token, patientNickname="Patty", **changes),
        "cut": right[: len(right) // 2],
        "text": f"Claim {token} is for Pat Example".encode(),
        "missing file": sidecar(token, **{**changes, "files": [f"{token} that nobody scanned.pdf"]}),
    }[wrong]


def statement(token: str, rows: int, ending: str) -> bytes:
    """Return a statement file with so many rows, all of one account: the token."""
    if ending == "json":
        people = [
            {
                "externalPatientId": token,
                "externalPmsPatientId": token,
                "statementDate": "2026-07-03",
                "patientName": "John Snow",
                "amountDue": 100 * n,
            }
            for n in range(1, rows + 1)
        ]
        return json.dumps(people).encode()
    return statement_files.csv(*((token, "07/03/2026", "John Snow", f"{row}.00") for row in range(1, rows + 1)))


def in_pieces(data: bytes, dice: random.Random) -> list[bytes]:
    """Cut a content anywhere behind its first bytes, without which nobody can tell what it is going to be.

    A PDF is cut before its table of contents: one that lacks no more than that is whole to every reader.
    """
    last = data.find(b"\nendobj\nxref") if data.startswith(b"%PDF") else -1
    cuts = sorted(dice.sample(range(12, last if last > 0 else len(data)), dice.randint(1, 3)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
