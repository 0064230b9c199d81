"""Who lives in the demo, and what they say."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    bio: str
    boards: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


PEOPLE = [
    Person(
        "maya",
        "Maya Lindqvist",
        "Small rooms, warm lamps, one good chair.",
        ("A corner to read in", "Kitchen, someday"),
        ("lin", "alice", "noor"),
    ),
    Person(
        "lin",
        "林雨",
        "收集会呼吸的东西。植物、旧相机、好木头。",
        ("阳台上的绿", "旧相机"),
        ("maya", "jonas"),
    ),
    Person(
        "jonas",
        "Jonas Adeyemi",
        "Runs before breakfast. Buys shoes after.",
        ("Ten easy kilometres", "Weekend bags"),
        ("alice", "noor"),
    ),
    Person(
        "noor",
        "Noor Haddad",
        "Desk tidier. Keyboard opinions on request.",
        ("The quiet desk", "Cables, hidden"),
        ("maya", "lin", "alice"),
    ),
    Person(
        "alice",
        "Alice Wren",
        "Pins first, decides later.",
        ("Flat number four", "Gifts for Bob"),
        ("maya", "lin", "noor"),
    ),
    Person(
        "bob",
        "Bob Tanaka",
        "Here for the plants.",
        ("Things that grow", "Maybe"),
        ("alice", "lin", "jonas"),
    ),
]


@dataclass(frozen=True)
class ShopPlan:
    slug: str
    name: str
    description: str
    owner: tuple[str, str] | None  # user name and name; None = nobody has claimed it
    programme: str
    currency: str
    rate_bp: int
    is_direct: bool
    product_rates_bp: tuple[int, ...] = field(default=())


SHOPS = [
    ShopPlan(
        "qiao-studio",
        "Qiao Studio",
        "Objects for rooms that are lived in. Made in Xiamen, sent within two days.",
        ("rita", "Rita Qiao"),
        "qiao-direct",
        "CNY",
        800,
        is_direct=True,
    ),
    ShopPlan(
        "moss-linen",
        "Moss & Linen",
        "A family shop for things that last longer than the season.",
        ("tomas", "Tomas Berg"),
        "moss-direct",
        "USD",
        700,
        is_direct=True,
    ),
    ShopPlan(
        "northlight",
        "Northlight",
        "Found through the affiliate league.",
        None,
        "league",
        "CNY",
        900,
        is_direct=False,
    ),
]

# Words in a good's title or category -> the board it belongs on. First match wins.
BOARD_OF = [
    (("sofa", "bedside", "wooden", "side desk"), "Flat number four"),
    (("lamp", "shade", "light", "chair", "stool"), "A corner to read in"),
    (("camera", "lens", "tripod", "slr"), "旧相机"),
    (("plant", "cactus", "hanging", "aloe", "fern", "bonsai"), "阳台上的绿"),
    (("succulent", "trowel", "tulip", "orchid", "vase", "bowl"), "Things that grow"),
    (
        ("shoe", "ultraboost", "pureboost", "run", "allstar", "hi-top", "freerun"),
        "Ten easy kilometres",
    ),
    (("football", "basketball", "tennis", "boxing", "skipping"), "Gifts for Bob"),
    (("tent", "bike", "skate", "bag", "cruiser"), "Weekend bags"),
    (("laptop", "monitor", "keyboard", "mouse", "tablet", "gaming"), "The quiet desk"),
    (("cable", "hard drive", "ram", "ethernet", "usb"), "Cables, hidden"),
    (("mug", "kitchen", "table"), "Kitchen, someday"),
    (("shirt", "hoodie", "coat", "jacket", "dress"), "Gifts for Bob"),
]
OTHER_BOARDS = ["Flat number four", "Maybe", "Kitchen, someday", "Gifts for Bob"]

# Words in a good's title or category -> what people tag it with. All that match.
TAGS_OF = [
    (("lamp", "shade", "light"), ("Lighting", "warm light")),
    (("chair", "stool", "sofa"), ("Seating",)),
    (("wood", "wooden", "bedside"), ("Wood", "木头")),
    (("plant", "cactus", "aloe", "fern", "bonsai", "succulent"), ("Plants", "植物")),
    (("tulip", "orchid", "hanging", "trowel"), ("Plants", "balcony")),
    (("vase", "bowl", "mug"), ("Ceramics", "handmade")),
    (("camera", "lens", "tripod", "slr"), ("Analogue", "相机")),
    (("shoe", "ultraboost", "pureboost", "run", "freerun"), ("Running",)),
    (("football", "basketball", "tennis", "boxing", "skipping"), ("Sport",)),
    (("tent", "bike", "skate", "bag", "cruiser"), ("weekend",)),
    (("laptop", "monitor", "keyboard", "mouse", "tablet"), ("Desk setup",)),
    (("cable", "hard drive", "ram", "ethernet", "usb"), ("Cables", "tidy")),
    (("shirt", "hoodie", "coat", "jacket", "dress"), ("Wardrobe", "gift")),
    (("kitchen", "table"), ("Kitchen",)),
]
OF_SECRETS = ["surprise"]

COMMENTS = [
    "I have had this for two years and it still looks new.",
    "Does the colour look like that in daylight?",
    "Ordered it on Monday, here on Wednesday.",
    "Smaller than I thought, which is why it fits.",
    "这个颜色在我家正好。",
    "请问有小一点的尺寸吗？",
    "质感比照片里还要好。",
    "Saved. My desk thanks you.",
    "Wait for the price to drop, it does every spring.",
    "收到了，包装很用心。",
]
REPLIES = [
    "It does, a little warmer perhaps.",
    "有的，店里还有两种尺寸。",
    "Thank you, that settles it.",
]
SECRET_BOARD = "Birthday ideas"  # noqa: S105  a title
