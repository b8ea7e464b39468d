import type { SqlMigration } from './shape.js'

export const functions: SqlMigration = {
  name: '0001_functions',
  up: ({ finance }) => [
    // RFC 9562 version 7: 48 bits of milliseconds, then 12 bits of the microseconds (as PostgreSQL 18's own uuidv7 does, so
    // that ids made within one millisecond still sort by time), then 62 random bits. One body for every server version:
    // a version test costs more than it saves, and databases of different versions then compare as equal. The types of the
    // constants fit the operators exactly, so that no operator of the host on its search_path fits better.
    `create function ${finance}.uuid_v7() returns uuid
language plpgsql volatile parallel safe
as $$
declare
  us bigint := extract(epoch from pg_catalog.clock_timestamp()) * 1000000.0;
begin
  return pg_catalog.encode(
    overlay(
      pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
      placing pg_catalog.int8send(((us / 1000) << 16) | 28672::bigint | ((us % 1000::bigint) * 4096 / 1000))
      from 1 for 8
    ), 'hex')::uuid;
end
$$`,
    `comment on function ${finance}.uuid_v7() is 'A new UUID version 7 (RFC 9562): sorts by the time it was made.'`,
    // Later than the row, also in the transaction that wrote it: that it was changed is told by this.
    `create function ${finance}.touch_updated_at() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := greatest(now(), old.updated_at + interval '1 millisecond');
  return new;
end
$$`,
    // One function for every table that only grows: the trigger's arguments are the constraint to name and the sentence.
    `create function ${finance}.refuse() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'check_violation',
    schema = tg_table_schema,
    table = tg_table_name,
    constraint = tg_argv[0],
    message = tg_argv[1];
end
$$`,
    `comment on function ${finance}.refuse() is 'Trigger: refuses the change. Arguments: the name of the broken rule, a sentence.'`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.refuse()`,
    `drop function ${finance}.touch_updated_at()`,
    `drop function ${finance}.uuid_v7()`,
  ],
}
