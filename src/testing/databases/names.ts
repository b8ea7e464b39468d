import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { isAlive } from '../is-alive.js'

const prefix = 'finance_db_test'
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 6)
const dayMs = 86_400_000

/** The beginning of the names of one run's databases. It says who made them: machine, process and when. */
export function newRunName(): string {
  return `${prefix}_${host}_${process.pid}_${Date.now().toString(36)}`
}

/** Whether a database was made by a run that is over: its process is gone, or, on another machine, a day has passed. */
export function isAbandoned(database: string, now = Date.now()): boolean {
  const [, onHost, pid, time] = /^finance_db_test_([0-9a-f]{6})_(\d+)_([0-9a-z]{8})(?:_|$)/.exec(database) ?? []
  if (onHost === undefined || time === undefined) return false
  const ageMs = now - Number.parseInt(time, 36)
  return onHost === host ? !isAlive(Number(pid)) : ageMs > dayMs
}
