"""Alembic's entry: run the migrations on the connection that `telecine.db.migrate` opened."""

from alembic import context

from telecine.db.tables import metadata

#: The engine keeps tables of its own in the same database; they are none of Alembic's.
OUR_TABLES = frozenset(metadata.tables)


def _is_ours(
    _object: object, name: str | None, kind: str, _reflected: object, _other: object
) -> bool:
    return kind != "table" or name in OUR_TABLES


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=_is_ours,
    version_table="telecine_schema",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
