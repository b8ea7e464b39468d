import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { html } from '../../src/cli/report/html.js'
import { page } from '../../src/cli/report/page.js'
import { userPage } from '../../src/cli/report/user-page.js'
import { hostile, sampleReport } from './report-samples.js'

const render = (report = sampleReport()) => page(`The money of ${report.user.name}`, 'a subtitle', userPage(report))
const scripts = (text: string) => [...text.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)

describe('the page of a report', () => {
  test('escapes whatever comes from outside, in text and in attributes', async () => {
    const text = await render()

    expect(html`<b title="${hostile}">${hostile}</b>`.text).toBe(`<b title="${escaped}">${escaped}</b>`)
    expect(text).not.toContain('<img')
    expect(text).toContain(`<h1>The money of ${escaped}</h1>`)
    expect(text.match(/<script/g)).toHaveLength(2)
    expect(text.match(/<\/script/g)).toHaveLength(2)
  })

  test('allows its own scripts and style by their digests, and nothing else', async () => {
    const text = await render()
    const policy = text.match(/Content-Security-Policy" content="([^"]*)"/)?.[1]?.replaceAll('&#39;', "'") ?? ''
    const style = text.match(/<style>(.*?)<\/style>/s)?.[1] ?? ''

    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    expect(policy).not.toContain('http')
    for (const own of [...scripts(text), style]) {
      expect(own.length).toBeGreaterThan(1000)
      expect(policy).toContain(`'sha256-${createHash('sha256').update(own).digest('base64')}'`)
    }
    expect(text).not.toMatch(/\sstyle=/)
    expect(text).not.toMatch(/\son\w+="/)
  })

  test('refers to no other file', async () => {
    const text = scripts(await render()).reduce((rest, script) => rest.replace(script, ''), await render())
    const references = [...text.matchAll(/\s(?:src|href|action|srcset)="([^"]*)"/g)].map(([, to]) => to)

    expect(references).toEqual(['data:,'])
    expect(await render()).not.toContain('sourceMappingURL')
  })

  test('writes amounts from their digits, which no JavaScript number could hold', async () => {
    const text = await render()

    expect(text).toContain('$90,071,992,547,409.93')
    expect(text).toContain('+$90,071,992,546,175.43')
    expect(text).toContain('-$150.00')
    expect(text).toContain('€10.00')
    expect(text).toContain('2026-01-04</time>: $15.49 → $17.99')
  })

  test('has one currency in a chart, and one table at least for each', async () => {
    const text = await render()
    const drawn = [...text.matchAll(/data-chart="([^"]*)"/g)].map(([, json = '']) => JSON.parse(unescaped(json)))

    expect(drawn).toHaveLength(5)
    expect(drawn.map(({ currency }) => currency)).toEqual(['USD', 'EUR', 'USD', 'USD', 'USD'])
    expect(drawn[1].series.map(({ values }: { values: number[] }) => values)).toEqual([
      [0, 0],
      [10, 0],
      [-10, 0],
    ])
    expect(drawn[2].labels).toEqual([hostile])
    expect([...text.matchAll(/<caption>/g)].length).toBeGreaterThanOrEqual(drawn.length)
  })

  test('says so where there is nothing', async () => {
    const nothing = {
      cashFlow: [],
      categories: [],
      accounts: [],
      netWorth: [],
      subscriptions: [],
      personas: [],
      signals: [],
    }
    const text = await render(sampleReport(nothing))

    expect(text).not.toContain('<canvas')
    expect([...text.matchAll(/class="none"/g)]).toHaveLength(6)
  })

  test('says when persona and signals are of another day', async () => {
    const { signals } = sampleReport()
    const of = (as_of: string) => signals.map((signal) => ({ ...signal, signal_value: { as_of } }))
    const told = 'not as of the last day of this page'

    expect(await render(sampleReport({ signals: of('2026-02-27') }))).toContain(told)
    expect(await render(sampleReport({ signals: of('2026-02-28') }))).not.toContain(told)
  })
})

const escaped =
  '&lt;/script&gt;&lt;img src=&quot;https://example.com/x&quot; onerror=&quot;globalThis.pwned=1&quot;&gt;&#39;&quot;&amp;&lt;!--'

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
