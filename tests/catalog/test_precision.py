"""Networks compute in the precision the processor is fast in: on many laptops bfloat16 takes ten times as long."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from catalog import precision
from catalog.packaged import PackagedEncoder
from catalog.precision import MEMORY_BOUND, bfloat16_cost, fast_dtype, named_dtype


@pytest.mark.skipif(sys.platform != "linux", reason="oneDNN is told which instructions there are")
def test_without_units_for_bfloat16_nothing_is_computed_in_it():
    """oneDNN is kept from AMX and AVX-512's bfloat16, as on a laptop."""
    ask = "from catalog.precision import *; print(fast_dtype('cpu'), fast_dtype('cpu', MEMORY_BOUND))"
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["torch.float32", "torch.float32"]


@pytest.mark.parametrize(("cost", "computing", "waiting"), [(0.3, "b", "b"), (1.8, "f", "b"), (9.0, "f", "f")])
def test_a_network_that_waits_for_memory_gains_longer(monkeypatch, cost, computing, waiting):
    monkeypatch.setattr(precision, "bfloat16_cost", lambda: cost)
    dtypes = {"b": torch.bfloat16, "f": torch.float32}
    assert fast_dtype("cpu") is dtypes[computing]
    assert fast_dtype("cpu", MEMORY_BOUND) is dtypes[waiting]
    assert fast_dtype("cuda") is torch.bfloat16


def test_a_named_precision_is_taken_at_its_word():
    assert named_dtype("float32", "cuda") is torch.float32
    assert named_dtype("auto", "cuda") is torch.bfloat16


def test_the_cost_is_measured_once():
    assert bfloat16_cost() == bfloat16_cost() > 0


def test_vectors_of_one_precision_find_those_of_the_other(monkeypatch):
    """A catalogue may be encoded on one machine and asked on another."""
    pixels = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), np.uint8)
    vectors = {}
    for cost in (0.1, 10.0):
        monkeypatch.setattr(precision, "bfloat16_cost", lambda cost=cost: cost)
        encoder = PackagedEncoder()
        vectors[cost] = [encoder.encode_pixels(pixels), encoder.encode_texts(["a green oak sofa", "teapot"])]
    for half, full in zip(vectors[0.1], vectors[10.0], strict=True):
        assert not np.array_equal(half, full)
        assert (half * full).sum(1).min() > 0.998
