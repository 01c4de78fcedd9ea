"""The out-of-tree vLLM plugin that serves Navigator.

vLLM calls `register` in every one of its processes (entry point group `vllm.general_plugins`), also when it serves
some other model, so it is light and may be called any number of times.
"""

from navigator.vllm_plugin.register import ARCHITECTURE, register

__all__ = ["ARCHITECTURE", "register"]
