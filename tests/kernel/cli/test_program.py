"""One line per error, the right exit code, and a way to the traceback."""

from __future__ import annotations

import sys

import pytest

from mlxkernel.cli import program


def _raise(error: BaseException) -> None:
    raise error


def test_help_shows_the_commands_and_the_plugins_own(run) -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("serve", "chat", "models", "plugins", "config", "doctor", "version", "keys"):
        assert f" {command} " in done.stdout
    assert "worker" not in done.stdout


def test_no_arguments_show_the_help(run) -> None:
    assert "Usage: mlxkernel" in run().stdout


def test_a_plugin_command_runs(run) -> None:
    done = run("keys", "list")
    assert done.returncode == 0
    assert "mlxkernel keys create NAME" in done.stderr


def test_an_unknown_command(run) -> None:
    done = run("sevre")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mlxkernel: No such command 'sevre'.")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_option_names_the_nearest(run) -> None:
    done = run("serve", "--prot", "9000")
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "mlxkernel serve --help" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_start_error_is_one_line(run) -> None:
    done = run("config", "check", "-c", "none.toml")
    assert done.returncode == 1
    assert (
        done.stderr == "mlxkernel: none.toml: there is no such file; 'mlxkernel serve -m MODEL' needs none\n"
    )


@pytest.mark.parametrize("place", [0, 2])
def test_debug_shows_the_traceback_wherever_it_stands(run, place: int) -> None:
    words = ["config", "check", "-c", "none.toml"]
    words.insert(place, "--debug")
    done = run(*words)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("mlxkernel: none.toml")


def test_a_defect_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(program.version, "version", lambda: _raise(KeyError("lost")))
    assert program.run(["version"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "mlxkernel: this is a defect of mlxkernel (KeyError: 'lost'); run the same command with --debug "
        "and report what it prints, together with the output of 'mlxkernel version'"
    )


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.version, "version", lambda: _raise(KeyboardInterrupt()))
    assert program.run(["version"]) == 130


def test_version_names_what_a_report_needs(run) -> None:
    done = run("version")
    assert done.stdout.startswith("mlxkernel 0.1.0 (mlx 0.32.")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}." in done.stdout


def test_a_broken_plugin_leaves_the_help_alone(run, tmp_path) -> None:
    _install(tmp_path, "broken", "import nothing_like_this\n")
    done = run("--help", PYTHONPATH=_beside(tmp_path))
    assert done.returncode == 0
    assert " serve " in done.stdout
    assert "plugin 'broken' of mlxkernel-broken 1.0 cannot be used (import)" in done.stderr


def test_plugins_list_shows_a_broken_plugin_and_fails(run, tmp_path) -> None:
    _install(tmp_path, "broken", "import nothing_like_this\n")
    done = run("plugins", "list", PYTHONPATH=_beside(tmp_path))
    assert done.returncode == 1
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("broken"))
    assert "mlxkernel-broken" in row
    assert "No module named 'nothing_like_this'" in done.stdout


def _beside(folder) -> str:
    """PYTHONPATH with the folder before what it holds already."""
    import os

    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def _install(folder, name: str, source: str) -> None:
    """A distribution with one plugin, as an installer leaves it."""
    (folder / f"plugin_{name}.py").write_text(source)
    info = folder / f"mlxkernel_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: mlxkernel-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mlxkernel.v1]\n{name} = plugin_{name}\n")
