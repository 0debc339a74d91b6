"""Packets to send, made as people's programs make them: the scan first, then its sidecar."""

from __future__ import annotations

import json
import os
from pathlib import Path

_PDF_HEAD = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>endobj\n"
)


def pdf(size: int, seed: int) -> bytes:
    """A PDF of one empty page, filled up to `size` bytes with a stream that differs by `seed`."""
    filler = size - 600
    stream = seed.to_bytes(8, "big") + os.urandom(max(filler - 8, 0))
    body = _PDF_HEAD + b"4 0 obj<</Length %d>>stream\n" % len(stream) + stream + b"\nendstream endobj\n"
    offsets = [body.index(b"%d 0 obj" % number) for number in range(1, 5)]
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + table + tail


def sidecar(number: int) -> bytes:
    """The metadata of packet `number`. Synthetic."""
    return json.dumps({
        "claimId": f"CLM-{number}", "payerId": "60054", "memberId": f"W{number:09}",
        "patientLastName": "Lindqvist", "patientFirstName": "Maya", "patientDateOfBirth": "1988-03-09",
        "dateOfService": "2026-07-13", "submitterId": "SUB-001", "billingProviderTaxId": "123456789",
        "providerNPI": "1234567893",
    }).encode()  # fmt: skip


def drop(folder: Path, number: int, size: int, *, with_sidecar: bool = True) -> None:
    """Put one packet down, unseen until it is whole."""
    scan = folder / f"scan-{number:06}.pdf"
    aside = scan.with_suffix(".tmp")
    aside.write_bytes(pdf(size, number))
    aside.rename(scan)
    if with_sidecar:
        (folder / f"scan-{number:06}.json").write_bytes(sidecar(number))
