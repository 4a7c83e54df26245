"""The one door to Redis.

`aioredis` was merged into redis-py as `redis.asyncio`; the name lives on here.
"""

from typing import Any, Self, cast

from redis import asyncio as aioredis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisClusterException, RedisError

Redis = aioredis.Redis

__all__ = ["PubSub", "Redis", "RedisError", "open_redis"]

COMMAND_TIMEOUT_S = 1.0
"""Redis only hints: whoever waits longer for a hint does better without."""


CLUSTERED = "+cluster://"
"""In a URL such as `redis+cluster://host:port`: any node of a Redis Cluster."""


class _Cluster(RedisCluster):
    """Says as a single server does that nothing answers."""

    async def initialize(self, *arguments: Any, **options: Any) -> Self:
        """Find the nodes; raise `RedisError` if there are none."""
        try:
            await super().initialize(*arguments, **options)
        except RedisClusterException as error:
            raise NotConnected(str(error)) from error
        return self


def open_redis(url: str) -> Redis:
    """Return a client with a bounded pool; it connects when first used.

    That of a Redis Cluster takes the same commands, as long as all keys of one have one hash tag.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": COMMAND_TIMEOUT_S,
        "socket_connect_timeout": COMMAND_TIMEOUT_S,
        "max_connections": 50,
        "retry": Retry(NoBackoff(), 1),
    }
    if CLUSTERED in url:
        node = url.replace(CLUSTERED, "://", 1)
        return cast(Redis, _Cluster.from_url(node, **options))
    return aioredis.Redis.from_url(url, **options)
