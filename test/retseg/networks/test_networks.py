"""The registry: names, arguments, and what an error says."""

import subprocess
import sys

import pytest

from retseg.networks import ARCHITECTURES, NetworkError, build_network


def test_listing_architectures_imports_no_torch() -> None:
    code = (
        "import sys; from retseg.networks import ARCHITECTURES; assert ARCHITECTURES; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_architectures_are_listed_in_order() -> None:
    assert list(ARCHITECTURES) == sorted(ARCHITECTURES)


def test_a_misspelt_architecture_is_answered_with_the_nearest() -> None:
    with pytest.raises(NetworkError, match="unknown architecture 'unett'; did you mean 'unet'"):
        build_network("unett", {})


def test_a_misspelt_argument_is_answered_with_the_nearest() -> None:
    with pytest.raises(NetworkError, match="unknown argument 'width'; did you mean 'widths'"):
        build_network("unet", {"width": [4]})


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(NetworkError, match="'ensemble': the argument 'members' is missing"):
        build_network("ensemble", {"architecture": "unet", "arguments": {}})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "leaky"}, "did you mean 'leaky_relu'"),
        ({"normalisation": "bach"}, "did you mean 'batch'"),
        ({"up": "transposed"}, "did you mean 'transpose'"),
        ({"head": "max"}, "'sigmoid' or 'softmax' head"),
        ({"convolutions": 0}, "at least one convolution"),
        ({"widths": []}, "at least one width"),
    ],
)
def test_a_value_that_no_u_net_has_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        build_network("unet", arguments)
