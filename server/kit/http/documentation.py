"""`/docs`: the OpenAPI document, and a page to read it on that needs nothing from elsewhere."""

import json
from importlib.resources import as_file, files

from sanic import HTTPResponse, Request, Sanic

ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>Tongban 通办 API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""
START = (
    'SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#ui", docExpansion: "none", '
    "filter: true});"
)
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def mount(app: Sanic, document: dict[str, object]) -> None:  # type: ignore[type-arg]
    """Serve `document` and its page."""
    body = json.dumps(document, ensure_ascii=False)

    async def openapi(_: Request) -> HTTPResponse:
        return HTTPResponse(body, content_type="application/json")

    async def page(_: Request) -> HTTPResponse:
        headers = {"Content-Security-Policy": POLICY}
        return HTTPResponse(PAGE, headers=headers, content_type="text/html; charset=utf-8")

    async def start(_: Request) -> HTTPResponse:
        return HTTPResponse(START, content_type="text/javascript")

    app.add_route(openapi, "/docs/openapi.json", name="docs_openapi")
    app.add_route(page, "/docs", name="docs_page")
    app.add_route(start, "/docs/start.js", name="docs_start")
    with as_file(files("swagger_ui") / "static") as folder:
        for name in ASSETS:
            app.static(f"/docs/{name}", folder / name, name=f"docs_{name.replace('.', '_')}")
