from django.urls import path

from commerce.views import (
    about,
    cases,
    claims,
    earnings,
    postbacks,
    rates,
    referrals,
    studio,
)

app_name = "commerce"

urlpatterns = [
    path("go/<str:token>/", referrals.go, name="go"),
    path("commerce/postbacks/<str:code>/", postbacks.postback, name="postback"),
    path("how-it-works/", about.how_it_works, name="how-it-works"),
    # One's own earnings
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/statement.csv", earnings.earnings_csv, name="earnings-csv"),
    path(
        "earnings/months/<str:month>.csv",
        earnings.account_csv,
        name="earnings-month-csv",
    ),
    path("earnings/claims/", claims.claim_list, name="claim-list"),
    path(
        "earnings/claims/<int:pk>/withdraw/",
        claims.claim_withdraw,
        name="claim-withdraw",
    ),
    path("earnings/cases/<int:pk>/", cases.case_detail, name="case-detail"),
    path("earnings/payout/", earnings.payout_account, name="payout-account"),
    path(
        "earnings/commissions/<uuid:public_id>/",
        earnings.commission_detail,
        name="commission-detail",
    ),
    # The retailer's studio
    path("studio/", studio.studio, name="studio"),
    path("studio/shop/new/", studio.studio_shop_create, name="studio-shop-create"),
    path("studio/products/", studio.studio_products, name="studio-products"),
    path(
        "studio/products/new/",
        studio.studio_product_create,
        name="studio-product-create",
    ),
    path(
        "studio/products/<int:pk>/edit/",
        studio.studio_product_edit,
        name="studio-product-edit",
    ),
    path("studio/rates/", rates.studio_rates, name="studio-rates"),
    path("studio/orders/", studio.studio_orders, name="studio-orders"),
]
