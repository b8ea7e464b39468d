import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createGate } from '../../src/readonly/gate.js'

test('never lets more in at once than may be, in the order they came', async () => {
  const gate = createGate({ concurrency: 2, queue: 20, queueTimeoutMs: 10_000 })
  let [inside, most] = [0, 0]
  const order: number[] = []
  const visit = async (n: number) => {
    const leave = await gate.enter(undefined)
    order.push(n)
    most = Math.max(most, ++inside)
    await sleep(2)
    inside--
    leave()
  }
  await Promise.all(Array.from({ length: 12 }, (_, n) => visit(n)))
  await Promise.all(Array.from({ length: 12 }, (_, n) => visit(n + 12)))

  expect(most).toBe(2)
  expect(order).toEqual(Array.from({ length: 24 }, (_, n) => n))
})

test('lets nobody fill it for the others', async () => {
  const gate = createGate({ concurrency: 2, queue: 3, queueTimeoutMs: 10_000 })
  const order: string[] = []
  const visit = async (who: string) => {
    const leave = await gate.enter(undefined, who)
    order.push(who)
    return leave
  }
  const first = await Promise.all([visit('ada'), visit('ada')])
  const adas = ['ada', 'ada', 'ada'].map(visit)
  const refused = adas.map((visited) => visited.then(() => undefined).catch((error: unknown) => error))

  const bobs = visit('bob')

  expect(await refused[2]).toMatchObject({ limit: 'queue' })
  // Two of hers and one of his wait, which is as even as it gets.
  await expect(visit('bob')).rejects.toMatchObject({ limit: 'queue' })
  await expect(visit('ada')).rejects.toMatchObject({ limit: 'queue' })
  for (const leave of first) leave()
  for (const visited of [bobs, adas[0]]) (await visited)?.()
  await adas[1]
  expect(order).toEqual(['ada', 'ada', 'bob', 'ada', 'ada'])
})

test('forgets who gave up, and leaves those who did not in their places', async () => {
  const gate = createGate({ concurrency: 1, queue: 2, queueTimeoutMs: 150 })
  const stop = new AbortController()
  const leave = await gate.enter(undefined)
  const given = gate.enter(stop.signal)
  const waiter = gate.enter(undefined)
  await expect(gate.enter(undefined)).rejects.toMatchObject({ limit: 'queue' })
  stop.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')

  await sleep(80)
  const late = gate.enter(stop.signal.aborted ? undefined : stop.signal)
  leave()
  const leaveAgain = await waiter
  // The time of the one who gave up, and of the one who is in, is over by now.
  await sleep(90)
  leaveAgain()
  const last = await late
  last()
  await expect(gate.enter(undefined)).resolves.toBeTypeOf('function')
})
