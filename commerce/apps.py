from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "commerce"

    def ready(self) -> None:
        from commerce import receivers  # noqa: F401, PLC0415  connects the signals
