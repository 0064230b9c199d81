from django.urls import path

from users import views

app_name = "users"

urlpatterns = [
    path("settings/close/", views.account_close, name="account-close"),
    path("settings/tokens/", views.token_list, name="token-list"),
    path("settings/tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
]
