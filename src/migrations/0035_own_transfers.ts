import { insertOnce, raise, refuseOverdraft } from './raise.js'
import type { SqlMigration } from './shape.js'

/** Both rows in one statement: the balance trigger locks their accounts in id order. */
function insertSides(finance: string, reversed: [from: string, to: string] = ['null', 'null']): string {
  const side = (account: string, amount: string, currency: string, reverses: string) =>
    `    (v.user_id, v.${account}, v.date, 'Transfer', ${amount}, v.${currency}, 'transfer', v.memo, 'transfer', v.id, ${reverses})`
  return `insert into ${finance}.transactions (
    user_id, account_id, date, merchant, amount, currency, category, description, source, transfer_id, reverses_id
  )
  values
${side('from_account_id', '-v.from_amount', 'from_currency', reversed[0])},
${side('to_account_id', 'v.to_amount', 'to_currency', reversed[1])};`
}

export const ownTransfers: SqlMigration = {
  name: '0035_own_transfers',
  up: ({ finance }) => [
    `create function ${finance}.transfer(
  p_user_id uuid, p_id uuid, p_from_account_id uuid, p_to_account_id uuid, p_amount numeric, p_to_amount numeric,
  p_rate numeric, p_rate_source text, p_date date, p_memo text, p_idempotency_key text
) returns setof ${finance}.transfers
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from_currency text;
  v_to_currency text;
  v_rate numeric := p_rate;
  v_to_amount numeric := p_to_amount;
  v ${finance}.transfers;
begin
  select max(a.currency) filter (where a.id = p_from_account_id), max(a.currency) filter (where a.id = p_to_account_id)
  into v_from_currency, v_to_currency
  from ${finance}.accounts a where a.user_id = p_user_id and a.id in (p_from_account_id, p_to_account_id);
  if v_from_currency is null then
    ${raise('foreign_key_violation', finance, ['transfers', 'transfers_from_account_id_fkey'], 'The account to take from does not exist for this user.')}
  elsif v_to_currency is null then
    ${raise('foreign_key_violation', finance, ['transfers', 'transfers_to_account_id_fkey'], 'The account to give to does not exist for this user.')}
  elsif v_from_currency = v_to_currency then
    v_to_amount := coalesce(v_to_amount, p_amount);
  elsif v_to_amount is not null then
    v_rate := coalesce(v_rate, round(v_to_amount / p_amount, 10));
  elsif v_rate is not null then
    v_to_amount := ${finance}.round_half_even(p_amount * v_rate, ${finance}.minor_units(v_to_currency));
  else
    ${raise('check_violation', finance, ['transfers', 'transfers_rate_check'], 'Between two currencies a transfer needs a rate and its source.')}
  end if;
  ${insertOnce(
    `insert into ${finance}.transfers (
    user_id, id, from_account_id, from_amount, from_currency, to_account_id, to_amount, to_currency, rate, rate_source,
    date, memo, status, idempotency_key
  )
  values (
    p_user_id, coalesce(p_id, ${finance}.uuid_v7()), p_from_account_id, p_amount, v_from_currency, p_to_account_id,
    v_to_amount, v_to_currency, v_rate, p_rate_source,
    coalesce(p_date, (now() at time zone 'utc')::date), coalesce(p_memo, ''), 'completed', p_idempotency_key
  )`,
    `select f.* into v from ${finance}.transfers f where f.user_id = p_user_id and f.idempotency_key = p_idempotency_key;`,
  )}
  ${insertSides(finance)}
  ${refuseOverdraft(finance, 'v.user_id', 'v.from_account_id')}
  return next v;
end
$$`,
    `comment on function ${finance}.transfer is
  'Moves money between two accounts of a person, both sides at once. Across currencies with p_rate, or p_to_amount as the bank gave it. A known p_idempotency_key gives the transfer it was used for.'`,
    `create function ${finance}.reverse_transfer(p_user_id uuid, p_id uuid, p_date date, p_memo text, p_idempotency_key text, p_overdraw boolean)
returns setof ${finance}.transfers
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_original ${finance}.transfers;
  v_rate numeric;
  v_from uuid;
  v_to uuid;
  v ${finance}.transfers;
begin
  select f.* into v_original from ${finance}.transfers f where f.user_id = p_user_id and f.id = p_id and f.status = 'completed';
  if not found then
    return;
  end if;
  if v_original.rate is not null then
    v_rate := round(v_original.from_amount / v_original.to_amount, 10);
  end if;
  ${insertOnce(
    `insert into ${finance}.transfers (
    user_id, from_account_id, from_amount, from_currency, to_account_id, to_amount, to_currency, rate, rate_source,
    date, memo, status, idempotency_key, reverses_id
  )
  values (
    p_user_id, v_original.to_account_id, v_original.to_amount, v_original.to_currency, v_original.from_account_id,
    v_original.from_amount, v_original.from_currency, v_rate, case when v_rate is not null then 'reversal' end,
    coalesce(p_date, (now() at time zone 'utc')::date), coalesce(p_memo, ''), 'completed', p_idempotency_key, p_id
  )`,
    `select f.* into v from ${finance}.transfers f where f.user_id = p_user_id and f.idempotency_key = p_idempotency_key;`,
  )}
  select t.id into strict v_from from ${finance}.transactions t
  where t.user_id = p_user_id and t.transfer_id = p_id and t.account_id = v.from_account_id;
  select t.id into strict v_to from ${finance}.transactions t
  where t.user_id = p_user_id and t.transfer_id = p_id and t.account_id = v.to_account_id;
  ${insertSides(finance, ['v_from', 'v_to'])}
  if p_overdraw is not true then
    ${refuseOverdraft(finance, 'v.user_id', 'v.from_account_id')}
  end if;
  return next v;
end
$$`,
    `comment on function ${finance}.reverse_transfer is
  'Takes a completed transfer back by a new one: the amounts of both sides return as they were, whatever the rate is now.'`,
  ],
  down: ({ finance }) => [`drop function ${finance}.reverse_transfer`, `drop function ${finance}.transfer`],
}
