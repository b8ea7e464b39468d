import type { SqlMigration } from './shape.js'

// The reference to the account is checked past row-level security, so the account may be there and not be ours to change.
const refuseUnlessFound = `if not found then
      raise exception using
        errcode = 'insufficient_privilege', schema = tg_table_schema, table = tg_table_name,
        message = 'The balance of the account cannot be changed: row-level security or a trigger stands in the way.';
    end if;`

/**
 * `accounts.balance` = opening balance + posted transactions, whoever writes. Triggers per statement with transition tables:
 * on a bulk load they cost a fraction of triggers per row (docs/decisions/0003). They go account by account in id order, so
 * that two writers never wait for each other in a circle, and by primary key, so that no cached plan can go bad.
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
    if new.balance is distinct from new.opening_balance and new.balance is not null then
      raise exception using
        errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = 'accounts_balance_derived',
        message = 'The balance of a new account is its opening balance: leave it out.';
    end if;
    new.balance := new.opening_balance;
  elsif new.balance is not distinct from old.balance then
    new.balance := old.balance + (new.opening_balance - old.opening_balance);
  elsif pg_catalog.pg_trigger_depth() < 2 or new.opening_balance is distinct from old.opening_balance then
    raise exception using
      errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = 'accounts_balance_derived',
      message = 'The balance follows from the transactions: post or reverse one.';
  end if;
  return new;
end
$$`,
    `create trigger accounts_balance_guard_insert before insert on ${finance}.accounts
  for each row execute function ${finance}.guard_balance()`,
    `create trigger accounts_balance_guard_update before update on ${finance}.accounts
  for each row when (old.balance is distinct from new.balance or old.opening_balance is distinct from new.opening_balance)
  execute function ${finance}.guard_balance()`,
    `create function ${finance}.post_inserted() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  delta record;
begin
  for delta in
    select t.user_id, t.account_id, sum(t.amount) as amount
    from inserted t
    where t.status = 'posted'
    group by t.user_id, t.account_id
    having sum(t.amount) <> 0
    order by t.user_id, t.account_id
  loop
    update ${finance}.accounts a set balance = a.balance + delta.amount
    where a.user_id = delta.user_id and a.id = delta.account_id;
    ${refuseUnlessFound}
  end loop;
  return null;
end
$$`,
    `create trigger transactions_post_inserted after insert on ${finance}.transactions
  referencing new table as inserted
  for each statement execute function ${finance}.post_inserted()`,
    `create function ${finance}.post_updated() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  delta record;
begin
  for delta in
    select t.user_id, t.account_id, sum(t.amount) as amount
    from (
      select a.user_id, a.account_id, a.amount from after_rows a where a.status = 'posted'
      union all
      select b.user_id, b.account_id, -b.amount from before_rows b where b.status = 'posted'
    ) t
    group by t.user_id, t.account_id
    having sum(t.amount) <> 0
    order by t.user_id, t.account_id
  loop
    update ${finance}.accounts a set balance = a.balance + delta.amount
    where a.user_id = delta.user_id and a.id = delta.account_id;
    ${refuseUnlessFound}
  end loop;
  return null;
end
$$`,
    `create trigger transactions_post_updated after update on ${finance}.transactions
  referencing old table as before_rows new table as after_rows
  for each statement execute function ${finance}.post_updated()`,
  ],
  down: ({ finance }) => [
    `drop trigger transactions_post_updated on ${finance}.transactions`,
    `drop function ${finance}.post_updated()`,
    `drop trigger transactions_post_inserted on ${finance}.transactions`,
    `drop function ${finance}.post_inserted()`,
    `drop trigger accounts_balance_guard_update on ${finance}.accounts`,
    `drop trigger accounts_balance_guard_insert on ${finance}.accounts`,
    `drop function ${finance}.guard_balance()`,
  ],
}
