/** Prints the last line of a CI run, from vitest's JSON report: how many tests passed, failed and were skipped. */
import { readFileSync } from 'node:fs'

interface Report {
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

const count = { passed: 0, failed: 0, skipped: 0 }
const text = readFileSync(process.argv[2] ?? '', 'utf8')
if (text === '') {
  count.failed = 1 // vitest ended before it ran anything, as when no server can be started
} else {
  const { testResults }: Report = JSON.parse(text)
  for (const { status: outcome, assertionResults } of testResults) {
    for (const { status } of assertionResults) {
      count[status === 'passed' || status === 'failed' ? status : 'skipped'] += 1
    }
    // A file that breaks outside of its tests must not look as if nothing had happened.
    if (outcome === 'failed' && !assertionResults.some(({ status }) => status === 'failed')) count.failed += 1
  }
}

const { passed, failed, skipped } = count
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
if (failed > 0) process.exitCode = 1
