"""A throw-away certificate authority for a sandbox that speaks TLS."""

from __future__ import annotations

from pathlib import Path


def make_certificates(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """Write `ca.pem`, and a certificate with its key for `names`, into `folder`; return both paths."""
    import trustme

    authority = trustme.CA(organization_name="OutTray sandbox", organization_unit_name="trust it for tests only")
    ca, server = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(server)
    return ca, server
