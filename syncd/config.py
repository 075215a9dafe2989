"""syncd.yaml: which pipelines there are, and where their two ends stand.

    pipelines:
      main:
        mapping: mappings/main.yaml             # relative to this file; `shipped:demo.yaml` for one that syncd ships
        source: {kind: postgres, dsn: "${EAM_DSN}"}
        ledger: {kind: postgres, dsn: "${FINANCE_DSN}"}

The settings of a source or a ledger are the fields of its connector's `Settings`; in them `${NAME}` is the
environment variable of that name, so that passwords need not stand in the file. Every error names file and line,
and the nearest name that would have been right.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from syncd.errors import MappingError
from syncd.files import shipped
from syncd.mapping.model import Strict, parse
from syncd.mapping.source import Document, Trail, read
from syncd.mapping.terms import nearest

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SHIPPED: Final = "shipped:"


PipelineName = Annotated[str, Field(pattern=r"^[^/]+$")]


class End(Strict):
    """One end of a pipeline: the kind of connector, and the settings of that connector."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    kind: str
    """The connector."""


class PipelineConfig(Strict):
    """One pipeline: from one EAM to one finance database, by one mapping."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    mapping: str
    """The mapping file, relative to this configuration; `shipped:NAME.yaml` for one that syncd ships."""
    source: End
    """Where changes come from: `kind`, and that connector's settings."""
    ledger: End
    """Where postings go: `kind`, and that connector's settings."""
    batch_changes_max: Annotated[int, Field(ge=1, le=50_000)] = 4_000
    """Changes that one finance transaction takes at most."""
    queue_changes_max: Annotated[int, Field(ge=1, le=500_000)] = 16_000
    """Changes that may wait between the reader and the posting thread; this bounds the memory."""
    parked_share_max: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The breaker: a batch of 50 changes or more that would park a larger share than this halts the pipeline."""
    reconcile: str | None = None
    """When the daemon reconciles the two sides, as cron: `0 6 1 * *`. Without it only `syncd reconcile` does."""


class Config(Strict):
    """The whole of syncd.yaml."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pipelines: Annotated[dict[PipelineName, PipelineConfig], Field(min_length=1)]
    """Pipelines by name. The name stands on every posting: a pipeline that has posted keeps its name. It holds no `/`,
    which stands between the name and a partition."""


@dataclass(frozen=True)
class Loaded:
    """A configuration that was read, and the document that knows its lines."""

    config: Config
    document: Document

    def mapping_path(self, pipeline: str) -> Path:
        """Where a pipeline's mapping file is. Raises MappingError when it is not there."""
        named = self.config.pipelines[pipeline].mapping
        if named.startswith(_SHIPPED):
            path = shipped("mappings", named.removeprefix(_SHIPPED))
        else:
            path = self.document.path.parent / named
        if not path.is_file():
            raise MappingError("config_no_file", self.document.where(("pipelines", pipeline, "mapping")), path=path)
        return path

    def connector(self, trail: Trail, kind: str, connectors: Mapping[str, str]) -> str:
        """The module of a kind of connector. Raises MappingError for a kind that there is not."""
        if kind not in connectors:
            where = self.document.where((*trail, "kind"))
            raise MappingError("config_unknown_kind", where, kind=kind, known=", ".join(connectors))
        return connectors[kind]

    def settings(self, trail: Trail, end: End, made: type) -> Any:
        """An end's settings as its connector's dataclass. A path in them is relative to the configuration."""
        names = [field.name for field in fields(made)]
        given: dict[str, object] = {}
        for name, value in (end.model_extra or {}).items():
            if name not in names:
                raise self._unknown((*trail, name), names)
            given[name] = self._filled(value, (*trail, name))
        settings = self._validated(trail, made, given)
        paths = {name: getattr(settings, name) for name in names if isinstance(getattr(settings, name), Path)}
        here = {name: self.document.path.parent / path for name, path in paths.items()}
        return self._validated(trail, made, given | here) if here else settings

    def _validated(self, trail: Trail, made: type, given: Mapping[str, object]) -> Any:
        try:
            return TypeAdapter(made).validate_python(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name, where = str(first["loc"][0]), self.document.where((*trail, *first["loc"]))
            if first["type"] == "missing":
                raise MappingError("config_missing_name", where, name=name) from None
            raise MappingError("config_value", where, name=name, problem=first["msg"]) from None

    def _unknown(self, trail: Trail, names: list[str]) -> MappingError:
        name = str(trail[-1])
        known = nearest(name, names) or ", ".join(names)
        return MappingError("config_unknown_name", self.document.where(trail), name=name, nearest=known)

    def _filled(self, value: object, trail: Trail) -> object:
        """The same with every `${NAME}` replaced from the environment."""
        if isinstance(value, dict):
            return {name: self._filled(part, (*trail, name)) for name, part in value.items()}
        if not isinstance(value, str):
            return value
        for name in _VARIABLE.findall(value):
            if name not in os.environ:
                raise MappingError("config_no_variable", self.document.where(trail), name=name)
        return _VARIABLE.sub(lambda match: os.environ[match[1]], value)


def load(path: Path) -> Loaded:
    """Read and check syncd.yaml. Raises MappingError for the first thing that is wrong in it."""
    document, errors = read(path)
    config = parse(Config, document, errors)
    if config is None or errors:
        # a misspelt name is a missing one too, and the spelling is the cause
        raise next((error for error in errors if error.code == "unknown_key"), errors[0])
    return Loaded(config, document)
