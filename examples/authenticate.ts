import { generateKeyPairSync } from 'node:crypto'
import { createFinanceDb, migrate } from '@org/finance-db'
import { createTokens, logIn, logOut, refresh, register, requireRole } from '@org/finance-db/auth'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const { privateKey } = generateKeyPairSync('ed25519') // yours comes from where your secrets are
const tokens = createTokens({
  issuer: 'https://bank.example.org',
  audience: 'app',
  keys: () => [{ id: '2026-03', key: privateKey }], // the first signs, all verify
})

const joan = { email: 'joan@example.org', password: 'a long walk in the rain' }
await register(db, joan)

// Log in: an access token for minutes, and a refresh token for days.
const session = await logIn(db, joan, { clientKey: '192.0.2.1', client: 'Firefox on Linux' })
const accessToken = await tokens.issue(session)

// On every request.
const who = await tokens.authenticate(accessToken)
requireRole(who, 'consumer', 'admin')
console.log(who.userId === session.userId, who.role) // true consumer

// When it has expired: the refresh token is good once and brings the next.
const next = await refresh(db, session.refreshToken)
console.log(next.sessionId === session.sessionId) // true

const wrong = logIn(db, { email: 'joan@example.org', password: 'a short walk in the sun' })
await wrong.catch((error) => console.log(error.code)) // INVALID_CREDENTIALS

await logOut(db, next.refreshToken)
await db.destroy()
