"""The plugin as mlxkernel sees it: the hooks, the configuration, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import mlx.core as mx
import mlxkernel_mingru as plugin
import msgspec
import pytest
from mlxkernel_mingru.sampler import TopNSigma

from mlxkernel.config import Config, decode_config
from mlxkernel.errors import ConfigError
from mlxkernel.host import PluginHost, Scope
from mlxkernel.request import Sampling


def host(scope: Scope, config: Config) -> PluginHost:
    """Only this plugin, as it is installed."""
    loaded = PluginHost(config, scope, entry_points(group="mlxkernel.v1", name="mingru"))
    loaded.load()
    return loaded


def test_it_brings_what_it_says() -> None:
    (loaded,) = host(Scope.WORKER, Config()).loaded
    assert loaded.distribution == "mlxkernel-mingru"
    assert loaded.brings == ["family mingru", "chat template mingru", "sampler top-n-sigma"]


def test_the_family_is_found_by_its_model_type() -> None:
    family = host(Scope.WORKER, Config()).registries.toolbox().family_of("mingru")
    assert family is not None
    assert family.template == "mingru"
    assert family.classes is plugin.classes
    assert [kind.__name__ for kind in plugin.classes({})] == ["Model", "ModelArgs"]


def test_the_kernel_does_not_import_mlx_for_it() -> None:
    program = "import sys, mlxkernel_mingru; print(sorted({'mlx', 'mlx_lm', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_setting_reaches_the_sampler() -> None:
    logits = mx.array([[0.0, 1.0, 2.0, 3.0]])  # the standard deviation is 1.118
    for sigmas, admitted in ((0.5, 1), (1.0, 2), (2.0, 3), (9.0, 4)):
        config = decode_config({"plugins": {"mingru": {"sigmas": sigmas}}}, "a test")
        sampler = host(Scope.WORKER, config).registries.samplers["top-n-sigma"]
        kept = sampler.create(Sampling())(mx.array([1]), logits)
        assert mx.isfinite(kept).sum().item() == admitted
        assert mx.array_equal(kept[:, -admitted:], logits[:, -admitted:])


def test_forbidden_tokens_do_not_count() -> None:
    logits = mx.array([[-mx.inf, 0.0, 1.0, 2.0, 3.0, -mx.inf]])
    kept = TopNSigma(1.0)(mx.array([1]), logits)
    assert mx.isfinite(kept).tolist() == [[False, False, False, True, True, False]]


def test_a_wrong_setting_is_told() -> None:
    for table in ({"sigmas": 0}, {"sigma": 1.0}):
        with pytest.raises(ConfigError, match=r"sigma"):
            host(Scope.WORKER, decode_config({"plugins": {"mingru": table}}, "a test"))


def test_the_default_is_one() -> None:
    assert msgspec.structs.asdict(plugin.Config()) == {"sigmas": 1.0}
