import { auditDigest } from './0042_audit_triggers.js'
import type { SqlMigration } from './shape.js'

/** Bytes of the log, as it is stored, that are looked at in one statement. It takes some forty times that of temporary files. */
const part = 16_000_000

/** Of one person or everybody, and of these from one person to another. */
const whose = (l: string) =>
  `($1 is null or ${l}.user_id = $1) and ($2 is null or ${l}.user_id > $2) and ($3 is null or ${l}.user_id <= $3)`

/** What the log says about every row: the last time it was written down whole, and the changes since. */
const replay = (finance: string) => `, entry as materialized (
    -- one row of the log for one row of a table
    select l.user_id, l.table_name, l.row_id, l.id, l.operation,
      case when l.operation = 'update'
        then coalesce((select jsonb_object_agg(k, null) from json_object_keys(l.changes->'old') k), '{}') || (l.changes->'new')::jsonb
        else (l.changes->'new')::jsonb end as state
    from log l
    where l.salt is not null and l.row_id is not null and l.operation <> 'erase'
    union all
    -- one for many, written down whole or deleted
    select l.user_id, l.table_name, (s.state->>'id')::uuid, l.id, l.operation, s.state
    from log l
    cross join lateral (
      select array(select json_array_elements_text(l.changes->'columns')) as columns,
        coalesce(l.changes->'new', l.changes->'old') as lines
      offset 0 -- once for each row of the log, not for each line
    ) c
    cross join lateral json_array_elements(c.lines) line
    cross join lateral (
      select jsonb_object(c.columns, array(select json_array_elements_text(line))) as state offset 0
    ) s
    where l.salt is not null and l.row_id is null and l.changes->'columns' is not null
    union all
    -- one for many, changed; those whose id changed have only one side
    select l.user_id, l.table_name, (r->>'id')::uuid, l.id,
      case when r->'old' is null then 'insert' when r->'new' is null then 'delete' else 'update' end,
      case when r->'old' is null then (r->'new')::jsonb
        else coalesce((select jsonb_object_agg(k, null) from json_object_keys(r->'old') k), '{}') || (r->'new')::jsonb end
    from log l
    cross join lateral json_array_elements(l.changes->'rows') r
    where l.salt is not null and l.row_id is null and l.changes->'rows' is not null
  ), whole as materialized (
    select distinct on (e.user_id, e.table_name, e.row_id) e.* from entry e
    where e.operation <> 'update'
    order by e.user_id, e.table_name, e.row_id, e.id desc
  ), since as (
    select e.user_id, e.table_name, e.row_id, jsonb_object_agg(p.key, p.value order by e.id) as state
    from entry e
    join whole w on w.user_id = e.user_id and w.table_name = e.table_name and w.row_id = e.row_id
    cross join lateral jsonb_each(e.state) p
    where e.operation = 'update' and e.id > w.id
    group by e.user_id, e.table_name, e.row_id
  ), logged as materialized (
    select w.user_id, w.table_name, w.row_id, jsonb_strip_nulls(w.state || coalesce(s.state, '{}')) as state
    from whole w
    left join since s on s.user_id = w.user_id and s.table_name = w.table_name and s.row_id = w.row_id
    where w.operation <> 'delete'
  ), present as materialized (
    select * from ${finance}.audited_rows($1, $2, $3)
  )`

/** Everything that is wrong with the log, in SQL, so that an auditor needs nothing but psql. */
export const auditProblems: SqlMigration = {
  name: '0043_audit_problems',
  up: ({ finance }) => [
    `create function ${finance}.audit_problems(person uuid)
returns table (user_id uuid, kind text, seq bigint, id bigint, table_name text, row_id uuid)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set work_mem = '64MB'
set enable_nestloop = off
set jit = off
as $$
declare
  part record;
begin
  -- Of everybody by parts of the log, person after person: what is read and replayed is on disk several times over until its
  -- statement ends.
  for part in
    select lag(e.user_id) over (order by e.user_id) as after, e.user_id as upto
    from (
      select l.user_id, div(l.size, ${part}) <> lead(div(l.size, ${part})) over (order by l.user_id) as ends
      from (
        select a.user_id, sum(sum(pg_column_size(a.changes))) over (order by a.user_id) as size
        from ${finance}.audit_log a
        where person is null
        group by a.user_id
      ) l
      union all
      select null, true
    ) e
    where e.ends
    order by e.user_id
  loop
  -- planned for these persons, so that a look at one does not scan everybody
  return query execute $sql$
  with log as materialized (
    select l.*, ${auditDigest('s.changes::text').replaceAll('s.', 'l.')} as now_digest
    from ${finance}.audit_log l
    where ${whose('l')}
  ), seal as materialized (
    select s.*, lag(s.hash) over w as before, lag(s.seq) over w as seq_before
    from ${finance}.audit_seals s
    where ${whose('s')}
    window w as (partition by s.user_id order by s.seq)
  ), sealed as materialized (
    select l.user_id, l.id, l.digest, s.seq
    from log l
    join seal s on s.user_id = l.user_id and s.xid = l.xid and l.id between s.first_id and s.last_id
  ), content as (
    select l.user_id, l.seq, count(*) as rows, string_agg(int8send(l.id) || l.digest, ''::bytea order by l.id) as content
    from sealed l
    group by l.user_id, l.seq
  )${replay(finance)}
  select s.user_id, 'seal-missing', s.seq - 1, null::bigint, null::text, null::uuid
  from seal s where s.seq <> coalesce(s.seq_before, 0) + 1
  union all
  select s.user_id, case when coalesce(c.rows, 0) = s.rows then 'seal-broken' else 'row-missing' end, s.seq, null, null, null
  from seal s left join content c on c.user_id = s.user_id and c.seq = s.seq
  where coalesce(c.rows, 0) <> s.rows
    or s.hash <> sha256(coalesce(s.before, ''::bytea) || uuid_send(s.user_id) || int8send(s.seq)
      || int8send((extract(epoch from s.at) * 1000)::bigint) || c.content)
  union all
  select l.user_id, 'row-changed', null, l.id, l.table_name, l.row_id
  from log l where case when l.salt is null then l.changes::text <> '{}' else l.digest <> l.now_digest end
  union all
  -- values may go only with the person
  select l.user_id, 'row-redacted', null, l.id, l.table_name, l.row_id
  from log l
  left join (
    select e.user_id, max(e.id) as id from log e
    where e.operation = 'erase' and (e.salt is null or e.digest = e.now_digest)
    group by e.user_id
  ) e on e.user_id = l.user_id
  where l.salt is null and l.id > coalesce(e.id, 0)
  union all
  select l.user_id, 'row-unsealed', null, l.id, l.table_name, l.row_id
  from log l
  where not exists (select from sealed s where s.user_id = l.user_id and s.id = l.id)
    -- what this very transaction wrote is sealed when it commits
    and not (l.xid is not distinct from pg_current_xact_id_if_assigned() and l.at = now()::timestamptz(3))
  union all
  select coalesce(l.user_id, p.user_id),
    case when p.row_id is null then 'data-missing' when l.row_id is null then 'data-unlogged' else 'data-differs' end,
    null, null, coalesce(l.table_name, p.table_name), coalesce(l.row_id, p.row_id)
  from logged l
  full join present p on p.user_id = l.user_id and p.table_name = l.table_name and p.row_id = l.row_id
  where p.row_id is null or l.row_id is null or l.state <> p.state
  $sql$ using person, part.after, part.upto;
  end loop;
end
$$`,
    `comment on function ${finance}.audit_problems(uuid) is
  'What is wrong with the audit log of a person, or (null) of everybody: its chain, its rows, and what it says against the tables. No rows: all is well.'`,
  ],
  down: ({ finance }) => [`drop function ${finance}.audit_problems(uuid)`],
}
