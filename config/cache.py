"""The cache, which may be away at any time: then nothing is found and nothing kept.

Pages are read on while Valkey restarts; what counts log-in attempts is in PostgreSQL.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = logging.getLogger(__name__)

AWAY = (RedisConnectionError, RedisTimeoutError)
ASK_AGAIN_S = 1  # a server that hangs costs one time-out a second, not one a call

Call = Callable[..., Any]  # the client's methods take and give whatever is cached


def unless_away(call: Call, otherwise: Call) -> Call:
    """The method, or what an empty cache would answer to the same arguments."""

    @wraps(call)
    def ask(client: Client, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if time.monotonic() < client.away_until:
            return otherwise(*args, **kwargs)
        try:
            return call(client, *args, **kwargs)
        except AWAY as error:
            log.warning("The cache is away: %s", error)
            client.away_until = time.monotonic() + ASK_AGAIN_S
            return otherwise(*args, **kwargs)

    return ask


def nothing(*_args: object, **_kwargs: object) -> None:
    """The answer of what only writes."""


def no(*_args: object, **_kwargs: object) -> bool:
    return False


def not_found(key: object, _delta: int) -> int:
    raise ValueError(f"Key '{key!s}' not found.")  # as Django says it


class Client(RedisCacheClient):
    away_until = 0.0

    add = unless_away(RedisCacheClient.add, no)
    get = unless_away(RedisCacheClient.get, lambda _key, default: default)
    set = unless_away(RedisCacheClient.set, nothing)
    touch = unless_away(RedisCacheClient.touch, no)
    delete = unless_away(RedisCacheClient.delete, no)
    get_many = unless_away(RedisCacheClient.get_many, lambda _keys: {})
    has_key = unless_away(RedisCacheClient.has_key, no)
    incr = unless_away(RedisCacheClient.incr, not_found)
    set_many = unless_away(RedisCacheClient.set_many, nothing)
    delete_many = unless_away(RedisCacheClient.delete_many, nothing)


class Cache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client
