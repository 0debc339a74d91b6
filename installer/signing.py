"""Signing, where there is a certificate: programs before they are packed, the MSI last. Without one, nothing is signed.

OUTTRAY_SIGN_PKCS12     the certificate and its key, as a PKCS #12 file, for osslsigncode
OUTTRAY_SIGN_PASSWORD   the file that holds its password, and nothing else
OUTTRAY_SIGN_TIMESTAMP  a timestamp server, such as http://timestamp.example.com; a release has one
OUTTRAY_SIGN_COMMAND    in place of these: a command for one file, which stands where {} is, such as
                        signtool sign /fd SHA256 /tr http://timestamp.example.com /td SHA256 /a {}
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from installer.tools import run

DESCRIPTION = "OutTray"
ENDINGS = (".exe", ".com")


def is_asked_for(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether there is something to sign with."""
    return bool(environment.get("OUTTRAY_SIGN_PKCS12") or environment.get("OUTTRAY_SIGN_COMMAND"))


def sign(file: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Sign a program or an MSI in its place. Raises `BuildFailed`."""
    if command := environment.get("OUTTRAY_SIGN_COMMAND"):
        run([word.replace("{}", str(file)) for word in shlex.split(command)], may_grumble=True)
        return
    signed = file.with_name(f"{file.name}.signed")
    key = ["-pkcs12", environment["OUTTRAY_SIGN_PKCS12"]]
    if password := environment.get("OUTTRAY_SIGN_PASSWORD"):
        key += ["-readpass", password]
    if server := environment.get("OUTTRAY_SIGN_TIMESTAMP"):
        key += ["-ts", server]
    run(["osslsigncode", "sign", *key, "-h", "sha256", "-n", DESCRIPTION, "-in", file, "-out", signed])
    signed.replace(file)


def verify(file: Path, authority: Path) -> None:
    """Check a signature against the authority's certificate (PEM). Raises `BuildFailed` where it does not hold."""
    run(["osslsigncode", "verify", "-CAfile", authority, "-in", file], may_grumble=True)
