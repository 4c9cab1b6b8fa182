"""``doctor``: what it looks at, and that each fault comes with its mend."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mlxkernel.cli import backend, requirements
from mlxkernel.cli.backend import Backend


def _findings(output: str) -> dict[str, dict[str, str]]:
    return {finding["subject"]: finding for finding in json.loads(output)}


def test_all_is_well(run) -> None:
    done = run("doctor", "--json", MLXKERNEL_SERVER__PORT="0")
    found = _findings(done.stdout)
    assert [name for name, finding in found.items() if "mend" in finding] == []
    assert {"python", "packages", "mlx", "configuration", "plugins", "auth", "port"} <= set(found)
    assert found["mlx"]["detail"].startswith("0.32.")
    assert "mlx-text" in found["plugins"]["detail"]
    assert done.returncode == 0


def test_a_table_for_people(run) -> None:
    done = run("doctor", MLXKERNEL_SERVER__PORT="0")
    assert "✓  python" in done.stdout
    assert "✗" not in done.stdout


def test_a_port_in_use(run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("doctor", "--json", MLXKERNEL_SERVER__PORT=str(port))
    finding = _findings(done.stdout)["port"]
    assert finding["detail"] == f"127.0.0.1:{port} is already in use"
    assert finding["mend"] == "stop the other program, or choose another with --port"
    assert done.returncode == 1


def test_a_wrong_configuration(run, tmp_path: Path) -> None:
    (tmp_path / "mlx.toml").write_text("[server]\nprot = 1\n")
    done = run("doctor", "--json")
    finding = _findings(done.stdout)["configuration"]
    assert finding["detail"] == "mlx.toml: unknown key 'prot' in [server]; did you mean 'port'?"
    assert "mlxkernel config check" in finding["mend"]
    assert done.returncode == 1


def test_keys_that_others_can_read(run, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text("")
    keys.chmod(0o644)
    (tmp_path / "mlx.toml").write_text(f'[server]\nport = 0\n[plugins.auth-keys]\nfile = "{keys}"\n')
    done = run("doctor", "--json")
    finding = _findings(done.stdout)["plugins"]
    assert f"chmod 600 '{keys}'" in finding["detail"]
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("found", "what", "mend"),
    [
        (Backend(), "MLX is not installed", "pip install 'mlx"),
        (
            Backend(has_mlx=True, has_mlx_lm=True, fault="ImportError: no\nlibrary"),
            "MLX is installed and does not work (ImportError: no library)",
            "pip install --force-reinstall 'mlx",
        ),
        (Backend(has_mlx=True), "mlx-lm is not installed", "pip install 'mlx-lm>=0.3"),
    ],
)
def test_each_fault_of_mlx_has_its_words(found: Backend, what: str, mend: str) -> None:
    fault = backend.missing(found)
    assert fault is not None
    assert fault[0] == what
    assert fault[1].startswith(mend)


def test_the_probe_finds_a_device() -> None:
    found = backend.Probe().result()
    assert backend.missing(found) is None
    assert found.device is not None
    assert found.device.startswith("Device(")


def test_a_package_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [Requirement("pytest<1"), Requirement("no-such-package-at-all")]
    monkeypatch.setattr(requirements, "requirements", lambda: wanted)
    out_of_range, not_there = requirements.unmet()
    assert out_of_range.endswith(" is not in <1")
    assert not_there == "no-such-package-at-all is not installed"
