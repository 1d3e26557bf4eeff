"""Writes docs/reference and packaging/sentinel.toml from the program: `make docs`. Tests hold the files to
what this makes.

Everything here is derived: the command line from the typer app, settings from their model, probes
from their list, fields from the field table, records from the data model.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from tools import default_settings

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Made by `make docs`: do not edit. -->"


def table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A Markdown table; cells hold plain text, code or links."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(headers), "|" + " --- |" * len(headers), *map(line, rows), ""]


def code(values: Any) -> str:
    """Values as code, in one cell."""
    return ", ".join(f"`{value}`" for value in values)


def commands() -> Iterator[tuple[str, Any]]:
    """(path, command) of every command and group, in the order of the help."""
    import typer

    from sentinel.cli import build

    def walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield path, command
        for name, inner in getattr(command, "commands", {}).items():
            if not inner.hidden:
                yield from walk(f"{path} {name}", inner)

    yield from walk("sentinel", typer.main.get_command(build()))


def cli() -> list[str]:
    from sentinel.cli import EXIT_CODES

    lines = ["# Command line", "", NOTE, ""]
    rows: list[tuple[str, ...]]
    for path, command in commands():
        lines += [f"## `{path}`", "", *_paragraphs(command.help), ""]
        if subcommands := getattr(command, "commands", {}):
            rows = [
                (f"[`{name}`](#{_anchor(f'{path} {name}')})", _first(c.help))
                for name, c in subcommands.items()
            ]
            lines += table(("command", "what it does"), rows)
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        if arguments:
            rows = [(f"`{_metavar(p)}`", _required(p), p.help or "") for p in arguments]
            lines += table(("argument", "", "what it is"), rows)
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        if options:
            rows = [
                (code([*p.opts, *p.secondary_opts]), _takes(p), _default(p), p.help or "") for p in options
            ]
            lines += table(("option", "takes", "default", "what it does"), rows)
    lines += ["## Exit codes", ""]
    return lines + table(("code", "meaning"), [(f"`{number}`", text) for number, text in EXIT_CODES.items()])


def _paragraphs(text: str | None) -> list[str]:
    return [" ".join(part.split()) + "\n" for part in (text or "").split("\n\n")]


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _anchor(title: str) -> str:
    return title.replace(" ", "-")


def _metavar(parameter: Any) -> str:
    return str(parameter.name).upper() + ("..." if parameter.nargs == -1 else "")


def _required(parameter: Any) -> str:
    return "required" if parameter.required else "optional"


def _takes(parameter: Any) -> str:
    if parameter.is_flag:
        return ""
    hint = parameter.type_descriptor.annotation
    repeat = ", repeatable" if parameter.multiple else ""
    if getattr(hint, "__origin__", None) is list:
        hint = get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return code(member.value for member in hint) + repeat
    plain: dict[Any, str] = {str: "text", int: "integer", float: "number", Path: "path"}
    return plain.get(hint, str(hint)) + repeat


def _default(parameter: Any) -> str:
    default = parameter.default
    if default in (None, False, [], ()) or callable(default):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def settings() -> list[str]:
    from sentinel import config
    from sentinel.config.sections import Receiver

    lines = ["# Settings", "", NOTE, ""]
    lines += ["Weakest first: defaults, `/etc/sentinel/sentinel.toml`, `~/.config/sentinel/sentinel.toml`,"]
    lines += ["variables, flags. `sentinel config show --origin` says where each value comes from.", ""]
    for section, model in config.sections():
        lines += [f"## `[{section}]`", "", str(model.__doc__), ""]
        rows: list[tuple[str, ...]] = []
        for key, field in model.model_fields.items():
            variable = f"{config.PREFIX}{section}{config.DELIMITER}{key}".upper()
            default = field.get_default()
            rows.append(
                (
                    f"`{key}`",
                    f"`{variable}`",
                    "" if default is None else f"`{default}`",
                    field.description or "",
                )
            )
        lines += table(("setting", "variable", "default", "what it is"), rows)
    lines += ["## `[[forward.to]]`", "", str(Receiver.__doc__), ""]
    each: list[tuple[str, ...]] = []
    for key, field in Receiver.model_fields.items():
        default = None if field.is_required() else field.get_default()
        each.append((f"`{key}`", "" if default is None else f"`{default}`", field.description or ""))
    lines += table(("setting", "default", "what it is"), each)
    return lines


def probes() -> list[str]:
    from sentinel.probes.catalogue import all_probes

    lines = ["# Probes", "", NOTE, "", "The protocols that are understood. Ports are hints, never proof.", ""]
    listed = all_probes()
    rows: list[tuple[str, ...]] = [
        (f"[`{p.name}`](#{p.name})", p.title, "yes" if p.industrial else "") for p in listed
    ]
    lines += table(("name", "protocol", "industrial"), rows)
    for probe in listed:
        lines += [f"## `{probe.name}`", ""]
        rows = [(label, text) for label, text in probe.rows() if label != "name"]
        lines += table(("", ""), rows)
    return lines


def fields() -> list[str]:
    from sentinel.fields import fields as load

    lines = ["# Event fields", "", NOTE, ""]
    lines += [
        "Names follow the Elastic Common Schema where it has one. A secret field is masked everywhere.",
        "",
    ]
    rows = [
        (f"`{f.name}`", f.type + (", secret" if f.secret else ""), f.help, ", ".join(f.by))
        for f in load().values()
    ]
    return lines + table(("field", "type", "what it holds", "filled by"), rows)


def data_model() -> list[str]:
    from sentinel.model import RECORDS, records, words

    lines = ["# Data model", "", NOTE, "", *_paragraphs(records.__doc__), ""]
    lines += ["Times are RFC 3339 UTC with microseconds; absent or null means unknown.", ""]
    inner = [kind for kind in vars(records).values() if _is_struct(kind) and kind not in RECORDS.values()]
    for title, kind in [*RECORDS.items(), *((k.__name__, k) for k in inner)]:
        lines += [f"## {title}", "", *_paragraphs(kind.__doc__)]
        hints = get_type_hints(kind)
        rows = [
            (f"`{field.encode_name}`", _type(hints[field.name]), "always" if field.required else "")
            for field in msgspec.structs.fields(kind)
        ]
        lines += table(("key", "type", ""), rows)
    lines += ["## Words", ""]
    for name, listed in vars(words).items():
        if name.isupper() and name != "PROTOCOLS":
            ordered = sorted(listed) if isinstance(listed, frozenset) else listed
            lines += [f"**{_title(name)}**: {code(ordered)}", ""]
    return lines


def _is_struct(kind: object) -> bool:
    from sentinel.model.records import Record

    return (
        isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in (msgspec.Struct, Record)
    )


def _type(hint: Any) -> str:
    """A type as a reader of JSON names it."""
    arguments = [a for a in get_args(hint) if a is not type(None)]
    if type(None) in get_args(hint):
        return _type(arguments[0]) if len(arguments) == 1 else " or ".join(map(_type, arguments))
    origin = getattr(hint, "__origin__", None)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "object" if arguments[1] is Any else f"object: {_type(arguments[1])} by {_type(arguments[0])}"
    if arguments:
        return _words(arguments)
    plain = {str: "text", int: "integer", float: "number", bool: "boolean"}
    return plain.get(hint) or f"[{hint.__name__}](#{hint.__name__.lower()})"


def _words(listed: list[Any]) -> str:
    """The words a value may be: named where the list stands under Words, else spelled out."""
    from sentinel.model import words

    for name, known in vars(words).items():
        if name.isupper() and isinstance(known, tuple) and list(known) == listed:
            return f"one of [{_title(name)}](#words)"
    return " or ".join(f"`{word}`" for word in listed)


def _title(name: str) -> str:
    return name.lower().replace("_", " ")


PAGES: dict[str, Callable[[], list[str]]] = {
    "cli.md": cli,
    "data-model.md": data_model,
    "fields.md": fields,
    "probes.md": probes,
    "settings.md": settings,
}
"""Every page of the reference and what makes it."""


def page(name: str) -> str:
    """The text of one page."""
    text = "\n".join(line.rstrip() for line in "\n".join(PAGES[name]()).splitlines())
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.rstrip() + "\n"


def main() -> int:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (REFERENCE / name).write_text(page(name), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")
    default_settings.main()
    sys.stdout.write("packaging/sentinel.toml\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
