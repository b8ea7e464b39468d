import { insertOnce, raise, refuseOverdraft } from './raise.js'
import type { SqlMigration } from './shape.js'

/**
 * With a guard they run as the owner, since who takes or declines touches rows of the sender that row-level security may hide:
 * the guard sees to it that nobody decides for another.
 */
export const acceptP2p = (finance: string, guard?: string) => `create or replace function ${finance}.accept_p2p(
  p_recipient_id uuid, p_id uuid, p_to_account_id uuid, p_rate numeric, p_rate_source text, p_date date
) returns setof ${finance}.p2p_transfers
language plpgsql${guard === undefined ? '' : ' security definer'}
set search_path = pg_catalog, pg_temp
as $$
declare
  v ${finance}.p2p_transfers;
  v_currency text := (
    select a.currency from ${finance}.accounts a where a.user_id = p_recipient_id and a.id = p_to_account_id);
  v_date date := coalesce(p_date, (now() at time zone 'utc')::date);
  v_amount numeric;
begin
${guard ?? ''}  select p.* into v from ${finance}.p2p_transfers p where p.recipient_id = p_recipient_id and p.id = p_id for no key update;
  if not found then
    return;
  end if;
  if v.status <> 'pending' then
    return next v;
    return;
  end if;
  if v_currency is null then
    ${raise('foreign_key_violation', finance, ['p2p_transfers', 'p2p_transfers_to_account_id_fkey'], 'The account to give to does not exist for the recipient.')}
  elsif v_currency <> v.currency and p_rate is null then
    ${raise('check_violation', finance, ['p2p_transfers', 'p2p_transfers_rate_check'], 'Between two currencies a transfer needs a rate and its source.')}
  end if;
  v_amount := case when v_currency = v.currency then v.amount
    else ${finance}.round_half_even(v.amount * p_rate, ${finance}.minor_units(v_currency)) end;
  perform from ${finance}.accounts a
  where (a.user_id, a.id) in ((v.user_id, v.from_account_id), (p_recipient_id, p_to_account_id))
  order by a.user_id, a.id
  for no key update;
  update ${finance}.p2p_transfers p
  set status = 'accepted', to_account_id = p_to_account_id, to_amount = v_amount, to_currency = v_currency, rate = p_rate,
    rate_source = p_rate_source
  where p.user_id = v.user_id and p.id = v.id
  returning p.* into v;
  update ${finance}.transactions t set status = 'posted', posted_at = now(), date = v_date
  where t.user_id = v.user_id and t.p2p_transfer_id = v.id and t.status = 'pending'
    and t.account_id = v.from_account_id and t.amount = -v.amount;
  if not found then
    ${raise('check_violation', finance, ['p2p_transfers', 'p2p_transfers_held'], 'The money that was held for the transfer is not there.')}
  end if;
  insert into ${finance}.transactions (
    user_id, account_id, date, merchant, amount, currency, category, description, source, p2p_transfer_id
  )
  values (p_recipient_id, p_to_account_id, v_date, 'Transfer', v.to_amount, v.to_currency, 'p2p', v.memo, 'p2p', v.id);
  return next v;
end
$$`

export const endP2p = (
  finance: string,
  guard?: string,
) => `create or replace function ${finance}.end_p2p(p_user_id uuid, p_recipient_id uuid, p_id uuid, p_status text)
returns setof ${finance}.p2p_transfers
language plpgsql${guard === undefined ? '' : ' security definer'}
set search_path = pg_catalog, pg_temp
as $$
declare
  v ${finance}.p2p_transfers;
begin
${guard ?? ''}  if p_status is null or p_status <> all (case when p_user_id is null then array['declined'] else array['cancelled', 'failed'] end) then
    ${raise('check_violation', finance, ['p2p_transfers', 'p2p_transfers_ended_by'], 'The recipient declines what was sent; the sender cancels it or says that it failed.')}
  end if;
  if p_user_id is null then
    select p.* into v from ${finance}.p2p_transfers p where p.recipient_id = p_recipient_id and p.id = p_id for no key update;
  else
    select p.* into v from ${finance}.p2p_transfers p where p.user_id = p_user_id and p.id = p_id for no key update;
  end if;
  if not found then
    return;
  end if;
  if v.status <> 'pending' then
    return next v;
    return;
  end if;
  perform from ${finance}.accounts a where a.user_id = v.user_id and a.id = v.from_account_id for no key update;
  update ${finance}.p2p_transfers p set status = p_status where p.user_id = v.user_id and p.id = v.id returning p.* into v;
  update ${finance}.transactions t set status = 'released'
  where t.user_id = v.user_id and t.p2p_transfer_id = v.id and t.status = 'pending';
  return next v;
end
$$`

/** Whoever decides locks the transfer first, then accounts in id order, then rows of transactions. */
export const p2p: SqlMigration = {
  name: '0036_p2p',
  up: ({ finance }) => [
    `create function ${finance}.send_p2p(
  p_user_id uuid, p_id uuid, p_from_account_id uuid, p_recipient_id uuid, p_amount numeric, p_currency text, p_date date, p_memo text,
  p_idempotency_key text
) returns setof ${finance}.p2p_transfers
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_currency text := coalesce(p_currency, (
    select a.currency from ${finance}.accounts a where a.user_id = p_user_id and a.id = p_from_account_id));
  v ${finance}.p2p_transfers;
begin
  if v_currency is null then
    ${raise('foreign_key_violation', finance, ['p2p_transfers', 'p2p_transfers_from_account_id_fkey'], 'The account to take from does not exist for this user.')}
  end if;
  ${insertOnce(
    `insert into ${finance}.p2p_transfers (user_id, id, from_account_id, recipient_id, amount, currency, memo, idempotency_key)
  values (
    p_user_id, coalesce(p_id, ${finance}.uuid_v7()), p_from_account_id, p_recipient_id, p_amount, v_currency,
    coalesce(p_memo, ''), p_idempotency_key
  )`,
    `select p.* into v from ${finance}.p2p_transfers p where p.user_id = p_user_id and p.idempotency_key = p_idempotency_key;`,
  )}
  insert into ${finance}.transactions (
    user_id, account_id, date, posted_at, merchant, amount, currency, category, description, status, source, p2p_transfer_id
  )
  values (
    v.user_id, v.from_account_id, coalesce(p_date, (now() at time zone 'utc')::date), null, 'Transfer', -v.amount, v.currency,
    'p2p', v.memo, 'pending', 'p2p', v.id
  );
  ${refuseOverdraft(finance, 'v.user_id', 'v.from_account_id')}
  return next v;
end
$$`,
    `comment on function ${finance}.send_p2p is
  'Offers money to another person and holds it on the account of the sender. A known p_idempotency_key gives the transfer it was used for.'`,
    acceptP2p(finance),
    `comment on function ${finance}.accept_p2p is
  'Takes what was sent: posts what is held on the account of the sender and gives it to an account of the recipient. One that was decided before is given as it is.'`,
    endP2p(finance),
    `comment on function ${finance}.end_p2p is
  'Declines (by the recipient), or cancels or fails (by the sender), what was sent, and lets the money go. One that was decided before is given as it is.'`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.end_p2p`,
    `drop function ${finance}.accept_p2p`,
    `drop function ${finance}.send_p2p`,
  ],
}
