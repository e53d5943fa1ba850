"""``converz completion``: what is typed in real shells, and what they make of it when the tab key is pressed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest

from support.command import COMMAND, run_command
from support.processes import clean_environment
from support.worlds import need

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

import pty

SHELLS = ("bash", "zsh", "fish")
COMPLETED = {
    "converz un": "converz undo",
    "converz --ver": "converz --version",
    "converz calls --start": "converz calls --start-date",
    "converz calls --format parq": "converz calls --format parquet",
    "converz calls --format=parq": "converz calls --format=parquet",
    "converz update re": "converz update reps",
    "converz update calls --allow": "converz update calls --allow-type-change",
    "converz describe calls --start": "converz describe calls --start-date",
    "converz dashboard --no-act": "converz dashboard --no-activity",
    "converz dashboard --activ": "converz dashboard --activity",
    "converz completion fi": "converz completion fish",
    "converz update calls a-f": "converz update calls a-file.csv",
    "converz calls -o a-f": "converz calls -o a-file.csv",
    "converz sandbox --path a-f": "converz sandbox --path a-file.csv",
    # Nothing to add: a value that is not a file, a command that takes none, and an option of another command.
    "converz calls --campaign a-f": "converz calls --campaign a-f",
    "converz doctor a-f": "converz doctor a-f",
    "converz update calls --groupb": "converz update calls --groupb",
}
"""What is typed, and what it is after the tab key."""

ASK = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
SETUP = {
    "bash": """PS1=; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'
bind -x '"\\C-t": echo "<<$READLINE_LINE>>"'
""",
    "zsh": """PS1= RPS1=; unset zle_bracketed_paste; show() { print -r -- "<<$BUFFER>>" }; zle -N show; bindkey '^T' show
""",
}
"""A key that shows what the line is by now."""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """A folder with the scripts of every shell, a file, and nothing else."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "a-file.csv").touch()
    for shell in SHELLS:
        script = run_command("completion", shell)
        assert (script.returncode, script.stderr) == (0, b"")
        (folder / f".{shell}").write_bytes(script.stdout)
    return folder


class Terminal:
    """A shell on a terminal of its own, which is told what a person types."""

    def __init__(self, shell, folder):
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            environment = clean_environment() | {"HOME": str(folder), "TERM": "dumb", "INPUTRC": os.devnull}
            os.execvpe(ASK[shell][0], ASK[shell], environment)
        self._shown = ""
        self._type(f"{SETUP[shell]}source ./.{shell}; echo 're''ady'\n")
        self._until("ready")

    def completed(self, typed):
        self._type(f"{typed}\t\x14")
        line = self._until(r"<<(.*?)>>")
        # And an empty line for the next one.
        self._type("\x15")
        return line.rstrip()

    def close(self):
        os.close(self._terminal)
        os.waitpid(self._process, 0)

    def _type(self, text):
        os.write(self._terminal, text.encode())

    def _until(self, pattern):
        while True:
            found = re.search(pattern, self._shown)
            if found:
                self._shown = self._shown[found.end() :]
                return found.group(found.lastindex or 0)
            self._shown += os.read(self._terminal, 65536).decode()


@contextmanager
def terminal(shell, folder):
    shown = Terminal(shell, folder)
    try:
        yield shown
    finally:
        shown.close()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_tab_key(scripts, shell):
    need(shell, f"apt-get install {shell}, or your system's like")
    with terminal(shell, scripts) as shown:
        assert {typed: shown.completed(typed) for typed in COMPLETED} == COMPLETED


def test_fish_completes(scripts):
    """It says itself what the tab key would offer."""
    need("fish", "apt-get install fish, or your system's like")
    for typed, wanted in COMPLETED.items():
        asked = subprocess.run(
            ["fish", "--no-config", "-c", f"source .fish; complete -C '{typed}'"],
            cwd=scripts,
            env=clean_environment() | {"HOME": str(scripts)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stderr == ""
        offered = [line.partition("\t")[0] for line in asked.stdout.splitlines()]
        last = wanted.rpartition(" ")[2]
        assert offered == ([] if typed == wanted else [last])


ZSH_WITHOUT_ITS_OWN = """
autoload() { [[ "$*" != *bashcompinit* ]] || builtin autoload "$@" }
compinit() { echo made }
$1
source ./.zsh
"""


@pytest.mark.parametrize(("before", "made"), [("", "made\n"), ("compdef() { : }", "")])
def test_what_zsh_has_already_is_not_made_anew(scripts, before, made):
    need("zsh", "apt-get install zsh, or your system's like")
    code = ZSH_WITHOUT_ITS_OWN.replace("$1", before)
    ended = subprocess.run(
        ["zsh", "-f", "-c", code], cwd=scripts, capture_output=True, text=True, check=False
    )
    assert ended.stdout == made


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_its_options(scripts, shell):
    script = (scripts / f".{shell}").read_text()
    for word in ("undo", "start-date", "allow-type-change", "no-activity", "parquet"):
        assert word in script
    assert COMMAND[-1] in script
