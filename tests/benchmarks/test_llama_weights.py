"""What llama.cpp is given to write with is the same model."""

import torch
from transformers import AutoModelForCausalLM, GgufConfig, LlamaConfig, LlamaForCausalLM

from benchmarks.navigator_llama import write_gguf


def test_weights_for_llama_cpp_say_what_the_model_says(tmp_path):
    """Read back from its file, a model has the logits that it had: no head, layer or norm is misplaced."""
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=320,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 50_000.0},
    )
    model = LlamaForCausalLM(config).eval()
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -0.3, 0.3)
    write_gguf(model, tmp_path / "model.gguf", "F32")
    back = AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file="model.gguf", quantization_config=GgufConfig(dequantize=True), dtype=torch.float32
    )
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        assert torch.allclose(back(ids).logits, model(ids).logits, atol=1e-4)
