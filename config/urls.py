from django.contrib import admin
from django.urls import include, path

from config.api import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("", include("commerce.urls")),
    path("", include("users.urls")),
    path("", include("pinboard.urls")),
]
