"""The demo catalogue: made-up home products, rendered from parametric geometry, with everything visible known."""
