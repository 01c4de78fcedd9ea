"""The page at `/docs`: the OpenAPI document as one self-contained HTML page that needs nothing from elsewhere.

Every operation shows what it does, its parameters, its body with an example, its answers, a `curl` line, and a form
that sends it.
"""

import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

Schema = Mapping[str, Any]


def docs_page(openapi: Schema) -> str:
    """HTML for an OpenAPI 3.1 document."""
    assets = files("serve_app") / "assets"
    info = openapi["info"]
    sections = []
    for tag in openapi.get("tags", []):
        operations = [
            _operation(openapi, path, method, operation)
            for path, methods in openapi["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation.get("tags", [])
        ]
        sections.append(
            f"<section><h2>{escape(tag['name'])}</h2><p>{_prose(tag['description'])}</p>{''.join(operations)}"
        )
        sections.append("</section>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{(assets / 'docs.css').read_text()}</style></head>"
        f"<body><main><h1>{escape(info['title'])} API</h1><div class='lead'>{_paragraphs(info['description'])}"
        "<p>Machines read the same at <a href='openapi.json'>openapi.json</a>.</p>"
        "<p><label>API key, where the shop requires one: "
        "<input id='key' type='password' autocomplete='off' placeholder='wsk_...'></label></p></div>"
        f"{''.join(sections)}{_schemas(openapi)}</main>"
        f"<script>{(assets / 'docs.js').read_text()}</script></body></html>"
    )


def example_of(openapi: Schema, schema: Schema) -> Any:
    """A value that a schema's own examples and defaults suggest."""
    schema = _resolved(openapi, schema)
    for given in (schema.get("examples") or [])[:1]:
        return given
    if "default" in schema:
        return schema["default"]
    for choice in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        return example_of(openapi, choice)
    if schema.get("type") == "object":
        return {name: example_of(openapi, part) for name, part in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example_of(openapi, schema["items"])] if "items" in schema else []
    return {"string": "", "number": 0, "integer": 0, "boolean": True}.get(str(schema.get("type")))


def _operation(openapi: Schema, path: str, method: str, operation: Schema) -> str:
    body = _body(openapi, operation)
    verb = method.upper()
    return (
        f"<details class='operation' data-method='{verb}' data-path='{escape(path)}'"
        f" data-type='{escape(body[0])}'><summary><b class='{method}'>{verb}</b> <code>{escape(path)}</code>"
        f" <span>{escape(operation.get('summary', ''))}</span></summary><div class='inside'>"
        f"{_paragraphs(operation.get('description', ''))}{_parameters(openapi, operation)}{body[1]}"
        f"<h4>Answers</h4>{_answers(openapi, operation)}<h4>Try it</h4><pre class='curl'></pre>"
        "<button type='button'>Send</button><pre class='answer' aria-live='polite' hidden></pre></div></details>"
    )


def _parameters(openapi: Schema, operation: Schema) -> str:
    rows = []
    for parameter in operation.get("parameters", []):
        example = escape(str(example_of(openapi, parameter["schema"]) or ""), quote=True)
        name, place = escape(parameter["name"]), escape(parameter["in"])
        required = "required" if parameter.get("required") else ""
        rows.append(
            f"<tr><th><label>{name}<small>{place} {required}</small>"
            f"<input name='{name}' data-in='{place}' value='{example}'></label></th>"
            f"<td>{_type(parameter['schema'])}</td><td>{_prose(parameter.get('description', ''))}</td></tr>"
        )
    return f"<h4>Parameters</h4><table>{''.join(rows)}</table>" if rows else ""


def _body(openapi: Schema, operation: Schema) -> tuple[str, str]:
    """(media type, HTML) of a request's body."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return "", ""
    media_type, entry = next(iter(content.items()))
    schema = _resolved(openapi, entry["schema"])
    table = _properties(schema)
    if media_type != "application/json":
        fields = "".join(
            f"<label>{escape(name)} <input name='{escape(name)}' {_input_kind(part)}></label>"
            for name, part in schema.get("properties", {}).items()
        )
        return media_type, f"<h4>Form</h4>{table}<div class='form'>{fields}</div>"
    examples = schema.get("examples") or [example_of(openapi, schema)]
    first = escape(json.dumps(examples[0], indent=2, ensure_ascii=False))
    others = "".join(
        f"<option value='{escape(json.dumps(one, indent=2, ensure_ascii=False), quote=True)}'>Example {i}</option>"
        for i, one in enumerate(examples, start=1)
    )
    choose = f"<select aria-label='Choose an example'>{others}</select>" if len(examples) > 1 else ""
    return media_type, (
        f"<h4>Body</h4>{table}{choose}<textarea rows='10' spellcheck='false' aria-label='Body'>{first}</textarea>"
    )


def _answers(openapi: Schema, operation: Schema) -> str:
    rows = []
    for status, answer in sorted(operation.get("responses", {}).items()):
        names = {_name(entry["schema"]) for entry in answer.get("content", {}).values() if "schema" in entry}
        kinds = ", ".join(sorted(_link(name) if name else "" for name in names)) or ", ".join(answer.get("content", {}))
        rows.append(
            f"<tr><th>{escape(status)}</th><td>{escape(answer.get('description', ''))}</td><td>{kinds}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _schemas(openapi: Schema) -> str:
    parts = [
        f"<details class='schema' id='{escape(name)}'><summary><code>{escape(name)}</code></summary>"
        f"<div class='inside'>{_paragraphs(schema.get('description', ''))}{_properties(schema)}</div></details>"
        for name, schema in sorted(openapi.get("components", {}).get("schemas", {}).items())
    ]
    return f"<section><h2>shapes</h2>{''.join(parts)}</section>"


def _properties(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        f"<tr><th><code>{escape(name)}</code>{'<small>required</small>' if name in required else ''}</th>"
        f"<td>{_type(part)}</td><td>{_prose(part.get('description', ''))}</td></tr>"
        for name, part in schema.get("properties", {}).items()
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _type(schema: Schema) -> str:
    if name := _name(schema):
        return _link(name)
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"] if choice.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _link(name: str) -> str:
    return f"<a href='#{escape(name)}'>{escape(name)}</a>"


def _resolved(openapi: Schema, schema: Schema) -> Schema:
    name = _name(schema)
    return openapi["components"]["schemas"][name] if name else schema


def _input_kind(schema: Schema) -> str:
    if schema.get("contentMediaType") or schema.get("format") == "binary":
        return "type='file'"
    return f"value='{escape(str((schema.get('examples') or [schema.get('default', '')])[0]), quote=True)}'"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_prose(part)}</p>" for part in text.strip().split("\n\n") if part)


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(text.split())))
