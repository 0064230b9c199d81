from django.apps import AppConfig


class PinboardConfig(AppConfig):
    name = "pinboard"

    def ready(self) -> None:
        from pinboard import receivers  # noqa: F401  connects the signals
