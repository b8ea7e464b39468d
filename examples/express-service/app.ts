/** A service as hosts write them: it takes a pool, has tables and transactions of its own, and uses ours beside them. */
import { accounts, createFinanceDb, InvalidInputError, transaction, transactions } from '@org/finance-db'
import express, { type Express } from 'express'
import type pg from 'pg'

export function createApp(pool: pg.Pool): Express {
  const db = createFinanceDb({ pool })
  const app = express().use(express.json())

  app.get('/users/:user/accounts', async ({ params: { user } }, response) => {
    response.json((await accounts.list(db, user)).rows)
  })

  // Our movement and the host's own row, both or neither.
  app.post('/users/:user/accounts/:account/purchases', async ({ params: { user, account }, body }, response) => {
    try {
      const purchase = await transaction(db, (trx) =>
        transactions.create(trx, { user_id: user, account_id: account, ...body }),
      )
      response.status(201).json(purchase)
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error
      response.status(400).json({ issues: error.issues })
    }
  })

  // Plain pg, with a transaction by text, as older code has it.
  app.post('/notes', async ({ body }, response) => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      const { rows } = await client.query('insert into public.notes (text) values ($1) returning id', [body.text])
      if (body.text === '') throw new Error('A note needs a text.')
      await client.query('commit')
      response.status(201).json(rows[0])
    } catch (error) {
      await client.query('rollback')
      response.status(422).json({ error: error instanceof Error ? error.message : 'unknown' })
    } finally {
      client.release()
    }
  })
  return app
}

/** The service's own migration. */
export async function migrateOwnTables(pool: pg.Pool): Promise<void> {
  await pool.query('create table public.notes (id int generated always as identity primary key, text text not null)')
}
