"""All commands in one tree."""

from typing import Annotated, Literal

import typer

from syncd import __version__, language
from syncd.cli import (
    approving,
    auditing,
    closing,
    copying,
    daemon,
    delivering,
    depreciating,
    initiating,
    lifecycle,
    looking,
    many,
    mapping,
    parked,
    passes,
    people,
    qualities,
    reconciling,
    repairing,
    reporting,
    setting_up,
    standings,
    tables,
    tracing,
    trying,
    uninstalling,
    worth_a_look,
)
from syncd.cli.declare import command, group
from syncd.language import say

app = group("help_syncd", completes=True)

command(app, "run")(daemon.run)
command(app, "demo")(daemon.demo)
command(app, "init")(initiating.init)
command(app, "grants")(setting_up.grants)
command(app, "migrate")(setting_up.migrate)
command(app, "check")(looking.check)
command(app, "dry-run")(passes.dry_run)
command(app, "snapshot")(passes.snapshot)
command(app, "repair")(repairing.repair)
command(app, "status")(standings.status)
command(app, "backup")(copying.backup)
command(app, "uninstall")(uninstalling.uninstall)
command(app, "reconcile")(reconciling.reconcile)
command(app, "quality")(qualities.quality)
command(app, "warnings")(worth_a_look.warnings)
command(app, "depreciate")(depreciating.depreciate)
command(app, "close")(closing.close)
command(app, "reopen")(closing.reopen)
command(app, "report")(reporting.report)
command(app, "trace")(tracing.trace)

cycle = group("help_lifecycle", alone=True)
app.add_typer(cycle, name="lifecycle")
cycle.callback()(lifecycle.show)
command(cycle, "report", "help_lifecycle_report")(lifecycle.report)

record = group("help_audit")
app.add_typer(record, name="audit")
command(record, "verify")(auditing.verify)
command(record, "head", "help_audit_head")(auditing.show_head)
command(record, "anchor", "help_audit_anchor")(auditing.write_anchor)

rows = group("help_parked")
app.add_typer(rows, name="parked")
command(rows, "list", "help_parked_list")(parked.show_list)
command(rows, "show", "help_parked_show")(parked.show)
command(rows, "retry", "help_parked_retry")(parked.retry)
command(rows, "edit", "help_parked_edit")(parked.edit)
command(rows, "discard", "help_parked_discard")(parked.discard)
command(rows, "withdraw", "help_parked_withdraw")(parked.withdraw)
command(rows, "reopen", "help_parked_reopen")(approving.reopen)
command(rows, "take", "help_parked_take")(many.take)
command(rows, "give-back", "help_parked_give_back")(many.give_back)

lots = group("help_bulk")
rows.add_typer(lots, name="bulk")
command(lots, "list", "help_bulk_list")(many.show_list)
command(lots, "show", "help_bulk_show")(many.show)
command(lots, "stop", "help_bulk_stop")(many.stop)
command(lots, "resume", "help_bulk_resume")(many.resume)
command(app, "approve")(approving.approve)
command(app, "reject")(approving.reject)

held = group("help_approvals")
app.add_typer(held, name="approvals")
command(held, "list", "help_approvals_list")(approving.show_list)
command(held, "automatic", "help_approvals_automatic")(approving.show_automatic)

outbox = group("help_outbox")
app.add_typer(outbox, name="outbox")
command(outbox, "list", "help_outbox_list")(delivering.show_list)
command(outbox, "show", "help_outbox_show")(delivering.show)
command(outbox, "retry", "help_outbox_retry")(delivering.retry)
command(outbox, "discard", "help_outbox_discard")(delivering.discard)
alert = group("help_alert")
app.add_typer(alert, name="alert")
command(alert, "test", "help_alert_test")(delivering.try_alert)

mappings = group("help_mapping")
app.add_typer(mappings, name="mapping")
command(mappings, "check", "help_mapping_check")(mapping.check)
command(mappings, "explain", "help_mapping_explain")(mapping.explain)
command(mappings, "test", "help_mapping_test")(mapping.run_cases)
command(mappings, "compare", "help_mapping_compare")(mapping.compare)
command(mappings, "try", "help_mapping_try")(trying.try_row)
command(mappings, "accept", "help_mapping_accept")(mapping.accept)
command(mappings, "schema", "help_mapping_schema")(mapping.schema)
decisions = group("help_mapping_table")
mappings.add_typer(decisions, name="table")
command(decisions, "list", "help_mapping_table_list")(tables.listed)
command(decisions, "show", "help_mapping_table_show")(tables.show)
command(decisions, "put", "help_mapping_table_put")(tables.put)

command(app, "console")(people.console)
accounts = group("help_people")
app.add_typer(accounts, name="people")
command(accounts, "add", "help_people_add")(people.add)
command(accounts, "password", "help_people_password")(people.set_password)
command(accounts, "unlock", "help_people_unlock")(people.unlock)
command(accounts, "roles", "help_people_roles")(people.set_roles)
command(accounts, "limit", "help_people_limit")(people.limit)
command(accounts, "map", "help_people_map")(people.map_user)
command(accounts, "unmap", "help_people_unmap")(people.unmap_user)
command(accounts, "bind", "help_people_bind")(people.bind)
command(accounts, "unbind", "help_people_unbind")(people.unbind)
command(accounts, "close", "help_people_close")(people.close)
command(accounts, "list", "help_people_list")(people.show_list)

keys = group("help_token")
accounts.add_typer(keys, name="token")
command(keys, "add", "help_token_add")(people.add_token)
command(keys, "list", "help_token_list")(people.list_tokens)
command(keys, "revoke", "help_token_revoke")(people.revoke_token)

changelog = group("help_changelog")
app.add_typer(changelog, name="changelog")
command(changelog, "install")(setting_up.install)
command(changelog, "remove")(setting_up.remove)
command(changelog, "prune")(setting_up.prune)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def settings(
    lang: Annotated[
        Literal["en", "zh"] | None, typer.Option("--lang", help=say("help_lang"), show_default=False)
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", help=say("help_version"), is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options before the command."""
    language.choose(lang)


@command(app, "version")
def version() -> None:
    """The version."""
    typer.echo(__version__)
