"""``converz completion``: what a shell needs to complete commands and options, made from the commands themselves."""

from __future__ import annotations

import argparse
import shlex
from typing import Literal, NamedTuple

from converz._cli.command import Command
from converz._cli.commands import COMMANDS

__all__ = ["COMMAND"]

SHELLS = ("bash", "zsh", "fish")


class _Option(NamedTuple):
    names: tuple[str, ...]
    says: str
    choices: tuple[str, ...]
    takes: Literal["nothing", "file", "value"]


class _Completed(NamedTuple):
    name: str
    says: str
    options: list[_Option]
    choices: tuple[str, ...]
    """Those of its first argument."""
    takes_file: bool
    """Besides options."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="whose completion is written to standard output")


def _run(options: argparse.Namespace) -> int:
    from converz._cli.parser import make_command_parser

    commands = [_completed(name, says, make_command_parser(name)) for name, says in COMMANDS.items()]
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](commands), end="")
    return 0


def _completed(name: str, says: str, parser: argparse.ArgumentParser) -> _Completed:
    actions = _actions(parser)
    first: tuple[str, ...] = ()
    options, takes_file = [], False
    for action in actions:
        choices = tuple(str(each) for each in action.choices or ())
        if action.option_strings:
            text = (action.help or "").replace("%(default)s", str(action.default))
            options.append(_Option(tuple(action.option_strings), text, choices, _takes(action)))
        elif choices:
            first = first or choices
        else:
            takes_file = True
    return _Completed(name, says, options, first, takes_file)


def _takes(action: argparse.Action) -> Literal["nothing", "file", "value"]:
    if action.nargs == 0:
        return "nothing"
    return "file" if action.metavar == "FILE" else "value"


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Find what a command takes, and what its own commands take, each once."""
    actions = {_names(action): action for action in parser._actions}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for nested in action.choices.values():
                actions = {_names(each): each for each in _actions(nested)} | actions
    return list(actions.values())


def _names(action: argparse.Action) -> tuple[str, ...]:
    return tuple(action.option_strings) or (action.dest,)


def _bash(commands: list[_Completed]) -> str:
    values = "".join(
        f"        {'|'.join(shlex.quote(f'{command.name} {name}') for name in option.names)}) "
        f"words={shlex.quote(' '.join(option.choices))} files={'yes' if option.takes == 'file' else ''} ;;\n"
        for command in commands
        for option in command.options
        if option.takes != "nothing"
    )
    words = "".join(
        f"            {command.name}) words={shlex.quote(' '.join(_words(command)))} "
        f"files={'yes' if command.takes_file else ''} ;;\n"
        for command in commands
    )
    names = " ".join(command.name for command in commands)
    return f"""\
# Completion of converz for bash: source <(converz completion bash)
_converz() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words= files= before=
    # Of --format=csv, zsh makes one word, and bash three.
    if [[ "$current" = --*=* ]]; then
        previous=${{current%%=*}} before=${{current%%=*}}= current=${{current#*=}}
    elif [ "$current" = = ]; then
        current=
    elif [ "$previous" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        previous=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W {shlex.quote(names + " --help --version")} -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}} $previous" in
{values}        *) case "${{COMP_WORDS[1]}}" in
{words}        esac ;;
    esac
    COMPREPLY=($(compgen -P "$before" -W "$words" -- "$current"))
    case "$files$current" in
        yes-*) ;;
        yes*) local IFS=$'\\n'; COMPREPLY+=($(compgen -P "$before" -f -- "$current")) ;;
    esac
}}
complete -o filenames -F _converz converz
"""


def _zsh(commands: list[_Completed]) -> str:
    # zsh runs bash's completions by itself.
    return (
        "# Completion of converz for zsh: source <(converz completion zsh)\n"
        "whence compdef >/dev/null || { autoload -U +X compinit && compinit }\n"
        "autoload -U +X bashcompinit && bashcompinit\n" + _bash(commands).split("\n", 1)[1]
    )


def _fish(commands: list[_Completed]) -> str:
    first = "complete -c converz -n __fish_use_subcommand"
    lines = [
        "# Completion of converz for fish: converz completion fish | source",
        "function __converz_is",
        "    set -l words (commandline -opc)",
        '    test (count $words) -ge 2; and test "$words[2]" = $argv[1]',
        "end",
        # No files, but where some are meant.
        "complete -c converz -f",
        f"{first} -s h -l help -d 'what it can do'",
        f"{first} -l version -d 'which version it is'",
    ]
    for command in commands:
        lines.append(f"{first} -a {command.name} -d {_text(command.says)}")
        here = f"complete -c converz -n '__converz_is {command.name}'"
        if command.choices:
            lines.append(f"{here} -a {_text(' '.join(command.choices))}")
        if command.takes_file:
            lines.append(f"{here} -F")
        for option in command.options:
            names = " ".join(
                f"-l {each[2:]}" if each.startswith("--") else f"-s {each[1:]}" for each in option.names
            )
            value = {"nothing": "", "file": " -r -F", "value": " -x"}[option.takes]
            if option.choices:
                value += f" -a {_text(' '.join(option.choices))}"
            lines.append(f"{here} {names}{value} -d {_text(option.says)}")
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
