"""Reads a YAML file of decision data into a model.

Whatever is wrong is a ConfigurationError naming the file, the path inside it and the reason, all problems of a file at
once. Keys given twice are refused: YAML would silently keep the last one, and a holiday or half a category were gone.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.errors import ConfigurationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_config_file(path: Path, model: type[ModelT]) -> ModelT:
    """The file's content as ``model``. Raises ConfigurationError."""
    data = _read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [f"{where}: {reason}" if where else reason for where, reason in problems_of(error)]
        raise ConfigurationError(f"{path}: " + "; ".join(problems)) from None


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """Where and why, for each problem: ``("hours.mon.0", "'25:00' is not a time of day …")``; where may be empty."""
    return [
        (".".join(str(part) for part in problem["loc"]), problem["msg"].removeprefix("Value error, "))
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def _read_yaml(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML data, no key twice. Dates stay texts, so that a wrong one is reported with its place."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML looks it up on the class
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        "while reading a mapping",
                        node.start_mark,
                        f"the key {key!r} is given twice",
                        key_node.start_mark,
                    )
                seen.add(key)
        return super().construct_mapping(node, deep=deep)
