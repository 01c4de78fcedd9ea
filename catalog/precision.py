"""Which precision a processor computes fastest in.

Not every CPU that knows bfloat16 gains by it: with AMX products of matrices take less time than in float32, with
Intel's AVX-512 units alone nearly twice as much, and without either, as on many laptops, five or ten times.
"""

import time
from functools import cache

import torch

MEMORY_BOUND = 2.5
"""What bfloat16 may cost a network that waits for memory more than it computes, for it halves what is read: pictures'
convolutions in batches, and a language model that writes for one customer, broke even between 1.8 and 4.7."""
_ROWS, _IN, _OUT = 128, 512, 1024
_ROUNDS = 25  # the quickest of so many is right on a busy machine, too


def fast_dtype(device: str, most: float = 1.0) -> torch.dtype:
    """bfloat16 or float32, to compute in on this machine.

    Args:
        device: type of a torch device. On all but a CPU it is bfloat16.
        most: bfloat16 as long as its products take no more than so many times float32's; see `MEMORY_BOUND`.
    """
    if device != "cpu" or bfloat16_cost() <= most:
        return torch.bfloat16
    return torch.float32


def named_dtype(name: str, device: str, most: float = 1.0) -> torch.dtype:
    """A torch dtype by its name; "auto" is `fast_dtype`."""
    dtype: torch.dtype = fast_dtype(device, most) if name == "auto" else getattr(torch, name)
    return dtype


@cache
def bfloat16_cost() -> float:
    """Time of a product of matrices in bfloat16 over float32's, measured once in a process, in up to 0.2 s."""
    pairs = [(_product_seconds(torch.bfloat16), _product_seconds(torch.float32)) for _ in range(_ROUNDS)]
    return min(half for half, _ in pairs) / min(full for _, full in pairs)


@torch.inference_mode()
def _product_seconds(dtype: torch.dtype) -> float:
    rows, weights = torch.ones(_ROWS, _IN, dtype=dtype), torch.ones(_OUT, _IN, dtype=dtype)
    began = time.perf_counter()
    torch.nn.functional.linear(rows, weights)
    return time.perf_counter() - began
