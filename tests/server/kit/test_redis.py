"""One address for a Redis, another for a cluster; the same commands for both."""

from redis import asyncio as aioredis
from redis.asyncio.cluster import RedisCluster

from server.kit.redis import open_redis


async def test_a_plain_address_is_one_server():
    client = open_redis("redis://127.0.0.1:6379/0")
    assert type(client) is aioredis.Redis
    await client.aclose()


async def test_a_cluster_is_known_by_its_scheme_and_any_node():
    client = open_redis("redis+cluster://:secret@127.0.0.1:7001/0")
    assert type(client) is RedisCluster
    [node] = client.nodes_manager.startup_nodes.values()
    assert (node.host, node.port) == ("127.0.0.1", 7001)
    assert node.connection_kwargs["password"] == "secret"
    await client.aclose()
