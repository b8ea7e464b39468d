import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createFinanceDb, migrate } from '@org/finance-db'
import { drain, healthHandlers } from '@org/finance-db/health'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)
const health = healthHandlers(db, { basePath: '/api/health' })

// Hono, Deno and Bun take it as it is; for Next see docs/operations.md.
const hono = new Hono().all('/api/health/*', (c) => health.handle(c.req.raw))
const answer = await hono.request('/api/health/readiness')
console.log(answer.status, await answer.text()) // 200 {"status":"ready","reasons":[]}

// Express
const app = express().get(/^\/api\/health/, async (request, reply) => {
  const answer = await health.handle(new Request(`http://localhost${request.originalUrl}`))
  reply
    .status(answer.status)
    .type('json')
    .send(await answer.text())
})
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
console.log((await fetch(`http://127.0.0.1:${port}/api/health/detailed`)).status) // 200

// Fastify
const fast = fastify().get('/api/health/*', async (request, reply) => {
  const answer = await health.handle(new Request(`http://localhost${request.url}`))
  return reply
    .code(answer.status)
    .type('application/json')
    .send(await answer.text())
})
console.log((await fast.inject('/api/health/liveness')).statusCode) // 200

// The orderly end, for `process.once('SIGTERM', …)`: first no more requests, then what runs, then the connections.
const ended = drain(db, { graceMs: 200, timeoutMs: 10_000 })
console.log((await fast.inject('/api/health/readiness')).body) // {"status":"not-ready","reasons":["draining"]}
console.log(await ended) // { cut: 0 }
await fast.close()
server.close()
