"""Replicas that run no model start quickly: what takes seconds to load is left to those that use it."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "vllm", "lancedb")


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("serve_app.api", HEAVY),
        ("serve_app.taste_scorer", HEAVY),
        ("serve_app.app", HEAVY),  # loaded by whoever deploys, before any replica starts
        ("serve_app.retriever", ("torch", "transformers", "vllm")),
        ("batch.precompute", HEAVY),  # loaded anew by every worker that encodes
    ],
)
def test_what_is_not_used_is_not_loaded(module, never):
    """Together they take five seconds and 250 MB of every ingress replica that autoscaling adds."""
    code = f"import sys, {module}; print([name for name in {never} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    assert loaded.stdout.strip() == "[]"
