from django.apps import AppConfig

from config.field_names import translate_field_names


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        translate_field_names()
