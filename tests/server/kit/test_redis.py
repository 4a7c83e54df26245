"""One address for a Redis, another for a cluster; the same commands for both."""

import pytest
from redis import asyncio as aioredis
from redis.asyncio.cluster import RedisCluster

from server.kit.redis import RedisError, open_redis


async def test_a_plain_address_is_one_server():
    client = open_redis("redis://127.0.0.1:6379/0")
    assert type(client) is aioredis.Redis
    await client.aclose()


async def test_a_cluster_is_known_by_its_scheme_and_any_node():
    client = open_redis("redis+cluster://:secret@127.0.0.1:7001/0")
    assert isinstance(client, RedisCluster)
    [node] = client.nodes_manager.startup_nodes.values()
    assert (node.host, node.port) == ("127.0.0.1", 7001)
    assert node.connection_kwargs["password"] == "secret"
    await client.aclose()


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
async def test_that_nothing_answers_is_told_in_the_same_way_by_both(scheme):
    client = open_redis(f"{scheme}://127.0.0.1:9/0")
    with pytest.raises(RedisError):
        await client.get("key")
    with pytest.raises(RedisError):
        await client.pipeline(transaction=False).get("key").execute()
    await client.aclose()
