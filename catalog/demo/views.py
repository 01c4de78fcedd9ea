"""From where a product is photographed: the catalogue's view and, for some, a second one in other light."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from catalog.demo.products import Product
from catalog.demo.shapes import hangs


@dataclass(frozen=True)
class View:
    """Camera and light.

    `azimuth` is in degrees to the right of the front, `elevation` in degrees above the floor; `fill` is the share of
    the frame that the product's larger side takes up; `light` is -1 for a key light from the left, 1 from the right;
    `warmth` 0 is neutral and 1 is lamplight.
    """

    azimuth: float
    elevation: float
    fill: float
    wall: bool = False
    hung: bool = False
    light: float = -1.0
    warmth: float = 0.0
    backdrop: str = "#F1EFEB"


SECOND_VIEWS = 250


def with_second_view(products: Sequence[Product], seed: int) -> list[Product]:
    """The products that are photographed twice, in the catalogue's order."""
    chosen = {product.id for product in Random(f"{seed}/second views").sample(list(products), SECOND_VIEWS)}
    return [product for product in products if product.id in chosen]


BACKDROPS = ("#F2F0EC", "#F2F0EC", "#EFEDE8", "#EDEEEE")


def first_view(product: Product) -> View:
    """The catalogue's view: the same angle for a whole category, a few degrees apart."""
    azimuth, elevation = product.kind.view
    rng = Random(product.form.seed)
    return View(
        azimuth + rng.uniform(-4, 4),
        elevation + rng.uniform(-1.5, 1.5),
        product.kind.fill,
        wall=hangs(product),
        hung=product.kind.key == "pendant-lamp",
        backdrop=rng.choice(BACKDROPS),
    )


def second_view(product: Product) -> View:
    """Another angle, the light from the other side and warmer, nearer or farther."""
    first = first_view(product)
    rng = Random(product.form.seed + 1)
    swing = rng.uniform(32, 48) if not first.wall else rng.uniform(24, 34)
    rise = rng.uniform(5, 12) if first.elevation < 40 else -rng.uniform(8, 14)
    if first.hung:
        rise = rng.uniform(8, 14)
    return View(
        first.azimuth - swing * (1 if first.azimuth > 0 else -1) * (1.25 if not first.wall else 1.0),
        first.elevation + rise,
        first.fill * rng.uniform(0.82, 0.95),
        wall=first.wall,
        hung=first.hung,
        light=1.0,
        warmth=rng.uniform(0.4, 0.9),
        backdrop=rng.choice(("#E6DED2", "#DEE2E3", "#E3E0DA")),
    )
