import { accounts, createFinanceDb, type Database, migrate, transaction, transactions, users } from '@org/finance-db'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'

interface Shop {
  orders: { id: number; user_id: string; transaction_id: string }
}

// The host's own Kysely, with its tables and ours.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
pool.on('error', (error) => console.error(error.message)) // without it, an idle connection that dies ends the process
const db = createFinanceDb({ kysely: new Kysely<Shop & Database>({ dialect: new PostgresDialect({ pool }) }) })
await migrate(db, {
  migrations: [
    {
      name: 'shop_0001_orders',
      up: ({ finance }) => [
        `create table orders (
          id int primary key, user_id uuid not null, transaction_id uuid not null,
          constraint orders_transaction_fkey foreign key (user_id, transaction_id) references ${finance}.transactions (user_id, id)
        )`,
      ],
      down: () => ['drop table orders'],
    },
  ],
})

const buyer = await users.create(db, { email: 'grace@example.org' })
const account = await accounts.create(db, { user_id: buyer.id, account_type: 'checking', name: 'Main' })

// Both rows or none. Run again on a serialization failure or a deadlock.
await transaction(
  db,
  async (trx) => {
    const payment = await transactions.create(trx, {
      user_id: buyer.id,
      account_id: account.id,
      date: '2026-03-01',
      merchant: 'Our shop',
      amount: '-49.90',
      idempotency_key: 'order-1', // sent again, it is written once
    })
    await trx.insertInto('orders').values({ id: 1, user_id: buyer.id, transaction_id: payment.id }).execute()
  },
  { isolationLevel: 'serializable' },
)

const orders = await db
  .selectFrom('orders')
  .innerJoin('finance.transactions as t', (join) =>
    join.onRef('t.user_id', '=', 'orders.user_id').onRef('t.id', '=', 'orders.transaction_id'),
  )
  .select(['orders.id', 't.amount', sql<string>`to_char(t.date, 'YYYY-MM-DD')`.as('date')])
  .execute()
console.log(orders) // [ { id: 1, amount: '-49.9000', date: '2026-03-01' } ]
await db.destroy()
await pool.end()
