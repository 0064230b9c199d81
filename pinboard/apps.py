from django.apps import AppConfig


class PinboardConfig(AppConfig):
    name = "pinboard"
