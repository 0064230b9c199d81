from django.apps import AppConfig


class PinboardConfig(AppConfig):
    name = "pinboard"

    def ready(self) -> None:
        from pinboard import (  # noqa: F401  connects the signals, registers the tasks
            receivers,
            tasks,
        )
