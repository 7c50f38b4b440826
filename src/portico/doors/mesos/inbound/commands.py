"""CommandInfo: what is run, with which environment, as whom, and what is fetched before. Pure."""

from __future__ import annotations

import msgspec

from portico.domain.errors import Invalid
from portico.domain.runs import Fetch
from portico.doors.mesos.inbound.names import check_text
from portico.wire.mesos import mesos_pb2 as pb

SHELL = "/bin/sh"


class Invocation(msgspec.Struct, frozen=True):
    """What is run in a container's image: an entry point of its own (None: the image's), and arguments."""

    argv: tuple[str, ...]
    entrypoint: tuple[str, ...] | None = None


def plain(command: pb.CommandInfo, field: str = "command") -> tuple[str, ...]:
    """Give the argument list of a command outside of an image; the first argument only names the program."""
    if command.shell:
        return (SHELL, "-c", _value(command, field))
    if not command.value:
        raise Invalid(f"'{field}.value' must be set when there is no shell", f"{field}.value")
    return (check_text(command.value, f"{field}.value"), *_arguments(command, field)[1:])


def in_image(command: pb.CommandInfo, field: str = "command") -> Invocation:
    """Give what is run in an image of the universal containerizer.

    A value replaces the image's entry point; arguments alone go to it, and replace the image's own.
    """
    if command.shell:
        return Invocation((SHELL, "-c", _value(command, field)), ())
    arguments = _arguments(command, field)
    if command.value:
        return Invocation((check_text(command.value, f"{field}.value"), *arguments[1:]), ())
    return Invocation(arguments)


def in_docker(command: pb.CommandInfo, field: str = "command") -> Invocation:
    """Give what is run in a Docker container, where value and arguments go to the image's entry point."""
    if command.shell:
        return Invocation(("-c", _value(command, field)), (SHELL,))
    value = check_text(command.value, f"{field}.value")
    return Invocation((*((value,) if value else ()), *_arguments(command, field)))


def _value(command: pb.CommandInfo, field: str) -> str:
    if not command.HasField("value"):
        raise Invalid(f"Shell specified but '{field}.value' is not set", f"{field}.value")
    return check_text(command.value, f"{field}.value")


def _arguments(command: pb.CommandInfo, field: str) -> tuple[str, ...]:
    return tuple(check_text(argument, f"{field}.arguments") for argument in command.arguments)


def environment(command: pb.CommandInfo, field: str = "command") -> dict[str, str]:
    """Give the variables, the last of a name; secrets by value are served, references to secrets are not."""
    found: dict[str, str] = {}
    for variable in command.environment.variables:
        where = f"{field}.environment.{variable.name}"
        if not variable.name or "=" in variable.name or "\0" in variable.name:
            raise Invalid(f"'{variable.name}' cannot name an environment variable", where)
        value = _variable(variable, where)
        if "\0" in value:
            raise Invalid(f"Environment variable '{variable.name}' must not contain null bytes", where)
        found[variable.name] = value
    return found


def _variable(variable: pb.Environment.Variable, where: str) -> str:
    name = variable.name
    match variable.type:
        case pb.Environment.Variable.VALUE:
            if variable.HasField("secret"):
                raise Invalid(f"Environment variable '{name}' of type 'VALUE' must not have a secret set", where)
            if not variable.HasField("value"):
                raise Invalid(f"Environment variable '{name}' of type 'VALUE' must have a value set", where)
            return variable.value
        case pb.Environment.Variable.SECRET:
            if variable.HasField("value"):
                raise Invalid(f"Environment variable '{name}' of type 'SECRET' must not have a value set", where)
            if not variable.HasField("secret"):
                raise Invalid(f"Environment variable '{name}' of type 'SECRET' must have a secret set", where)
            return _secret(variable.secret, name, where)
        case _:
            raise Invalid(f"Environment variable '{name}' has no type that is known", where)


def _secret(secret: pb.Secret, name: str, where: str) -> str:
    if secret.HasField("reference") or secret.type == pb.Secret.REFERENCE:
        raise Invalid(f"Environment variable '{name}' refers to a secret; only 'secret.value' is served", where)
    if not secret.HasField("value"):
        raise Invalid(f"Secret of environment variable '{name}' must have its value set", where)
    try:
        return secret.value.data.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"Secret of environment variable '{name}' is no text", where) from error


def fetches(command: pb.CommandInfo, field: str = "command") -> tuple[Fetch, ...]:
    """Give what is brought into the sandbox before the start."""
    return tuple(_fetch(uri, f"{field}.uris") for uri in command.uris)


def _fetch(uri: pb.CommandInfo.URI, where: str) -> Fetch:
    if not uri.value:
        raise Invalid("A URI must not be empty", where)
    output = uri.output_file
    if output.startswith("/") or ".." in output.split("/"):
        raise Invalid(f"The output file '{output}' of a URI must be a path inside the sandbox", f"{where}.output_file")
    return Fetch(uri.value, uri.executable, uri.extract, uri.cache, output)
