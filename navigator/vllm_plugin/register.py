"""Make Navigator's configuration and model known to transformers and vLLM."""

ARCHITECTURE = "NavigatorForConditionalGeneration"
_MODEL = "navigator.vllm_plugin.model:NavigatorForConditionalGeneration"


def register() -> None:
    """Register Navigator with vLLM, by name only: the model's module is imported when a Navigator is loaded."""
    from vllm import ModelRegistry

    from navigator.config import register_config

    register_config()
    if ARCHITECTURE not in ModelRegistry.get_supported_archs():
        ModelRegistry.register_model(ARCHITECTURE, _MODEL)
