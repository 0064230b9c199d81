"""What the marketplace sells and to whom it reports: one JSON file, written by the
site's seeding, read again whenever it changes.

    {"site_url", "app_key", "app_secret", "session",
     "shops": [{"slug", "name", "programme", "kind": "direct" | "taobao",
                "postback_url", "kid", "secret", "rate_bp", "currency"}],
     "products": [{"id", "shop", "title", "description", "price_minor", "currency",
                   "image_path", "brand", "availability"}]}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Shop:
    slug: str
    name: str
    programme: str = ""
    kind: str = "direct"  # direct: signed postbacks; taobao: asked by the gateway
    postback_url: str = ""
    kid: str = ""
    secret: str = ""
    rate_bp: int = 800
    currency: str = "CNY"


@dataclass(frozen=True)
class Product:
    id: str
    shop: str  # its slug
    title: str
    description: str = ""
    price_minor: int = 0
    currency: str = "CNY"
    image_path: str = ""  # an absolute path, or relative to the marketplace's pictures
    brand: str = ""
    availability: str = "in_stock"


@dataclass(frozen=True)
class Config:
    site_url: str = ""
    app_key: str = ""
    app_secret: str = ""
    session: str = ""
    shops: list[Shop] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)

    def shop(self, slug: str) -> Shop | None:
        return next((shop for shop in self.shops if shop.slug == slug), None)

    def product(self, product_id: str) -> Product | None:
        return next((item for item in self.products if item.id == product_id), None)


def folder_of(data_dir: Path) -> Path:
    return data_dir / "marketplace"


def path_of(data_dir: Path) -> Path:
    return folder_of(data_dir) / "config.json"


def pictures_of(data_dir: Path) -> Path:
    return folder_of(data_dir) / "pictures"


def load(data_dir: Path) -> Config:
    """The file's content; an empty marketplace where it is not written yet."""
    try:
        text = path_of(data_dir).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    document: dict[str, Any] = json.loads(text)  # the file is ours
    document["shops"] = [_known(Shop, shop) for shop in document.get("shops", [])]
    document["products"] = [
        _known(Product, item | {"id": str(item["id"])})
        for item in document.get("products", [])
    ]
    return _known(Config, document)


def save(data_dir: Path, config: Config) -> Path:
    """Write the file whole or not at all, readable by its owner: it holds secrets."""
    path = path_of(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures_of(data_dir).mkdir(exist_ok=True)
    draft = path.with_suffix(".part")
    draft.touch(mode=0o600)
    draft.write_text(
        json.dumps(asdict(config), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    draft.replace(path)
    return path


def _known(kind: type[T], fields: dict[str, Any]) -> T:
    """The dataclass from what it knows of the fields; others may come later."""
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]  # a dataclass
    return kind(**{k: v for k, v in fields.items() if k in names and v is not None})
