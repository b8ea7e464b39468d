import { raise } from './raise.js'
import type { SqlMigration } from './shape.js'

const derived = ['accounts', 'accounts_balance_derived'] as const

/** The loop over the accounts that a statement touched: `deltas` gives user_id, account_id, amount, held and taken. */
function applyDeltas(finance: string, deltas: string): string {
  const update = `update ${finance}.accounts a set balance = a.balance + delta.amount, held = a.held + delta.held
    where a.user_id = delta.user_id and a.id = delta.account_id
      and (a.status = 'active' or delta.taken = 0 and delta.held <= 0)`
  return `  for delta in
${deltas}
  loop
    ${update};
    if not found then
      -- Locked, so that what is said of it is true: it may be thawed just now.
      select a.status into state from ${finance}.accounts a
      where a.user_id = delta.user_id and a.id = delta.account_id for no key update;
      if (delta.taken <> 0 or delta.held > 0) and state <> 'active' then
        ${raise('check_violation', finance, ['accounts', 'accounts_active'], 'The account is frozen or closed: nothing is posted or held.')}
      end if;
      ${update};
      -- The reference to the account is checked past row-level security, so it may be there and not be ours to change.
      if not found then
        raise exception using
          errcode = 'insufficient_privilege', schema = tg_table_schema, table = tg_table_name,
          message = 'The balance of the account cannot be changed: row-level security or a trigger stands in the way.';
      end if;
    end if;
  end loop;
  return null;`
}

/**
 * `accounts.balance` = opening balance + posted transactions, and `accounts.held` = what pending ones are to take, whoever
 * writes. Triggers per statement with transition tables: on a bulk load they cost a fraction of triggers per row
 * (docs/decisions/0003). They go account by account in id order, so that two writers never wait for each other in a circle,
 * and by primary key, so that no cached plan can go bad. An account that is not active takes no rows, and lets holds go.
 * They run as the owner of the schema: whoever writes movements needs no right to write a balance (docs/decisions/0056).
 */
export const balances: SqlMigration = {
  name: '0007_balances',
  up: ({ finance }) => [
    `create function ${finance}.guard_balance() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if new.balance is distinct from new.opening_balance and new.balance is not null or new.held <> 0 then
      ${raise('check_violation', finance, derived, 'The balance of a new account is its opening balance, and nothing is held: leave them out.')}
    end if;
    new.balance := new.opening_balance;
  elsif new.balance is not distinct from old.balance and new.held is not distinct from old.held then
    new.balance := old.balance + (new.opening_balance - old.opening_balance);
  else
    ${raise('check_violation', finance, derived, 'The balance and what is held follow from the transactions: post, reverse, hold or release one.')}
  end if;
  return new;
end
$$`,
    `create trigger accounts_balance_guard_insert before insert on ${finance}.accounts
  for each row execute function ${finance}.guard_balance()`,
    `create trigger accounts_balance_guard_update before update on ${finance}.accounts
  for each row when (pg_catalog.pg_trigger_depth() = 0 or old.opening_balance is distinct from new.opening_balance)
  execute function ${finance}.guard_balance()`,
    `create function ${finance}.post_inserted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  delta record;
  state text;
begin
${applyDeltas(
  finance,
  `    select t.user_id, t.account_id, count(*) as taken,
      coalesce(sum(t.amount) filter (where t.status = 'posted'), 0) as amount,
      coalesce(-sum(t.amount) filter (where t.status = 'pending' and t.amount < 0), 0) as held
    from inserted t
    where t.status <> 'released'
    group by t.user_id, t.account_id
    order by t.user_id, t.account_id`,
)}
end
$$`,
    `create trigger transactions_post_inserted after insert on ${finance}.transactions
  referencing new table as inserted
  for each statement execute function ${finance}.post_inserted()`,
    `create function ${finance}.post_updated() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  delta record;
  state text;
begin
${applyDeltas(
  finance,
  `    select t.user_id, t.account_id,
      coalesce(sum(t.side) filter (where t.status = 'posted'), 0) as taken,
      coalesce(sum(t.side * t.amount) filter (where t.status = 'posted'), 0) as amount,
      coalesce(-sum(t.side * t.amount) filter (where t.status = 'pending' and t.amount < 0), 0) as held
    from (
      select a.user_id, a.account_id, a.amount, a.status, 1 as side from after_rows a
      union all
      select b.user_id, b.account_id, b.amount, b.status, -1 from before_rows b
    ) t
    group by t.user_id, t.account_id
    having coalesce(sum(t.side * t.amount) filter (where t.status = 'posted'), 0) <> 0
      or coalesce(sum(t.side * t.amount) filter (where t.status = 'pending' and t.amount < 0), 0) <> 0
      or coalesce(sum(t.side) filter (where t.status = 'posted'), 0) <> 0
    order by t.user_id, t.account_id`,
)}
end
$$`,
    `create trigger transactions_post_updated after update on ${finance}.transactions
  referencing old table as before_rows new table as after_rows
  for each statement execute function ${finance}.post_updated()`,
    `create function ${finance}.post_deleted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  delta record;
  state text;
begin
${applyDeltas(
  finance,
  `    select t.user_id, t.account_id, 0 as taken, 0 as amount, sum(t.amount) as held
    from deleted t
    where t.status = 'pending' and t.amount < 0
    group by t.user_id, t.account_id
    order by t.user_id, t.account_id`,
)}
end
$$`,
    `create trigger transactions_post_deleted after delete on ${finance}.transactions
  referencing old table as deleted
  for each statement execute function ${finance}.post_deleted()`,
    // What was pending counts from when it is posted. The day it counts for is another thing. Later than the row, also in the
    // transaction that wrote it: that it was pending is told by this.
    `create function ${finance}.stamp_recorded_at() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.recorded_at := greatest(now(), old.created_at + interval '1 millisecond');
  return new;
end
$$`,
    `create trigger transactions_recorded before update on ${finance}.transactions
  for each row when (old.status = 'pending' and new.status <> 'pending')
  execute function ${finance}.stamp_recorded_at()`,
  ],
  down: ({ finance }) => [
    `drop trigger transactions_recorded on ${finance}.transactions`,
    `drop function ${finance}.stamp_recorded_at()`,
    `drop trigger transactions_post_deleted on ${finance}.transactions`,
    `drop function ${finance}.post_deleted()`,
    `drop trigger transactions_post_updated on ${finance}.transactions`,
    `drop function ${finance}.post_updated()`,
    `drop trigger transactions_post_inserted on ${finance}.transactions`,
    `drop function ${finance}.post_inserted()`,
    `drop trigger accounts_balance_guard_update on ${finance}.accounts`,
    `drop trigger accounts_balance_guard_insert on ${finance}.accounts`,
    `drop function ${finance}.guard_balance()`,
  ],
}
