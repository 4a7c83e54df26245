from tests.security.world import build_world
async def test_w(api_url, ports):
    w = await build_world(ports)
    print(w.ids)
