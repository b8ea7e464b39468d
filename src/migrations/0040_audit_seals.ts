import type { SqlMigration } from './shape.js'

/**
 * Links what a transaction wrote to the audit log into the chain of each person concerned, at its commit. Until then it
 * takes no lock, and then in the order of persons, so that no two commits wait for each other in a circle. Who meets another
 * at the same link waits for that one's commit and takes the next. (In repeatable read that is a serialization failure.)
 */
export const auditSeals: SqlMigration = {
  name: '0040_audit_seals',
  up: ({ finance }) => [
    // The settings keep a plan that was cached while the tables were small from being a scan of them when they are not.
    `create function ${finance}.seal_audit_log() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  me constant xid8 := pg_current_xact_id();
  head record;
  part record;
  now_ms bigint;
begin
  -- The first row of the transaction seals for all. Ids only grow, so a seal of another cluster with our number is below them.
  select s.xid, s.last_id into head
  from ${finance}.audit_seals s where s.user_id = new.user_id order by s.seq desc limit 1;
  if head.xid = me and head.last_id >= new.id then
    return null;
  end if;
  for part in
    select l.user_id, min(l.id) as first_id, max(l.id) as last_id, count(*)::integer as rows,
      string_agg(int8send(l.id) || l.digest, ''::bytea order by l.id) as content
    from ${finance}.audit_log l
    where l.xid = me and l.at = now()::timestamptz(3) and l.id > coalesce((
      select case when s.xid = me then s.last_id end
      from ${finance}.audit_seals s where s.user_id = l.user_id order by s.seq desc limit 1
    ), 0)
    group by l.user_id
    order by l.user_id
  loop
    loop
      now_ms := extract(epoch from clock_timestamp()) * 1000;
      select s.seq, s.hash into head
      from ${finance}.audit_seals s where s.user_id = part.user_id order by s.seq desc limit 1;
      insert into ${finance}.audit_seals (user_id, seq, first_id, last_id, rows, hash, at)
      values (
        part.user_id, coalesce(head.seq, 0) + 1, part.first_id, part.last_id, part.rows,
        sha256(coalesce(head.hash, ''::bytea) || uuid_send(part.user_id) || int8send(coalesce(head.seq, 0) + 1)
          || int8send(now_ms) || part.content),
        to_timestamp(now_ms / 1000.0)
      )
      on conflict do nothing;
      exit when found;
    end loop;
  end loop;
  return null;
end
$$`,
    `revoke all on function ${finance}.seal_audit_log() from public`,
    `comment on function ${finance}.seal_audit_log() is 'Trigger: links what this transaction logged into the chains.'`,
    `create constraint trigger audit_log_seal after insert on ${finance}.audit_log
  deferrable initially deferred for each row execute function ${finance}.seal_audit_log()`,
  ],
  down: ({ finance }) => [
    `drop trigger audit_log_seal on ${finance}.audit_log`,
    `drop function ${finance}.seal_audit_log()`,
  ],
}
