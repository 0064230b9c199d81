from django.urls import path

from commerce.views import postbacks, referrals

app_name = "commerce"

urlpatterns = [
    path("go/<str:token>/", referrals.go, name="go"),
    path("commerce/postbacks/<str:code>/", postbacks.postback, name="postback"),
    # One's own earnings
    # The retailer's studio
]
