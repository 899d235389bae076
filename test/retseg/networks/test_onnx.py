"""The graph of a network holds no weights: it points into the file of weights beside it."""

from pathlib import Path

import onnx
import pytest
import torch
from safetensors.torch import load_file

from retseg.networks import NetworkError, build_network
from retseg.networks.onnx import INLINE_LIMIT, export_onnx
from retseg.networks.weights import save_weights

torch.set_num_threads(1)

ARGUMENTS = {"widths": [16, 32]}


def test_every_weight_is_found_at_its_place_in_the_file_of_weights(tmp_path: Path) -> None:
    network = build_network("unet", ARGUMENTS)
    for value in (*network.parameters(), *network.buffers()):
        if value.is_floating_point():
            torch.nn.init.uniform_(value)  # fresh statistics are all alike, and the exporter keeps one of each
    path, weights = tmp_path / "model.onnx", tmp_path / "model.safetensors"
    save_weights(network.state_dict(), weights)
    export_onnx(network, 3, path, weights)
    stored = load_file(weights)
    graph = onnx.load(path).graph  # with the external data
    found = {tensor.name.removesuffix(".half"): onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    used = {name for name in stored if not name.endswith("num_batches_tracked")}
    assert used <= set(found)
    assert all(torch.equal(torch.from_numpy(found[name].copy()), stored[name]) for name in used)
    assert path.stat().st_size < weights.stat().st_size / 2


def test_weights_and_graph_are_replaced_as_a_whole(tmp_path: Path) -> None:
    """Who has opened the old files reads them to their ends: the new ones are other files."""
    path, weights = tmp_path / "model.onnx", tmp_path / "model.safetensors"
    for file in (path, weights):
        file.write_bytes(b"as it was")
    network = build_network("unet", ARGUMENTS)
    with path.open("rb") as graph, weights.open("rb") as stored:
        save_weights(network.state_dict(), weights)
        export_onnx(network, 3, path, weights)
        assert graph.read() == stored.read() == b"as it was"
    assert {file.name for file in tmp_path.iterdir()} == {"model.onnx", "model.safetensors"}


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path, weights = tmp_path / "model.onnx", tmp_path / "model.safetensors"
    network = build_network("unet", ARGUMENTS)
    save_weights(build_network("unet", {"widths": [16, 64]}).state_dict(), weights)
    with pytest.raises(NetworkError, match=r"in the shape \[64, 16, 3, 3\], the graph needs \[32, 16, 3, 3\]"):
        export_onnx(network, 3, path, weights)
    save_weights({"other": torch.zeros(INLINE_LIMIT)}, weights)
    with pytest.raises(NetworkError, match="which is not in"):
        export_onnx(network, 3, path, weights)
    assert not path.exists()
