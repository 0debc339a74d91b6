"""What the settings' room says when a secret cannot be had."""

from __future__ import annotations

from agent.model import Words

SECRET_MISSING = Words(
    "secret-missing",
    "The secret {secret} has not been set on this computer for the account that runs OutTray.",
    "Run: outtray secret set {secret}. Or set the environment variable {variable} for that account.",
)
NO_KEYRING = Words(
    "keyring-missing",
    "This computer has no keyring that OutTray can use, so the secret {secret} cannot be kept or read there.",
    "Set the environment variable {variable} for the account that runs OutTray.",
)
KEYRING_LOCKED = Words(
    "keyring-locked",
    "The keyring with the secret {secret} is locked, or access to it was declined.",
    "Sign in or unlock the keyring, allow the access and try again. Or set the environment variable {variable} for the "
    "account that runs OutTray.",
)
KEYRING_SILENT = Words(
    "keyring-silent",
    "The keyring with the secret {secret} has not answered for {seconds:g} seconds. It may be waiting for its password "
    "in a window behind the others.",
    "Look for that window, unlock the keyring and try again. Or set the environment variable {variable} for the "
    "account that runs OutTray.",
)
KEYRING_FAULTY = Words(
    "keyring-faulty",
    "The keyring did not do its work for the secret {secret}.",
    "Sign out of this computer, sign in again and try once more. Or set the environment variable {variable} for the "
    "account that runs OutTray.",
)
SECRET_INCOMPLETE = Words(
    "secret-incomplete",
    "The secret {secret} is not whole in the keyring.",
    "Set it again with: outtray secret set {secret}. Or set the environment variable {variable} for the account that "
    "runs OutTray.",
)
MACHINE_SECRET_DENIED = Words(
    "machine-secret-denied",
    "The secret {secret} is kept for this whole PC, but the account that runs OutTray may not read it.",
    "An administrator can name that account with: outtray secret set {secret} --machine --reader ACCOUNT. Or keep the "
    "secret for the account alone, signed in as it: outtray secret set {secret}.",
)
MACHINE_SECRET_FAULTY = Words(
    "machine-secret-faulty",
    "The secret {secret} that is kept for this whole PC cannot be opened: it is another PC's, or it is damaged.",
    "An administrator can set it again with: outtray secret set {secret} --machine.",
)
