"""``/docs``: the OpenAPI document as one page, made of nothing from elsewhere: there may be no internet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

_REFERENCE: Final = "#/components/schemas/"
_LIMITS: Final = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "pattern": "pattern {}",
    "format": "{}",
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ info.title }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #eee; }
code { font-family: ui-monospace, monospace; font-size: .93em; }
td:first-child { white-space: nowrap; }
</style>
</head>
<body>
<h1>{{ info.title }}, version {{ info.version }}</h1>
<p>For programs: <a href="{{ document_url }}">{{ document_url }}</a></p>
<ul>
{%- for call in calls %}
<li><a href="#{{ call.anchor }}"><code>{{ call.method }} {{ call.path }}</code></a> {{ call.summary }}</li>
{%- endfor %}
</ul>
{%- for call in calls %}
<h2 id="{{ call.anchor }}"><code>{{ call.method }} {{ call.path }}</code></h2>
<p>{{ call.summary }}. {{ call.description }}</p>
{%- if call.parameters %}
<table>
<tr><th>parameter</th><th>in</th><th>value</th><th></th></tr>
{%- for each in call.parameters %}
<tr><td><code>{{ each.name }}</code>{{ " *" if each.required }}</td><td>{{ each.in }}</td>
<td>{{ each.schema | kind }}</td><td>{{ each.description }}</td></tr>
{%- endfor %}
</table>
{%- endif %}
{%- for media, content in call.body.items() %}
<p>Body: <code>{{ media }}</code>, {{ content.schema | kind }}</p>
{%- endfor %}
<table>
<tr><th>answer</th><th>body</th><th></th></tr>
{%- for status, answer in call.answers %}
<tr><td><code>{{ status }}</code></td>
<td>
{%- for media, content in answer.content.items() %}<code>{{ media }}</code>, {{ content.schema | kind }}{% endfor -%}
</td><td>{{ answer.description }}
{%- for name, header in answer.headers.items() %} <code>{{ name }}</code>: {{ header.description }}{% endfor -%}
</td></tr>
{%- endfor %}
</table>
{%- endfor %}
<h1>What is sent and answered</h1>
<p>* must be given.</p>
{%- for name, schema in schemas %}
<h2 id="{{ name }}">{{ name }}</h2>
<p>{{ schema.description }}</p>
{%- if schema.properties %}
<table>
<tr><th>field</th><th>value</th><th></th></tr>
{%- for field, value in schema.properties.items() %}
<tr><td><code>{{ field }}</code>{{ " *" if field in schema.required }}</td><td>{{ value | kind }}</td>
<td>{{ value.description }}</td></tr>
{%- endfor %}
</table>
{%- else %}
<p>{{ schema | kind }}</p>
{%- endif %}
{%- endfor %}
</body>
</html>
"""


def reference_page(document: Mapping[str, Any], document_url: str) -> str:
    """The page, in HTML, for an OpenAPI document to be found at ``document_url``."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["kind"] = kind
    return environment.from_string(_PAGE).render(
        info=document["info"],
        document_url=document_url,
        calls=[_call(path, *named) for path, item in document["paths"].items() for named in item.items()],
        schemas=[(name, _schema(each)) for name, each in sorted(document["components"]["schemas"].items())],
    )


def kind(schema: Mapping[str, Any]) -> Markup:
    """What a value may be: a word, its limits, and a link where it is described further down."""
    return Markup(", ").join(_parts(schema)) or Markup("anything")


def _parts(schema: Mapping[str, Any]) -> Iterable[Markup]:
    if "$ref" in schema:
        yield Markup('<a href="#{0}">{0}</a>').format(schema["$ref"].removeprefix(_REFERENCE))
    elif "anyOf" in schema:
        yield Markup(" or ").join(kind(each) for each in schema["anyOf"])
    elif "enum" in schema:
        yield Markup("one of ") + Markup(", ").join(Markup("<code>{}</code>").format(each) for each in schema["enum"])
    elif schema.get("type") == "array":
        yield Markup("list of ") + kind(schema.get("items", {}))
    elif "type" in schema:
        yield escape(schema["type"])
    yield from (escape(text.format(schema[name])) for name, text in _LIMITS.items() if name in schema)
    if schema.get("default") not in (None, [], {}):
        yield Markup("else <code>{}</code>").format(json.dumps(schema["default"], ensure_ascii=False))


def _schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = {name: {"description": "", **value} for name, value in schema.get("properties", {}).items()}
    return {"description": "", "required": (), **schema, "properties": fields}


def _call(path: str, method: str, call: Mapping[str, Any]) -> Mapping[str, Any]:
    bare: Mapping[str, Any] = {"content": {}, "headers": {}}
    return {
        "anchor": call["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": call["summary"],
        "description": call["description"],
        "parameters": [{"required": False, "description": "", **each} for each in call.get("parameters", ())],
        "body": call.get("requestBody", bare)["content"],
        "answers": [(status, bare | answer) for status, answer in sorted(call["responses"].items())],
    }
