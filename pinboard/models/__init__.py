from pinboard.models.alt_proposal import AltProposal
from pinboard.models.basket import BasketBudget, BasketLine
from pinboard.models.board import Board, Visibility
from pinboard.models.board_event import BoardEvent
from pinboard.models.board_member import BoardInvitation, BoardMember, Role
from pinboard.models.board_section import BoardSection
from pinboard.models.exchange_rate import ExchangeRate
from pinboard.models.export import ExportJob, ExportPart
from pinboard.models.gift import GiftClaim, GiftGuest, GiftItem, GiftList
from pinboard.models.job import Job, JobState
from pinboard.models.notification import Notification
from pinboard.models.picture import Avatar, Picture, RenditionJob
from pinboard.models.pin import (
    DraftPicture,
    DraftReadJob,
    Pin,
    PinDraft,
    PinFetchJob,
    PinState,
)
from pinboard.models.pin_import import (
    Import,
    ImportBoard,
    ImportFile,
    ImportJob,
    ImportRow,
    RowState,
)
from pinboard.models.pin_point import PinPoint, PointReadJob
from pinboard.models.product import Availability, PricePoint, Product
from pinboard.models.shop import Shop
from pinboard.models.social import Comment, Follow, Like
from pinboard.models.suggestion import Suggestion
from pinboard.models.tag import Tag, TagChange

__all__ = [
    "AltProposal",
    "Availability",
    "Avatar",
    "BasketBudget",
    "BasketLine",
    "Board",
    "BoardEvent",
    "BoardInvitation",
    "BoardMember",
    "BoardSection",
    "Comment",
    "DraftPicture",
    "DraftReadJob",
    "ExchangeRate",
    "ExportJob",
    "ExportPart",
    "Follow",
    "GiftClaim",
    "GiftGuest",
    "GiftItem",
    "GiftList",
    "Import",
    "ImportBoard",
    "ImportFile",
    "ImportJob",
    "ImportRow",
    "Job",
    "JobState",
    "Like",
    "Notification",
    "Picture",
    "Pin",
    "PinDraft",
    "PinFetchJob",
    "PinPoint",
    "PinState",
    "PointReadJob",
    "PricePoint",
    "Product",
    "RenditionJob",
    "Role",
    "RowState",
    "Shop",
    "Suggestion",
    "Tag",
    "TagChange",
    "Visibility",
]
