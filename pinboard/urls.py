"""The addresses of the social side, grouped by the noun they begin with."""

from django.urls import path, re_path, register_converter
from django.views.i18n import set_language

from pinboard.views import (
    arranging,
    baskets,
    board_forms,
    boards,
    bookmarklets,
    bulk,
    composer,
    describing,
    drafts,
    exports,
    feed,
    gift_lists,
    gifts,
    history,
    imports,
    media,
    members,
    notifications,
    people,
    pins,
    points,
    preferences,
    products,
    saving,
    search,
    settings,
    sharing,
    shops,
    social,
    suggesting,
    suggestions,
    tags,
    trash,
)


class UsernameConverter:
    """Only what a user name may hold, so that no odd byte reaches the database."""

    regex = r"[A-Za-z0-9._-]{1,30}"

    def to_python(self, value: str) -> str:
        return value.lower()

    def to_url(self, value: str) -> str:
        return value


register_converter(UsernameConverter, "username")

app_name = "pinboard"

urlpatterns = [
    path("", feed.home, name="home"),
    path("explore/", feed.explore, name="explore"),
    path("search/", search.search, name="search"),
    # Pins
    path("pins/new/", composer.pin_create, name="pin-create"),
    path("pins/drafts/<int:pk>/", drafts.draft_detail, name="draft-detail"),
    path("pins/<int:pk>/", pins.pin_detail, name="pin-detail"),
    path("pins/<int:pk>/edit/", pins.pin_edit, name="pin-edit"),
    path("pins/<int:pk>/save/", saving.pin_save, name="pin-save"),
    path("pins/<int:pk>/suggest/", suggesting.pin_suggest, name="pin-suggest"),
    path("pins/<int:pk>/describe/", describing.pin_describe, name="pin-describe"),
    path("pins/<int:pk>/like/", social.pin_like, name="pin-like"),
    path("pins/<int:pk>/comment/", social.pin_comment, name="pin-comment"),
    path("pins/<int:pk>/delete/", pins.pin_delete, name="pin-delete"),
    path("pins/<int:pk>/restore/", pins.pin_restore, name="pin-restore"),
    path("pins/<int:pk>/place/", arranging.pin_place, name="pin-place"),
    path("pins/<int:pk>/cover/", arranging.pin_cover, name="pin-cover"),
    path("pins/<int:pk>/products/", points.pin_products, name="pin-products"),
    path("points/<int:pk>/move/", points.point_move, name="point-move"),
    path("points/<int:pk>/remove/", points.point_remove, name="point-remove"),
    path(
        "points/waiting/<int:pk>/dismiss/", points.point_dismiss, name="point-dismiss"
    ),
    path("pins/<int:pk>/retry/", pins.pin_retry, name="pin-retry"),
    path("pins/<int:pk>/claim/", gifts.pin_claim, name="pin-claim"),
    path("comments/<int:pk>/edit/", social.comment_edit, name="comment-edit"),
    path("comments/<int:pk>/delete/", social.comment_delete, name="comment-delete"),
    # Boards
    path("boards/new/", board_forms.board_create, name="board-create"),
    path("boards/<int:pk>/edit/", board_forms.board_edit, name="board-edit"),
    path("boards/<int:pk>/delete/", board_forms.board_delete, name="board-delete"),
    path("boards/<int:pk>/restore/", trash.board_restore, name="board-restore"),
    path("boards/<int:pk>/place/", arranging.board_place, name="board-place"),
    path("boards/<int:pk>/pins/", bulk.board_pins, name="board-pins"),
    path("boards/<int:pk>/sections/", arranging.board_sections, name="board-sections"),
    path("boards/<int:pk>/basket/", baskets.board_basket, name="board-basket"),
    path("boards/<int:pk>/basket/budget/", baskets.basket_budget, name="basket-budget"),
    path("boards/<int:pk>/basket/list.txt", baskets.basket_text, name="basket-text"),
    path("boards/<int:pk>/basket/list.csv", baskets.basket_sheet, name="basket-sheet"),
    path("boards/<int:pk>/people/", members.board_people, name="board-people"),
    path(
        "boards/<int:pk>/people/<username:username>/",
        members.member_role,
        name="member-role",
    ),
    path("boards/<int:pk>/join/", members.board_join, name="board-join"),
    path("boards/<int:pk>/leave/", members.board_leave, name="board-leave"),
    path("boards/<int:pk>/history/", history.board_history, name="board-history"),
    path("boards/<int:pk>/revert/", history.board_revert, name="board-revert"),
    path("boards/<int:pk>/suggest/", suggesting.board_suggest, name="board-suggest"),
    path(
        "boards/<int:pk>/suggestions/",
        suggestions.board_suggestions,
        name="board-suggestions",
    ),
    path("boards/<int:pk>/gift/", gift_lists.board_gift, name="board-gift"),
    path("boards/<int:pk>/gift/wanted/", gift_lists.board_wanted, name="board-wanted"),
    path("boards/<int:pk>/gift/end/", gift_lists.board_gift_end, name="board-gift-end"),
    path("boards/<int:pk>/gifts/", gift_lists.board_gifts, name="board-gifts"),
    path("invitations/<str:key>/", members.invitation, name="invitation"),
    path(
        "invitations/<int:pk>/revoke/",
        members.invitation_revoke,
        name="invitation-revoke",
    ),
    path("sections/<int:pk>/edit/", arranging.section_edit, name="section-edit"),
    path("sections/<int:pk>/delete/", arranging.section_delete, name="section-delete"),
    path("boards/<int:pk>/follow/", social.board_follow, name="board-follow"),
    path("boards/<int:pk>-<str:slug>/feed.atom", boards.board_feed, name="board-feed"),
    path("boards/<int:pk>-<str:slug>/", boards.board_detail, name="board-detail"),
    # Pins that others propose for a board
    path("suggestions/", suggesting.suggestion_list, name="suggestion-list"),
    path(
        "suggestions/<int:pk>/withdraw/",
        suggesting.suggestion_withdraw,
        name="suggestion-withdraw",
    ),
    path(
        "suggestions/<uuid:deed>/undo/",
        suggestions.suggestions_undo,
        name="suggestions-undo",
    ),
    # What others say their pictures show
    path("descriptions/", describing.description_list, name="description-list"),
    path("descriptions/<int:pk>/take/", describing.alt_take, name="alt-take"),
    path("descriptions/<int:pk>/decline/", describing.alt_decline, name="alt-decline"),
    path("descriptions/<int:pk>/undo/", describing.alt_undo, name="alt-undo"),
    path(
        "descriptions/<int:pk>/withdraw/", describing.alt_withdraw, name="alt-withdraw"
    ),
    # Promises of gifts
    path("gifts/", gifts.claim_list, name="claims"),
    path("gifts/<uuid:pk>/take-back/", gifts.claim_take_back, name="claim-take-back"),
    path("gifts/<uuid:pk>/thank/", gift_lists.gift_thank, name="gift-thank"),
    re_path(
        r"^gifts/(?P<secret>[A-Za-z0-9_-]{32})/$",
        gifts.claim_list,
        name="claims-by-link",
    ),
    # People
    path("people/<username:username>/", people.person_detail, name="person-detail"),
    path(
        "people/<username:username>/follow/",
        social.person_follow,
        name="person-follow",
    ),
    path(
        "people/<username:username>/feed.atom", people.person_feed, name="person-feed"
    ),
    # Shops and their products
    path("shops/", shops.shop_list, name="shop-list"),
    path("shops/<slug:slug>/", shops.shop_detail, name="shop-detail"),
    path("shops/<slug:slug>/follow/", social.shop_follow, name="shop-follow"),
    path("products/<int:pk>/", products.product_detail, name="product-detail"),
    # Tags
    path("tags/", tags.tag_list, name="tag-list"),
    path("tags/<str:slug>/", tags.tag_detail, name="tag-detail"),
    path("tags/<str:slug>/feed.atom", tags.tag_feed, name="tag-feed"),
    # Passing on
    path("share/", sharing.share, name="share"),
    path("oembed/", sharing.oembed, name="oembed"),
    path("manifest.webmanifest", sharing.manifest, name="manifest"),
    # One's own
    path("trash/", trash.trash, name="trash"),
    path("trash/empty/", trash.trash_empty, name="trash-empty"),
    path("deeds/<uuid:deed>/undo/", bulk.deed_undo, name="deed-undo"),
    path("notifications/", notifications.notification_list, name="notification-list"),
    path(
        "notifications/read/",
        notifications.notifications_read,
        name="notifications-read",
    ),
    path("settings/profile/", settings.profile_edit, name="profile-edit"),
    path("settings/pin-button/", bookmarklets.bookmarklet, name="bookmarklet"),
    path("settings/export/", exports.export, name="export"),
    path(
        "settings/export/<int:pk>/pinboard-<int:number>.zip",
        exports.export_part,
        name="export-part",
    ),
    path("settings/import/", imports.import_list, name="import-list"),
    path("settings/import/<int:pk>/", imports.import_detail, name="import-detail"),
    path(
        "settings/import/<int:pk>/report.csv",
        imports.import_report,
        name="import-report",
    ),
    path("settings/import/<int:pk>/stop/", imports.import_stop, name="import-stop"),
    path(
        "settings/import/<int:pk>/discard/",
        imports.import_discard,
        name="import-discard",
    ),
    path("settings/import/<int:pk>/retry/", imports.import_retry, name="import-retry"),
    path(
        "settings/import/<int:pk>/rows/<int:number>/retry/",
        imports.import_row_retry,
        name="import-row-retry",
    ),
    path("settings/import/<int:pk>/undo/", imports.import_undo, name="import-undo"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/theme/", preferences.theme_set, name="theme-set"),
    path("preferences/currency/", preferences.currency_set, name="currency-set"),
    path("preferences/language/", set_language, name="language-set"),
    re_path(r"^media/(?P<path>.+)$", media.media, name="media"),
]
