"""The customised vision-language model: product embeddings in, conversation out."""

from navigator.openmp import load_intel_openmp

load_intel_openmp()  # before anything here loads torch: afterwards it is too late
