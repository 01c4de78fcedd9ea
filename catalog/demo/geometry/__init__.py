"""Parametric meshes in plain numpy, one file per family; lengths in metres, x to the right, front towards -y, z up."""
