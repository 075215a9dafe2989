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
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from syncd.errors import MappingError
from syncd.files import shipped
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.faults import parse
from syncd.mapping.language.file.shapes import MaybeNames, Strict
from syncd.mapping.language.file.source import Document, Trail, read

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET: Final = frozenset(("source", "ledger", "anchor", "answer", "alerts", "console"))
_SHIPPED: Final = "shipped:"


PipelineName = Annotated[str, Field(pattern=r"^[^/]+$")]
TargetName = Annotated[str, Field(pattern=r"^[^/]+$")]


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
    answer: End | None = None
    """Where the EAM is told what became of its rows, as `answers` of the mapping say: `kind`, and its settings."""
    batch_changes_max: Annotated[int, Field(ge=1, le=50_000)] = 4_000
    """Changes that one finance transaction takes at most."""
    queue_changes_max: Annotated[int, Field(ge=1, le=500_000)] = 16_000
    """Changes that may wait between the reader and the posting thread; this bounds the memory."""
    parked_share_max: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The breaker: a batch of 50 changes or more that would park a larger share than this halts the pipeline."""
    gone_share_max: Annotated[float, Field(ge=0, le=1)] = 0.1
    """A repair stops and asks when it would call more than 20 rows of a table gone, and a larger share than this."""
    late_after_s: Annotated[float, Field(gt=0)] = 600.0
    """Seconds behind the EAM after which `syncd status` says that the pipeline is late and ends with 1."""
    reconcile: str | None = None
    """When the daemon reconciles the two sides, as cron: `0 6 1 * *`. Without it only `syncd reconcile` does."""


class MetricsConfig(Strict):
    """Where the daemon answers Prometheus. Without this block it does not listen anywhere."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address that it listens on. The figures name pipelines and rules, no amounts; whoever asks is answered."""
    port: Annotated[int, Field(ge=1, le=65535)] = 9464
    """The port; the page is `/metrics`."""
    otlp: str | None = None
    """A collector that is told the same by OTLP, `http://HOST:4318/v1/metrics`; needs the extra `otlp`."""
    otlp_interval_s: Annotated[float, Field(gt=0)] = 60.0
    """How often it is told."""


class AnchorConfig(Strict):
    """Where the daemon keeps heads of the hash chains, outside finance: `file` or `dsn`, and whom it sends them."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    file: str | None = None
    """A file that only ever grows, relative to this configuration, where finance's owner cannot write."""
    dsn: str | None = None
    """Another database, `postgresql://…`, `mysql://…` or `sqlite:///FILE`: the table `syncd_anchored`, to which the
    role may INSERT and SELECT."""
    to: tuple[str, ...] = ()
    """Targets of `alerts` to which heads are sent as text each time, for somebody to keep."""
    webhook: str | None = None
    """An address to which heads are POSTed as JSON each time, signed by `key`; it may hold a secret: `${NAME}`."""
    key: str | None = None
    """What heads are signed with, by HMAC-SHA256: `${NAME}`, a secret that finance's owner does not have."""


class AuditConfig(Strict):
    """How the record is kept safe from whoever owns finance's database."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    anchor: AnchorConfig | None = None
    """Where heads of the hash chains are kept. `syncd audit verify` compares with it."""
    every: Annotated[int, Field(ge=1)] = 1_000
    """Records after which the daemon anchors the heads anew; and at least once a day."""
    others: tuple[str, ...] = ()
    """What other systems begin their keys with in finance's column for ours, `payroll` for `payroll/2026-02`."""


class AlertTarget(Strict):
    """Somebody who is alerted."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: str
    """The address as apprise knows it: `mailtos://…`, `dingtalk://…`, `wecombot://…`, `feishu://…`, `jsons://…`. It
    holds a secret: `${NAME}`."""
    roles: tuple[str, ...] = ()
    """What it is told of: `operations`, `finance`, and roles that approve. Without any, all."""


class AlertsConfig(Strict):
    """Who is told when something needs a person; needs the extra `alerts`. docs/outbox.md"""

    model_config = ConfigDict(use_attribute_docstrings=True)

    targets: Annotated[dict[TargetName, AlertTarget], Field(min_length=1)]
    """Targets by name."""
    quiet: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")] | None = None
    """When nobody is told of anything but a halt, on the clock of the books: `22:00-07:00`."""
    language: Literal["zh", "en"] = "zh"
    """The language of the messages."""
    parked_after_h: Annotated[float, Field(gt=0)] = 24.0
    """Hours after which a parked row is told of."""
    approval_after_h: Annotated[float, Field(gt=0)] = 24.0
    """Hours after which a row is told of that awaits approval, to whom has the role."""
    delivery_after_h: Annotated[float, Field(gt=0)] = 0.5
    """Hours after which a delivery is told of that has not gone."""


class OpenIdConfig(Strict):
    """A provider by OpenID Connect, which tells the console who somebody is. docs/console.md"""

    model_config = ConfigDict(use_attribute_docstrings=True)

    issuer: Annotated[str, Field(pattern=r"^(https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/])")]
    """Who it is, exactly as it says itself: `https://login.example.com/realms/company`."""
    client_id: Annotated[str, Field(min_length=1)]
    """What the console is called there."""
    client_secret: str | None = None
    """`${NAME}`: what the console proves itself with. Without one it is a public client."""
    address: Annotated[str, Field(pattern=r"^https?://[^/?#]+(/[^?#]*)?$")]
    """Where browsers find the console, `https://syncd.example.com`; the provider allows `ADDRESS/sign-in/back`, and
    `ADDRESS/sign-in` behind signing out."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What it is asked for."""
    name: str = "preferred_username"
    """The claim of the ID token that names an account as it is opened."""
    groups: str = "groups"
    """The claim that says somebody's groups; `realm_access.roles` for one within another."""
    roles: dict[str, MaybeNames] = Field(default_factory=dict)
    """Roles by group, `{accounting: [finance]}`: who holds one is let in, and an account is opened for them. Without it
    only accounts are let in that an administrator has bound."""
    passwords: bool = True
    """Whether people may sign in to the console by a password, too."""


class ConsoleConfig(Strict):
    """How people sign in to the console."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    openid: OpenIdConfig | None = None
    """A provider by OpenID Connect. Without it people sign in by a password."""


class Config(Strict):
    """The whole of syncd.yaml."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pipelines: Annotated[dict[PipelineName, PipelineConfig], Field(min_length=1)]
    """Pipelines by name. The name stands on every posting: a pipeline that has posted keeps its name. It holds no `/`,
    which stands between the name and a partition."""
    metrics: MetricsConfig | None = None
    """Figures for Prometheus; `metrics: {}` is enough. docs/monitoring/README.md"""
    audit: AuditConfig | None = None
    """How tampering by finance's own DBA is found. docs/audit.md"""
    people: dict[str, MaybeNames] | None = None
    """Who may act, as `--actor`, and approve in which roles: `{NAME: [finance, controller]}`, `[]` for one who approves
    nothing. Without it whoever acts says who they are; where there are accounts, they count. docs/approval.md"""
    alerts: AlertsConfig | None = None
    """Who is told when something needs a person. docs/outbox.md"""
    console: ConsoleConfig | None = None
    """How people sign in to the console. docs/console.md"""
    token_file: str | None = None
    """A file with the token of whoever types commands, `~` for their home; where they have none, their user of the host
    says who they are. docs/console.md"""

    @property
    def takes_passwords(self) -> bool:
        """Whether people may sign in to the console by a password."""
        return self.console is None or self.console.openid is None or self.console.openid.passwords


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
        self._refuse_no_zone((*trail, "zone"), getattr(settings, "zone", "UTC"))
        if beside := getattr(settings, "beside", None):  # a setting that is a path for some databases only
            return beside(self.document.path.parent)
        paths = {name: getattr(settings, name) for name in names if isinstance(getattr(settings, name), Path)}
        here = {name: self.document.path.parent / path for name, path in paths.items()}
        return self._validated(trail, made, given | here) if here else settings

    def anchor(self) -> AnchorConfig | None:
        """Where heads are kept, filled in. Raises MappingError where it says neither or both of its places."""
        audit = self.config.audit
        if audit is None or audit.anchor is None:
            return None
        trail: Trail = ("audit", "anchor")
        given = audit.anchor
        sends = bool(given.to or given.webhook)
        if (given.file is not None and given.dsn is not None) or not (given.file or given.dsn or sends):
            raise MappingError("config_anchor_place", self.document.where(trail))
        known = [] if self.config.alerts is None else [*self.config.alerts.targets]
        for name in set(given.to) - {*known}:
            where, near = self.document.where((*trail, "to")), nearest(name, known) or ", ".join(known)
            raise MappingError("config_anchor_target", where, name=name, nearest=near)
        values = {name: self._filled(value, (*trail, name)) for name, value in given.model_dump().items()}
        return AnchorConfig.model_validate(values)

    def alerts(self) -> Mapping[str, str]:
        """The addresses of those who are alerted, by name, filled in. They hold secrets."""
        said = self.config.alerts
        targets = {} if said is None else said.targets
        trail: Trail = ("alerts", "targets")
        return {name: self._replaced(one.url, (*trail, name, "url")) for name, one in targets.items()}

    def openid(self) -> OpenIdConfig | None:
        """Who tells the console who somebody is, filled in. It holds a secret."""
        said = None if self.config.console is None else self.config.console.openid
        if said is None or said.client_secret is None:
            return said
        secret = self._replaced(said.client_secret, ("console", "openid", "client_secret"))
        return said.model_copy(update={"client_secret": secret})

    def token_file(self) -> Path | None:
        """Where whoever runs this process keeps their token, relative to this configuration."""
        named = self.config.token_file
        return None if named is None else self.document.path.parent / Path(named).expanduser()

    def _refuse_no_zone(self, trail: Trail, zone: str) -> None:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise MappingError("bad_timezone", self.document.where(trail), timezone=zone) from None

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
        filled = self._replaced(value, trail)
        self._refuse_raw(filled, trail)
        return filled

    def _replaced(self, value: str, trail: Trail) -> str:
        for name in _VARIABLE.findall(value):
            if name not in os.environ:
                raise MappingError("config_no_variable", self.document.where(trail), name=name)
        return _VARIABLE.sub(lambda match: os.environ[match[1]], value)

    def _refuse_raw(self, value: str, trail: Trail) -> None:
        if is_raw(value):
            raise MappingError("config_raw_password", self.document.where(trail), name=str(trail[-1]))


def is_raw(address: str) -> bool:
    """Whether a password in an address holds an `@` or `/` as it is: it would be taken apart elsewhere than meant, and
    what is left of the password would stand in the driver's words as a host or a port."""
    scheme, mark, rest = address.partition("://")
    authority, _, path = rest.partition("/")
    _, at, server = path.partition("?")[0].rpartition("@")
    is_begun = ":" in authority and not authority.rpartition(":")[2].isdecimal()
    is_cut = bool(at) and ("/" in server if "@" in authority else is_begun)  # a database's name may hold an @
    return bool(mark) and scheme.isalnum() and (authority.count("@") > 1 or is_cut)


def _hide_block(error: MappingError) -> None:
    """What stands where a block belongs may be an address with its password, or the password itself."""
    place = error.params.get("place", "").split(".")
    if "value" in error.params and (
        _SECRET & {*place} or error.params["problem"] in ("shape_block", "shape_keys", "shape_scalar")
    ):
        error.params["value"] = "…"


def load(path: Path) -> Loaded:
    """Read and check syncd.yaml. Raises MappingError for the first thing that is wrong in it."""
    document, errors = read(path)
    config = parse(Config, document, errors)
    for error in errors:
        _hide_block(error)
    if config is None or errors:
        # a misspelt name is a missing one too, and the spelling is the cause
        raise next((error for error in errors if error.code == "unknown_key"), errors[0])
    return Loaded(config, document)
