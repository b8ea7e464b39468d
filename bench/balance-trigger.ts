import { sql } from 'kysely'
import { transactions } from '../src/index.js'
import { compare, timed } from './compare.js'
import { benchRows, createPeople } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

const [people, accountsEach] = [1000, 2]

const setBased = `create or replace function finance.post_inserted() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update finance.accounts a set balance = a.balance + delta.amount
  from (
    select t.user_id, t.account_id, sum(t.amount) as amount from inserted t where t.status = 'posted' group by 1, 2
  ) delta
  where a.user_id = delta.user_id and a.id = delta.account_id and delta.amount <> 0;
  return null;
end $$`

const perRow = [
  'drop trigger transactions_post_inserted on finance.transactions',
  `create function finance.post_one() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update finance.accounts a set balance = a.balance + new.amount where a.user_id = new.user_id and a.id = new.account_id;
  return null;
end $$`,
  `create trigger transactions_post_one after insert on finance.transactions
  for each row when (new.status = 'posted' and new.amount <> 0) execute function finance.post_one()`,
]

const variants: Readonly<Record<string, readonly string[]>> = {
  'no trigger': ['drop trigger transactions_post_inserted on finance.transactions'],
  'a statement, by account (ours)': [],
  'a statement, one update': [setBased],
  'each row': perRow,
}

/** What keeping the balances costs on bulk insert, by the kind of trigger: one insert of rows that are in the server already. */
export async function balanceTrigger(bench: Bench): Promise<void> {
  const count = Math.min(bench.rows, 150_000)
  await using template = await freshDatabase(bench)
  await createPeople(template.db, people, accountsEach)
  await transactions.import(template.db, benchRows(count, people, accountsEach))
  await query(
    template.url,
    `create table public.incoming as
       select user_id, account_id, date, merchant, amount, currency, description from finance.transactions order by created_at, id`,
    'drop trigger transactions_not_truncated on finance.transactions',
    'truncate finance.transactions',
  )
  await template.close()

  await compare({
    title: `insert of ${count.toLocaleString('en')} rows into ${people * accountsEach} accounts, by the trigger for balances`,
    rounds: 5,
    operations: count,
    reference: 'no trigger',
    candidates: Object.fromEntries(
      Object.entries(variants).map(([name, statements]) => [
        name,
        async () => {
          await using database = await freshDatabase(bench, template.name)
          await query(database.url, ...statements)
          return await timed(() =>
            sql`
              insert into finance.transactions (user_id, account_id, date, merchant, amount, currency, description)
              select user_id, account_id, date, merchant, amount, currency, description from public.incoming
            `.execute(database.db),
          )
        },
      ]),
    ),
  })
}
