"""The cache, which may be away at any time: then nothing is found and nothing kept.

Pages are read on while Valkey restarts; what counts log-in attempts is in PostgreSQL.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = logging.getLogger(__name__)

AWAY = (RedisConnectionError, RedisTimeoutError)
ASK_AGAIN_S = 1  # a server that hangs costs one time-out a second, not one a call

Answer = TypeVar("Answer")


class Client(RedisCacheClient):
    """Django's client, with the answers of an empty cache while the server is away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._away_until = 0.0

    def _unless_away(self, call: Callable[[], Answer], otherwise: Answer) -> Answer:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return call()
        except AWAY as error:
            log.warning("The cache is away: %s", error)
            self._away_until = time.monotonic() + ASK_AGAIN_S
            return otherwise

    def add(self, key: str, value: object, timeout: int | None) -> bool:
        return self._unless_away(
            lambda: super(Client, self).add(key, value, timeout), False
        )

    def get(self, key: str, default: object) -> object:
        return self._unless_away(lambda: super(Client, self).get(key, default), default)

    def set(self, key: str, value: object, timeout: int | None) -> None:
        self._unless_away(lambda: super(Client, self).set(key, value, timeout), None)

    def touch(self, key: str, timeout: int | None) -> bool:
        return self._unless_away(lambda: super(Client, self).touch(key, timeout), False)

    def delete(self, key: str) -> bool:
        return self._unless_away(lambda: super(Client, self).delete(key), False)

    def get_many(self, keys: list[str]) -> dict[str, object]:
        return self._unless_away(lambda: super(Client, self).get_many(keys), {})

    def has_key(self, key: str) -> bool:
        return self._unless_away(lambda: super(Client, self).has_key(key), False)

    def incr(self, key: str, delta: int) -> int:
        count = self._unless_away(lambda: super(Client, self).incr(key, delta), None)
        if count is None:
            raise ValueError(f"Key '{key}' not found.")  # as Django says it
        return count

    def set_many(self, data: dict[str, object], timeout: int | None) -> None:
        self._unless_away(lambda: super(Client, self).set_many(data, timeout), None)

    def delete_many(self, keys: list[str]) -> None:
        self._unless_away(lambda: super(Client, self).delete_many(keys), None)


class Cache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client
