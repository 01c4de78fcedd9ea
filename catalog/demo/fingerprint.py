"""A hash of everything that a picture shows, so that only changed pictures are taken again."""

import hashlib
from dataclasses import asdict

import numpy as np

from catalog.demo.products import Product
from catalog.demo.shapes import parts_of
from catalog.demo.surface import EDITION, as_json
from catalog.demo.views import View


def fingerprint(product: Product, view: View, size: int, samples: int) -> str:
    """Sixteen hex digits over mesh (to a tenth of a millimetre), surfaces, view and settings."""
    digest = hashlib.sha256()
    for part in parts_of(product):
        digest.update(part.slot.encode())
        digest.update(np.round(part.verts * 1e4).astype(np.int64).tobytes())
        digest.update(str(len(part.faces)).encode())
    surfaces = product.surfaces()
    editions = sorted((s.kind, EDITION[s.kind]) for s in surfaces.values() if s.kind in EDITION)
    digest.update(as_json(surfaces).encode())
    digest.update(repr((sorted(asdict(view).items()), size, samples, editions)).encode())
    return digest.hexdigest()[:16]
