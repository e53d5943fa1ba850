"""Profiles: named settings in a file of one's own."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

import converz
from support.command import run_command


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("CONVERZ_PROFILE", raising=False)
    path = tmp_path / "converz" / "config.toml"
    path.parent.mkdir()
    path.touch(mode=0o600)
    return path


def test_a_profile_is_the_settings_of_a_client(config, monkeypatch):
    with converz.Sandbox(calls=7, reps=2) as sandbox:
        config.write_text(
            f"[acme]\nbase_url = '{sandbox.url}'\napi_key = '{sandbox.api_key}'\npage_size = 3\n[other]\n"
        )
        client = converz.Client.from_profile("acme")
        assert client.calls().num_rows == 7
        assert client.settings["page_size"] == 3
        monkeypatch.setenv("CONVERZ_PROFILE", "acme")
        assert converz.Client.from_profile().settings == client.settings
        folder = {"XDG_CONFIG_HOME": str(config.parents[1])}
        for arguments, variables in ((["--profile", "acme"], {}), ([], {"CONVERZ_PROFILE": "acme"})):
            ended = run_command("reps", *arguments, env=folder | variables)
            assert len(ended.stdout.splitlines()) == 3
        key = config.parent / "key"
        key.touch(mode=0o600)
        key.write_text("wrong-key")
        instead = run_command("reps", "--profile", "acme", "--api-key-file", str(key), env=folder, text=True)
        assert instead.returncode == 1
        assert "401" in instead.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[acmee]\napi_key = 'the-key'", "has no profile 'acme': did you mean 'acmee'?"),
        ("[zzz]\napi_key = 'the-key'", "has no profile 'acme': it has zzz"),
        ("", "has no profile 'acme': it has none"),
        ("acme = 'the-key'", "'acme' in "),
        ("[acme]\napi_key = 'the-key'\ntimout = 3", "unknown setting 'timout': did you mean 'timeout'?"),
        ("[acme]\napi_key = 'the-key'\nself = 3", "unknown setting 'self'"),
        ("[acme]\napi_key = 'the-key' nonsense", "is not TOML: "),
        (
            "[acme]\nbase_url = 'https://acme.converz.co'\napi_key = 'the-key with blanks'",
            "api_key has a character",
        ),
    ],
)
def test_what_cannot_be_a_profile_is_refused_without_the_key(config, text, says):
    config.write_text(text)
    with pytest.raises(converz.ConfigurationError) as caught:
        converz.Client.from_profile("acme")
    assert says in str(caught.value)
    assert "the-key" not in str(caught.value)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [frame.locals for frame in frames if Path(converz.__file__).parent in Path(frame.filename).parents]
    assert ours
    assert "the-key" not in str(ours)
    assert caught.value.__context__ is None


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(config, mode):
    config.write_text("[acme]\nbase_url = 'https://acme.converz.co'\napi_key = 'the-key'")
    config.chmod(mode)
    with pytest.raises(converz.ConfigurationError, match="chmod 600"):
        converz.Client.from_profile("acme")


def test_no_file_and_no_name(config):
    with pytest.raises(converz.ConfigurationError, match="CONVERZ_PROFILE"):
        converz.Client.from_profile()
    config.unlink()
    with pytest.raises(converz.ConfigurationError, match="No such file"):
        converz.Client.from_profile("acme")
