"""What the destinations say when a packet or a lane needs someone. `{service}` is "attachments service" or the like."""

from __future__ import annotations

from agent.model import SOMETHING_BETWEEN, Words

_BY_ITSELF = "Nothing needs doing: OutTray tries again by itself."
_THEN_RESUME = "Then resume the lane: everything that waits will go."

UNREACHABLE = Words(
    "unreachable",
    "The {service} could not be reached.",
    f"{_BY_ITSELF} If it lasts, check this PC's internet connection.",
)
BUSY = Words("busy", "The {service} is busy and asks to wait.", _BY_ITSELF)
SERVICE_TROUBLE = Words(
    "service-trouble",
    "The {service} has trouble of its own at the moment.",
    f"{_BY_ITSELF} If it lasts for hours, ask the service's support.",
)
BETWEEN = Words(
    SOMETHING_BETWEEN,
    "Something between this PC and the {service} answers in its place: a sign-in page, a firewall or a filter.",
    "Open any web page on this PC, and sign in to the network if it asks. If that does not help, IT can let the "
    "{service} through. OutTray goes on by itself as soon as the service answers.",
)
BETWEEN_UNSURE = Words(
    SOMETHING_BETWEEN,
    "Something between this PC and the {service} answered in its place, after everything had gone out.",
    "Open any web page on this PC, and sign in to the network if it asks. If that does not help, IT can let the "
    "{service} through. OutTray goes on by itself as soon as the service answers.",
)
UNPROVEN = Words(
    "answer-proves-nothing",
    "Everything went out to the {service}, but its answer does not say that it has it.",
    f"{_BY_ITSELF} If it lasts, ask the service's support.",
)
NETWORK_SIGN_IN = Words(
    "network-sign-in",
    "The network of this PC asks for a sign-in before it lets anything through.",
    f"Open any web page on this PC and sign in to the network. {_THEN_RESUME}",
)
NOT_UNDERSTOOD = Words(
    "way-not-taken",
    "The {service} does not take what is sent in this way.",
    f"Tell IT: the address in the settings, or what stands between PC and service, is the cause. {_THEN_RESUME}",
)
FEWER_THAN_SENT = Words(
    "fewer-than-sent",
    "The {service} took this, but its answer names {count} of the {files} files.",
    "Ask the service's support whether all files are under control number {number}, before the claim goes out.",
)
TOO_MANY_TO_COMPARE = Words(
    "too-many-failed",
    "The {service} has too many statements marked as failed for all of them to be compared.",
    "Look at the service's own review page, and clear up what is marked as failed there.",
)
NO_SECRET = Words(
    "no-secret",
    "No secret is stored for the {service}, so nothing can be sent.",
    f"IT can store it with: outtray secret set {{store}}/{{name}}. {_THEN_RESUME}",
)
SECRET_UNREADABLE = Words(
    "secret-unreadable",
    "This PC's credential store could not be opened, so the {service} cannot be used.",
    f"Unlock it by signing in to this PC again, or have IT look at it with: outtray doctor. {_THEN_RESUME}",
)
SECRET_UNUSABLE = Words(
    "secret-unusable",
    "The secret that is stored for the {service} contains characters that cannot be sent.",
    f"IT can store it again, without blanks and line ends, with: outtray secret set {{store}}/{{name}}. {_THEN_RESUME}",
)
KEY_NOT_ACCEPTED = Words(
    "key-not-accepted",
    "The {service} does not accept this practice's credentials.",
    f"IT can check the IDs in the settings and store the secret again with: outtray secret set {{store}}/{{name}}. "
    f"{_THEN_RESUME}",
)
NO_ACCESS = Words(
    "no-access",
    "The {service} gives this practice no access.",
    f"IT can check the address for tokens and the client ID in the settings. {_THEN_RESUME}",
)
NOT_ALLOWED = Words(
    "not-allowed",
    "The {service} does not let this practice send.",
    f"Ask the service's support to allow it for this practice's account. {_THEN_RESUME}",
)
WRONG_ADDRESS = Words(
    "wrong-address",
    "The {service} was not found at the address in the settings.",
    f"IT can correct the address in the settings. {_THEN_RESUME}",
)
REDIRECTED = Words(
    "redirected",
    "The address of the {service} sends elsewhere, and OutTray does not follow.",
    "IT can correct the address in the settings; a network that asks to sign in first does this as well. "
    + _THEN_RESUME,
)
CERTIFICATE = Words(
    "certificate-not-trusted",
    "The {service} could not prove who it is: its certificate is not trusted by this PC.",
    "Check this PC's date. If the office inspects secure connections, IT has to add the office's certificate authority "
    f"to this PC's system store. {_THEN_RESUME}",
)
NO_SECURE_CONNECTION = Words(
    "no-secure-connection",
    "No secure connection to the {service} could be agreed on.",
    f"IT can check the address in the settings, and whether the firewall or the proxy steps in. {_THEN_RESUME}",
)
PROXY_SIGN_IN = Words(
    "proxy-sign-in",
    "The office's proxy asks for a sign-in before it lets anything through to the {service}.",
    "IT can let the {service} through the proxy, or give the proxy with its sign-in in the environment variable "
    "HTTPS_PROXY. " + _THEN_RESUME,
)
PROXY_UNUSABLE = Words(
    "proxy-unusable",
    "The proxy that is set cannot be used, so the {service} cannot be reached.",
    f"IT can write the proxy as http://name:port in the settings. {_THEN_RESUME}",
)
REFUSED = Words(
    "refused",
    "The {service} did not take this: {reason}",
    "Correct what is named and drag the files back into the folder.",
)
TOO_LARGE = Words(
    "too-large",
    "This is larger than the {service} takes.",
    "Scan it again in black and white or at 300 dpi, or split it, and drop the new files.",
)
NAME_TAKEN = Words(
    "name-taken",
    "The {service} already had a file of this name within 24 hours.",
    "If it has to go today, save it under another name and drop it again.",
)
STORE_TAKEN = Words(
    "store-taken",
    "The {service} says that this store had its upload of the last 24 hours already.",
    "If nobody has uploaded anything, ask the service's support what it allows in a day.",
)
REPLY_LOST = Words(
    "reply-lost",
    "Everything went out to the {service}, but its answer was lost.",
    _BY_ITSELF,
)
CONNECTION_LOST = Words(
    "connection-lost",
    "The connection to the {service} broke while sending.",
    f"{_BY_ITSELF} If it lasts, check this PC's internet connection.",
)
FILE_CHANGED = Words(
    "file-changed",
    "A file was changed while it was being sent, so this try does not count.",
    f"{_BY_ITSELF} Close the file if it is open in another program.",
)
FILE_UNREADABLE = Words(
    "file-unreadable",
    "A file could not be read while it was being sent.",
    f"{_BY_ITSELF} Close the file if it is open in another program.",
)
STOPPED = Words("stopped", "Sending was stopped.", "Nothing needs doing: it goes when sending goes on.")
ODD_REPLY = Words(
    "odd-reply",
    "The {service} gave an answer that OutTray does not understand.",
    f"{_BY_ITSELF} If it lasts, ask the service's support.",
)
UNEXPECTED = Words(
    "unexpected",
    "Something happened while sending that OutTray did not expect.",
    f"{_BY_ITSELF} If it lasts, send IT the diagnostics.",
)
