"""The SAM-Adapter: its encoder against timm's, its filter against a Fourier transform, what is frozen, what loads."""

from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from timm.models.vision_transformer_sam import VisionTransformerSAM
from torch import Tensor, nn

from retseg.networks import NetworkError, build_network
from retseg.networks.sam_adapter import SAMAdapter
from retseg.networks.sam_encoder import Adapter, EncoderSize, ImageEncoder
from retseg.networks.weights import read_weights

torch.set_num_threads(1)
SIZE = EncoderSize(80, 64, 3, 2, (1,), window=3, output=32)


def stir(module: nn.Module) -> nn.Module:
    """No parameter is left at a start that hides it."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        parameter.data.add_(0.05 * torch.randn(parameter.shape))
    return module.eval()


def test_without_prompts_the_encoder_is_timms() -> None:
    ours = stir(ImageEncoder(SIZE, 3))
    nn.init.zeros_(ours.prompt_generator.shared_mlp.weight)  # type: ignore[union-attr, arg-type]
    nn.init.zeros_(ours.prompt_generator.shared_mlp.bias)  # type: ignore[union-attr, arg-type]
    theirs = VisionTransformerSAM(
        img_size=80,
        patch_size=16,
        embed_dim=64,
        depth=3,
        num_heads=2,
        window_size=3,
        global_attn_indexes=(1,),
        use_rel_pos=True,
        neck_chans=32,
        num_classes=0,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
    ).eval()
    names = {key: key.replace("mlp.lin", "mlp.fc") for key in ours.state_dict() if "prompt_generator" not in key}
    theirs.load_state_dict({new: ours.state_dict()[old] for old, new in names.items()}, strict=True)
    image = torch.rand(2, 3, 80, 80)
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs.forward_features(image), rtol=1e-4, atol=1e-4)


def test_the_filter_is_a_fourier_transform_without_its_centre() -> None:
    image = torch.rand(2, 3, 80, 80)
    spectrum = torch.fft.fftshift(torch.fft.fft2(image.double()), (-2, -1))
    spectrum[..., 20:60, 20:60] = 0
    expected = torch.fft.ifft2(torch.fft.ifftshift(spectrum, (-2, -1))).real.abs()
    torch.testing.assert_close(Adapter(SIZE, 3).filter(image).double(), expected, rtol=0, atol=1e-5)


def test_a_flat_image_has_no_high_frequencies() -> None:
    assert Adapter(SIZE, 3).filter(torch.full((1, 3, 80, 80), 0.7)).abs().max() < 1e-5


def test_only_adapter_decoder_and_the_missing_masks_embedding_are_trained() -> None:
    network = build_network("sam_adapter", {"variant": "tiny"})
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    starts = ("image_encoder.prompt_generator.", "mask_decoder.", "no_mask_embed.")
    assert all(name.startswith(starts) for name in trained)
    frozen = {name for name, _ in network.named_parameters()} - trained
    assert {name.split(".")[0] for name in frozen} == {"image_encoder", "mask_decoder"}
    assert all(("iou_prediction_head" in name or "hypernetworks" in name) for name in frozen if name[0] == "m")


def test_five_tasks_have_five_mask_tokens() -> None:
    network = build_network("sam_adapter", {"variant": "tiny", "tasks": 5}).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 40, 50)).shape == (1, 5, 40, 50)


def publish(network: SAMAdapter) -> dict[str, Tensor]:
    """The weights as SAM's own checkpoints name them, without an adapter, with the prompt encoder's other weights."""
    published = {"prompt_encoder.point_embeddings.0.weight": torch.zeros(1, 64)}
    for key, value in network.state_dict().items():
        if key == "place_frequencies":
            published["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"] = value
        elif key.startswith("no_mask_embed"):
            published[f"prompt_encoder.{key}"] = value
        elif "prompt_generator" not in key:
            published[key] = value
    return {key: value.contiguous() for key, value in published.items()}


@pytest.mark.parametrize("name", ["sam.pth", "sam.safetensors"])
def test_a_published_checkpoint_loads_by_its_names_and_the_adapter_keeps_its_start(name: str, tmp_path: Path) -> None:
    donor, network = SAMAdapter(variant="tiny"), SAMAdapter(variant="tiny")
    stir(donor)
    published, path = publish(donor), tmp_path / name
    if path.suffix == ".pth":
        torch.save(published, path)
    else:
        save_file(published, path)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.load_encoder(read_weights(path))
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key] if "prompt_generator" in key else donor.state_dict()[key]), key


def test_a_checkpoint_of_another_size_is_refused() -> None:
    published = publish(SAMAdapter(variant="tiny"))
    published["image_encoder.pos_embed"] = torch.zeros(1, 8, 8, 32)
    with pytest.raises(NetworkError, match=r"'image_encoder.pos_embed' has the shape \(1, 8, 8, 32\)"):
        SAMAdapter(variant="tiny").load_encoder(published)


def test_an_unknown_variant_is_answered_with_the_nearest() -> None:
    with pytest.raises(NetworkError, match="did you mean 'vit_b'"):
        build_network("sam_adapter", {"variant": "vitb"})
