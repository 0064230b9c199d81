from django.urls import URLPattern

app_name = "pinboard"

urlpatterns: list[URLPattern] = []
