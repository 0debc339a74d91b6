"""`outtray secret`: the stores' secrets in this computer's keyring. A value is never an argument and never shown."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.commands.options import UNREACHABLE, USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.console import say, tell

if TYPE_CHECKING:
    from agent.settings.schema import Settings
    from agent.settings.secrets import SecretsUnavailable

app = typer.Typer(help="The stores' secrets, in this computer's keyring.", no_args_is_help=True)

SecretArgument = Annotated[
    str, typer.Argument(metavar="STORE/NAME", help="Such as main-street/client_secret or main-street/api_key.")
]


MachineOption = Annotated[
    bool,
    typer.Option("--machine", help="For the whole PC, for agents that run where nobody signs in (Windows only)."),
]
ReaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reader",
        metavar="ACCOUNT",
        help="With --machine: an account or group that may read it, beside the service and administrators.",
    ),
]


@app.command("set")
def set_secret(
    ctx: typer.Context,
    secret: SecretArgument,
    machine: MachineOption = False,
    reader: ReaderOption = None,
    config: ConfigOption = None,
) -> None:
    """Keep a secret. Its value comes from a hidden prompt, or from standard input where that is no terminal."""
    from agent.settings.provisioning import NotProvisioned, keep_for_machine
    from agent.settings.secrets import Secrets, SecretsUnavailable, unfit, variable

    if reader and not machine:
        _stop("--reader goes with --machine: what is kept for this account is nobody else's to read.")
    store, name = _named(secret, load_or_exit(config, ctx).settings)
    value = _value(f"{store}/{name}")
    if fault := unfit(value):
        _stop(fault)
    if value != value.strip():
        tell(
            "What was given begins or ends with a blank, which was kept. If it is not part of the secret, set it again."
        )
    secrets = Secrets()
    try:
        if machine:
            keep_for_machine(secrets, store, name, value, reader or ())
        else:
            secrets.set(store, name, value)
    except SecretsUnavailable as unavailable:
        _unavailable(unavailable)
    except NotProvisioned as refused:
        _stop(str(refused))
    say(f"{store}/{name} is kept {'for the whole PC' if machine else 'in the keyring'}.")
    if secrets.from_environment(store, name):
        tell(f"The environment variable {variable(store, name)} is set too, and goes before the keyring.")


@app.command("list")
def list_secrets(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the secrets that the settings need, and where each was found. Values are not shown."""
    from agent.settings.secrets import Secrets

    listed = Secrets().listing(load_or_exit(config, ctx).settings)
    if as_json:
        answer_json(
            [
                {
                    "store": entry.store,
                    "name": entry.name,
                    "source": entry.source,
                    "variable": entry.variable,
                    "problem": entry.problem and f"{entry.problem.sentence} {entry.problem.what_to_do}",
                }
                for entry in listed
            ]
        )
        return
    for entry in listed:
        say(f"{entry.source:12} {entry.store}/{entry.name}")
    for entry in listed:
        if entry.problem is not None:
            tell(f"{entry.problem.sentence} {entry.problem.what_to_do}")


@app.command("forget")
def forget_secret(
    ctx: typer.Context, secret: SecretArgument, machine: MachineOption = False, config: ConfigOption = None
) -> None:
    """Take a secret out of the keyring, or with --machine out of what is kept for the whole PC."""
    from agent.settings.provisioning import NotProvisioned, forget_for_machine
    from agent.settings.secrets import Secrets, SecretsUnavailable, variable

    store, name = _named(secret, load_or_exit(config, ctx).settings)
    secrets = Secrets()
    try:
        known = forget_for_machine(secrets, store, name) if machine else secrets.forget(store, name)
    except SecretsUnavailable as unavailable:
        _unavailable(unavailable)
    except NotProvisioned as refused:
        _stop(str(refused))
    place = "what is kept for the whole PC" if machine else "the keyring"
    say(f"{store}/{name} {'is out of' if known else 'was not in'} {place}.")
    if secrets.from_environment(store, name):
        tell(f"The environment variable {variable(store, name)} still gives it.")


def _named(secret: str, settings: Settings) -> tuple[str, str]:
    """Return the store and the name that STORE/NAME means; end with code 2 where there is no such secret."""
    from agent.settings.secrets import SECRET_OF

    store, slash, name = secret.partition("/")
    names, stores = sorted(SECRET_OF.values()), [entry.name for entry in settings.store]
    if not slash:
        _stop(f'"{secret}" does not say whose secret it is. Write it as STORE/NAME, such as {stores[0]}/{names[0]}.')
    if store not in stores:
        nearest = get_close_matches(store, stores, n=1, cutoff=0) or stores
        _stop(
            f'The settings know no store "{store}". The nearest is {nearest[0]}: write {nearest[0]}/{name or names[0]}.'
        )
    if name.lower() not in names:  # CLIENT_SECRET is the same name, as environment variables have it
        nearest = get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0) or names
        _stop(f'A store has no secret "{name}". The nearest is {nearest[0]}: write {store}/{nearest[0]}.')
    return store, name.lower()


def is_terminal() -> bool:
    """Tell whether a person sits at standard input."""
    return sys.stdin.isatty()


def _value(secret: str) -> str:
    if is_terminal():
        value: str = typer.prompt(
            f"Value of {secret} (it is not shown)", hide_input=True, default="", show_default=False, err=True
        )
    else:
        value = sys.stdin.read()
    return value.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")


def _stop(sentence: str) -> NoReturn:
    tell(sentence)
    raise typer.Exit(USAGE_OR_SETTINGS)


def _unavailable(unavailable: SecretsUnavailable) -> NoReturn:
    tell(str(unavailable))
    for detail in unavailable.problem.details:
        tell(f"For IT: {detail.where}: {detail.value}")
    raise typer.Exit(UNREACHABLE)
