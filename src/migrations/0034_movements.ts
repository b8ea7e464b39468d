import { insertOnce, raise, refuseOverdraft } from './raise.js'
import type { SqlMigration } from './shape.js'

/** Of the transaction that a function is about. Before its row: the order of everybody who locks both. */
function lockAccount(finance: string): string {
  return `perform from ${finance}.accounts a
  where a.user_id = p_user_id
    and a.id = (select t.account_id from ${finance}.transactions t where t.user_id = p_user_id and t.id = p_id)
  for no key update;`
}

function refuseP2pHold(finance: string): string {
  return raise(
    'check_violation',
    finance,
    ['transactions', 'transactions_p2p_held'],
    'The hold belongs to a transfer between people: accept, decline or cancel that.',
  )
}

/**
 * Movements that obey the rules of their account, each in one round trip. In functions because each of their statements
 * sees what others have committed by then: a single statement would judge by what was there when it began.
 */
export const movements: SqlMigration = {
  name: '0034_movements',
  up: ({ finance }) => [
    `create function ${finance}.check_reversal() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from ${finance}.transactions t
  where t.user_id = new.user_id and t.id = new.reverses_id and t.status = 'posted' and new.status = 'posted'
    and t.account_id = new.account_id and t.amount = -new.amount
    and t.p2p_transfer_id is null and (t.transfer_id is null) = (new.transfer_id is null);
  if not found then
    ${raise('check_violation', finance, ['transactions', 'transactions_reverses_opposite'], 'A reversal takes back all of one posted transaction on its account, and both sides of a transfer.')}
  end if;
  return null;
end
$$`,
    `create trigger transactions_reverses_opposite after insert or update of reverses_id, status, account_id, amount on ${finance}.transactions
  for each row when (new.reverses_id is not null)
  execute function ${finance}.check_reversal()`,
    `create function ${finance}.move_money(
  p_user_id uuid, p_id uuid, p_account_id uuid, p_date date, p_posted_at timestamptz, p_merchant text, p_amount numeric,
  p_currency text, p_category text, p_description text, p_is_subscription boolean, p_status text, p_external_id text,
  p_source text, p_idempotency_key text, p_pending_id uuid
) returns setof ${finance}.transactions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v ${finance}.transactions;
begin
  ${insertOnce(
    `insert into ${finance}.transactions (
    user_id, id, account_id, date, posted_at, merchant, amount, currency, category, description, is_subscription, status,
    external_id, source, idempotency_key, pending_id
  )
  values (
    p_user_id, coalesce(p_id, ${finance}.uuid_v7()), p_account_id, p_date,
    case when p_status = 'posted' then coalesce(p_posted_at, now()) end, p_merchant, p_amount,
    coalesce(p_currency, (select a.currency from ${finance}.accounts a where a.user_id = p_user_id and a.id = p_account_id)),
    coalesce(p_category, 'uncategorized'), coalesce(p_description, ''), coalesce(p_is_subscription, false), p_status,
    p_external_id, coalesce(p_source, 'manual'), p_idempotency_key, p_pending_id
  )`,
    `select t.* into v from ${finance}.transactions t
    where t.user_id = p_user_id and t.idempotency_key = p_idempotency_key;`,
  )}
  if v.amount < 0 then
    ${refuseOverdraft(finance, 'v.user_id', 'v.account_id')}
  end if;
  return next v;
end
$$`,
    `comment on function ${finance}.move_money is
  'Posts or holds one movement (p_status) if its account is active and has that much available. A known p_idempotency_key gives the row it was used for.'`,
    `create function ${finance}.settle_hold(p_user_id uuid, p_id uuid, p_amount numeric, p_date date, p_posted_at timestamptz)
returns setof ${finance}.transactions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_before ${finance}.transactions;
  v ${finance}.transactions;
begin
  ${lockAccount(finance)}
  select t.* into v_before from ${finance}.transactions t where t.user_id = p_user_id and t.id = p_id for no key update;
  if not found then
    return;
  end if;
  if v_before.p2p_transfer_id is not null then
    ${refuseP2pHold(finance)}
  end if;
  if v_before.status <> 'pending' then
    return next v_before;
    return;
  end if;
  if sign(p_amount) <> sign(v_before.amount) then
    ${raise('check_violation', finance, ['transactions', 'transactions_settled_sign'], 'What is held is settled in its direction: the amount needs the same sign.')}
  end if;
  update ${finance}.transactions t
  set status = 'posted', posted_at = coalesce(p_posted_at, now()), date = coalesce(p_date, t.date),
    amount = coalesce(p_amount, t.amount)
  where t.user_id = p_user_id and t.id = p_id
  returning t.* into v;
  -- What was held is promised. Only what goes beyond it needs to be available.
  if v.amount < v_before.amount and v.amount < 0 then
    ${refuseOverdraft(finance, 'v.user_id', 'v.account_id')}
  end if;
  return next v;
end
$$`,
    `comment on function ${finance}.settle_hold is
  'Posts a pending transaction, with another amount if one is given. One that is not pending any more is given as it is.'`,
    `create function ${finance}.release_hold(p_user_id uuid, p_id uuid) returns setof ${finance}.transactions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v ${finance}.transactions;
begin
  ${lockAccount(finance)}
  select t.* into v from ${finance}.transactions t where t.user_id = p_user_id and t.id = p_id for no key update;
  if not found then
    return;
  end if;
  if v.p2p_transfer_id is not null then
    ${refuseP2pHold(finance)}
  end if;
  if v.status = 'pending' then
    update ${finance}.transactions t set status = 'released' where t.user_id = p_user_id and t.id = p_id returning t.* into v;
  end if;
  return next v;
end
$$`,
    `comment on function ${finance}.release_hold is
  'Lets a pending transaction go: it stays as released, so that its idempotency key stays known. One that is not pending any more is given as it is.'`,
    `create function ${finance}.reverse_transaction(
  p_user_id uuid, p_id uuid, p_date date, p_description text, p_source text, p_idempotency_key text, p_overdraw boolean
) returns setof ${finance}.transactions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_original ${finance}.transactions;
  v ${finance}.transactions;
begin
  ${lockAccount(finance)}
  select t.* into v_original from ${finance}.transactions t where t.user_id = p_user_id and t.id = p_id;
  if not found then
    return;
  end if;
  ${insertOnce(
    `insert into ${finance}.transactions (
    user_id, account_id, date, merchant, amount, currency, category, description, is_subscription, source, idempotency_key, reverses_id
  )
  values (
    p_user_id, v_original.account_id, coalesce(p_date, (now() at time zone 'utc')::date), v_original.merchant,
    -v_original.amount, v_original.currency, v_original.category, coalesce(p_description, ''), v_original.is_subscription,
    coalesce(p_source, 'manual'), p_idempotency_key, p_id
  )`,
    `select t.* into v from ${finance}.transactions t
    where t.user_id = p_user_id and t.idempotency_key = p_idempotency_key;`,
  )}
  if v.amount < 0 and p_overdraw is not true then
    ${refuseOverdraft(finance, 'v.user_id', 'v.account_id')}
  end if;
  return next v;
end
$$`,
    `comment on function ${finance}.reverse_transaction is
  'Takes a posted transaction back by a new one of the opposite amount. A known p_idempotency_key gives the row it was used for.'`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.reverse_transaction`,
    `drop function ${finance}.release_hold`,
    `drop function ${finance}.settle_hold`,
    `drop function ${finance}.move_money`,
    `drop trigger transactions_reverses_opposite on ${finance}.transactions`,
    `drop function ${finance}.check_reversal()`,
  ],
}
