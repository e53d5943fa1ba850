"""``converz completion``: what a shell needs to complete commands and options, made from the commands themselves."""

from __future__ import annotations

import argparse
import shlex
from typing import NamedTuple

from converz._cli.command import Command
from converz._cli.commands import COMMANDS

__all__ = ["COMMAND"]

SHELLS = ("bash", "zsh", "fish")


class _Option(NamedTuple):
    names: tuple[str, ...]
    says: str
    choices: tuple[str, ...]
    takes_value: bool


class _Completed(NamedTuple):
    name: str
    says: str
    options: list[_Option]
    choices: tuple[str, ...]
    """Those of its first argument."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="whose completion is written to standard output")


def _run(options: argparse.Namespace) -> int:
    from converz._cli.parser import make_command_parser

    commands = [_completed(name, says, make_command_parser(name)) for name, says in COMMANDS.items()]
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](commands), end="")
    return 0


def _completed(name: str, says: str, parser: argparse.ArgumentParser) -> _Completed:
    options, first = [], None
    for action in _actions(parser):
        choices = tuple(str(each) for each in action.choices or ())
        if action.option_strings:
            text = (action.help or "").replace("%(default)s", str(action.default))
            options.append(_Option(tuple(action.option_strings), text, choices, action.nargs != 0))
        elif first is None:
            first = choices
    return _Completed(name, says, options, first or ())


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Find what a command takes, and what its own commands take, each name once."""
    actions = {action.dest: action for action in parser._actions}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for nested in action.choices.values():
                actions = {each.dest: each for each in _actions(nested)} | actions
    return list(actions.values())


def _bash(commands: list[_Completed]) -> str:
    values = "".join(
        f"        '{command.name} {name}') words={shlex.quote(' '.join(option.choices))}; files= ;;\n"
        for command in commands
        for option in command.options
        if option.choices
        for name in option.names
    )
    words = "".join(
        f"            {command.name}) words={shlex.quote(' '.join(_words(command)))} ;;\n"
        for command in commands
    )
    names = " ".join(command.name for command in commands)
    return f"""\
# Completion of converz for bash: source <(converz completion bash)
_converz() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words= files=yes
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W {shlex.quote(names + " --help --version")} -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}} $previous" in
{values}        *) case "${{COMP_WORDS[1]}}" in
{words}        esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    case "$files$current" in
        yes-*) ;;
        yes*) COMPREPLY+=($(compgen -f -- "$current")) ;;
    esac
}}
complete -o filenames -F _converz converz
"""


def _zsh(commands: list[_Completed]) -> str:
    # zsh runs bash's completions by itself.
    return (
        "# Completion of converz for zsh: source <(converz completion zsh)\n"
        "autoload -U +X compinit && compinit\n"
        "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands).split("\n", 1)[1]
    )


def _fish(commands: list[_Completed]) -> str:
    lines = ["# Completion of converz for fish: converz completion fish | source"]
    for command in commands:
        lines.append(
            f"complete -c converz -n __fish_use_subcommand -f -a {command.name} -d {_text(command.says)}"
        )
        seen = f"-n '__fish_seen_subcommand_from {command.name}'"
        if command.choices:
            lines.append(f"complete -c converz {seen} -a {_text(' '.join(command.choices))}")
        for option in command.options:
            names = " ".join(
                f"-l {each[2:]}" if each.startswith("--") else f"-s {each[1:]}" for each in option.names
            )
            value = " -r" if option.takes_value else ""
            if option.choices:
                value = f" -x -a {_text(' '.join(option.choices))}"
            lines.append(f"complete -c converz {seen} {names}{value} -d {_text(option.says)}")
    return "\n".join(lines) + "\n"


def _words(command: _Completed) -> list[str]:
    return [*command.choices, *(name for option in command.options for name in option.names)]


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


COMMAND = Command(
    _add_options,
    _run,
    """\
  converz completion bash > ~/.local/share/bash-completion/completions/converz
  converz completion fish > ~/.config/fish/completions/converz.fish
  source <(converz completion zsh)""",
)
