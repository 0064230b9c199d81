from django.urls import path

from commerce.views import earnings, postbacks, referrals

app_name = "commerce"

urlpatterns = [
    path("go/<str:token>/", referrals.go, name="go"),
    path("commerce/postbacks/<str:code>/", postbacks.postback, name="postback"),
    # One's own earnings
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/statement.csv", earnings.earnings_csv, name="earnings-csv"),
    path("earnings/payout/", earnings.payout_account, name="payout-account"),
    path(
        "earnings/commissions/<uuid:public_id>/",
        earnings.commission_detail,
        name="commission-detail",
    ),
    # The retailer's studio
]
