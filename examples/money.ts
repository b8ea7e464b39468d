import {
  accounts,
  createFinanceDb,
  InsufficientFundsError,
  migrate,
  p2pTransfers,
  transactions,
  transfers,
  users,
} from '@org/finance-db'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const { id: user_id } = await users.create(db, { email: 'emmy@example.org' })
const open = { user_id, account_type: 'checking', name: 'Everyday' } as const
const checking = await accounts.create(db, { ...open, opening_balance: '500.00', credit_limit: '100.00' })
const savings = await accounts.create(db, { ...open, name: 'Trip to Rome', currency: 'EUR' })
const money = async () => {
  const { balance, held, available } = await accounts.get(db, user_id, checking.id)
  return `${balance} held ${held} available ${available}`
}

// Move money now, if it is there. The key makes a retry safe.
const shop = { user_id, account_id: checking.id, date: '2026-03-01', merchant: 'Bookshop' }
const paid = await transactions.post(db, { ...shop, amount: '-50.00', idempotency_key: 'order-7' })
await transactions.post(db, { ...shop, amount: '-50.00', idempotency_key: 'order-7' }) // the same one again
const refused = await transactions.post(db, { ...shop, amount: '-551.00' }).catch((error: unknown) => error)
console.log(refused instanceof InsufficientFundsError) // true

// Hold it first, and take what it comes to.
const hotel = await transactions.hold(db, { ...shop, merchant: 'Hotel', amount: '-200.00' })
console.log(await money()) // 450.0000 held 200.0000 available 350.0000
await transactions.settle(db, user_id, hotel.id, { amount: '-180.00' }) // or release
console.log(await money()) // 270.0000 held 0.0000 available 370.0000

// A mistake is taken back by a new row.
const reversal = await transactions.reverse(db, user_id, paid.id)
console.log(reversal.amount, reversal.reverses_id === paid.id) // 50.0000 true

// Between own accounts, both sides at once, at a rate that says where it comes from.
const saved = await transfers.create(db, {
  user_id,
  from_account_id: checking.id,
  to_account_id: savings.id,
  amount: '100.00',
  rate: '0.92345',
  rate_source: 'ECB 2026-03-02',
  idempotency_key: 'march',
})
console.log(saved.to_amount, saved.residue) // 92.3400 0.00500000000000

// Many at once: `transfers.createMany` takes a list, all or none. A server gathers what its callers ask for at the same time;
// each has an answer of its own.
const vault = await accounts.create(db, { ...open, name: 'Vault' })
const move = transfers.inBatches(db)
const spare = { user_id, from_account_id: checking.id, to_account_id: vault.id, amount: '1.00' }
const answers = await Promise.all(['mon', 'tue', 'wed'].map((day) => move({ ...spare, idempotency_key: day })))
console.log(answers.length, (await accounts.get(db, user_id, vault.id)).balance) // 3 3.0000

// To another person, who accepts or declines.
const { id: friend } = await users.create(db, { email: 'lise@example.org' })
const theirs = await accounts.create(db, { ...open, user_id: friend })
const sent = await p2pTransfers.send(db, {
  user_id,
  from_account_id: checking.id,
  recipient_id: friend,
  amount: '20.00',
  memo: 'pizza',
  idempotency_key: 'pizza',
})
await p2pTransfers.accept(db, friend, sent.id, { to_account_id: theirs.id })
console.log((await accounts.get(db, friend, theirs.id)).balance) // 20.0000

// What it was on a day, and against the statement of the bank.
console.log(await accounts.balanceAsOf(db, user_id, checking.id, { day: '2026-02-28' })) // 500.0000
const { reconciled, first_difference } = await accounts.reconcile(db, user_id, checking.id, {
  rows: [{ date: '2026-03-01', amount: '-50.00' }],
})
console.log(reconciled, first_difference?.kind) // false unexpected
await db.destroy()
