import { raise } from './raise.js'
import type { SqlMigration } from './shape.js'

/** Each transfer that is asked for, with where it stands in the list, from 0, and what its accounts make of it. */
const wanted = (finance: string) => `select w.*, f.currency as from_currency, t.currency as to_currency,
      f.status = 'active' and t.status = 'active' as active,
      case when f.currency = t.currency then coalesce(w.to_amount, w.amount)
        else coalesce(w.to_amount, ${finance}.round_half_even(w.amount * w.rate, ${finance}.minor_units(t.currency)))
      end as arrives,
      case when f.currency = t.currency then w.rate
        else coalesce(w.rate, round(w.to_amount / w.amount, 10))
      end as final_rate
    from (${listed}) w
    left join ${finance}.accounts f on f.user_id = w.user_id and f.id = w.from_account_id
    left join ${finance}.accounts t on t.user_id = w.user_id and t.id = w.to_account_id`

const listed = `select l.*, l.place - 1 as index from rows from (json_to_recordset(p_transfers) as (
        user_id uuid, id uuid, from_account_id uuid, to_account_id uuid, amount numeric, to_amount numeric, rate numeric,
        rate_source text, date date, memo text, idempotency_key text
      )) with ordinality as l (user_id, id, from_account_id, to_account_id, amount, to_amount, rate, rate_source, date, memo,
        idempotency_key, place)`

export const manyTransfers: SqlMigration = {
  name: '0037_many_transfers',
  up: ({ finance }) => [
    // A list costs half of its transfers one by one (docs/decisions/0078). The settings keep a plan that was cached while
    // the tables were small from being a scan of them when they are not.
    `create function ${finance}.transfer_many(p_transfers json) returns setof ${finance}.transfers
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_made ${finance}.transfers[];
  v_index bigint;
  v_key record;
  v record;
begin
  with made as (
    insert into ${finance}.transfers as f (
      user_id, id, from_account_id, from_amount, from_currency, to_account_id, to_amount, to_currency, rate, rate_source,
      date, memo, status, idempotency_key
    )
    select w.user_id, coalesce(w.id, ${finance}.uuid_v7()), w.from_account_id, w.amount, w.from_currency, w.to_account_id,
      w.arrives, w.to_currency, w.final_rate, w.rate_source, coalesce(w.date, (now() at time zone 'utc')::date),
      coalesce(w.memo, ''), 'completed', w.idempotency_key
    from (${wanted(finance)} order by w.index) w
    where w.active and w.arrives is not null
    on conflict do nothing
    returning f
  )
  select array_agg(m.f) into v_made from made m;

  if coalesce(cardinality(v_made), 0) < json_array_length(p_transfers) then
    -- those whose key is known are given as they are
    for v in
      select w.* from (${wanted(finance)}) w
      where not exists (
        select from ${finance}.transfers f where f.user_id = w.user_id and f.idempotency_key = w.idempotency_key
      )
      order by w.index
    loop
      v_index := v.index;
      if v.from_currency is null then
        ${raise('foreign_key_violation', finance, ['transfers', 'transfers_from_account_id_fkey'], 'The account to take from does not exist for this user.', 'v_index')}
      elsif v.to_currency is null then
        ${raise('foreign_key_violation', finance, ['transfers', 'transfers_to_account_id_fkey'], 'The account to give to does not exist for this user.', 'v_index')}
      elsif v.arrives is null then
        ${raise('check_violation', finance, ['transfers', 'transfers_rate_check'], 'Between two currencies a transfer needs a rate and its source.', 'v_index')}
      elsif not v.active then
        ${raise('check_violation', finance, ['accounts', 'accounts_active'], 'The account is frozen or closed: nothing is posted or held.', 'v_index')}
      elsif exists (select from ${finance}.transfers f where f.user_id = v.user_id and f.id = v.id) then
        ${raise('unique_violation', finance, ['transfers', 'transfers_pkey'], 'There is a transfer with this id.', 'v_index')}
      end if;
      -- what stood in the way is gone again
      raise exception using errcode = 'serialization_failure', message = 'Another transaction got in the way.';
    end loop;
  end if;

  insert into ${finance}.transactions (
    user_id, account_id, date, merchant, amount, currency, category, description, source, transfer_id
  )
  select m.user_id, s.account_id, m.date, 'Transfer', s.amount, s.currency, 'transfer', m.memo, 'transfer', m.id
  from unnest(v_made) m
  cross join lateral (values
    (m.from_account_id, -m.from_amount, m.from_currency), (m.to_account_id, m.to_amount, m.to_currency)
  ) s (account_id, amount, currency);

  -- What was available after each, had they been made one after the other.
  select s.user_id, s.idempotency_key into v_key
  from (
    select m.user_id, m.idempotency_key, m.ordinality, m.amount,
      a.available - coalesce(sum(m.amount) over (
        partition by m.user_id, m.account_id order by m.ordinality rows between 1 following and unbounded following
      ), 0) as left_over
    from (
      select m.user_id, m.idempotency_key, m.ordinality, s.account_id, s.amount
      from unnest(v_made) with ordinality m
      cross join lateral (values (m.from_account_id, -m.from_amount), (m.to_account_id, m.to_amount)) s (account_id, amount)
    ) m
    join ${finance}.accounts a on a.user_id = m.user_id and a.id = m.account_id
  ) s
  where s.amount < 0 and s.left_over < 0
  order by s.ordinality
  limit 1;
  if found then
    select l.index into v_index from (${listed}) l
    where l.user_id = v_key.user_id and l.idempotency_key = v_key.idempotency_key;
    ${raise('check_violation', finance, ['accounts', 'accounts_available'], 'The account does not have that much available.', 'v_index')}
  end if;

  return query
    select f.* from (${listed}) l
    join ${finance}.transfers f on f.user_id = l.user_id and f.idempotency_key = l.idempotency_key
    order by l.index;
end
$$`,
    `comment on function ${finance}.transfer_many is
  'Moves money between accounts of people as transfer does with each of a list, one after the other, but all or none and at once.'`,
  ],
  down: ({ finance }) => [`drop function ${finance}.transfer_many`],
}
