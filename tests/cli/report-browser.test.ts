import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { page } from '../../src/cli/report/page.js'
import { populationPage } from '../../src/cli/report/population-page.js'
import { userPage } from '../../src/cli/report/user-page.js'
import { hostile, sampleReport } from './report-samples.js'
import { temporaryDirectory } from './support.js'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env.CHROMIUM_PATH ?? places.find((path) => existsSync(path))

interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Errors, warnings and requests, but for the page itself. */
  readonly noise: readonly string[]
}

describe('a report in Chromium', () => {
  let browser: Browser

  beforeAll(async () => {
    if (executablePath === undefined) return
    // A container's root has no sandbox; the page is ours.
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  })
  beforeEach((context) => {
    context.skip(executablePath === undefined, 'there is no Chromium: apt-get install chromium, or set CHROMIUM_PATH')
  })
  afterAll(() => browser?.close())

  async function open(text: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Opened> {
    const directory = await temporaryDirectory()
    const file = join(directory.path, 'report.html')
    await writeFile(file, text)
    const url = pathToFileURL(file).href
    const opened = await browser.newPage({ colorScheme })
    const noise: string[] = []
    opened.on('console', (message) => noise.push(`${message.type()}: ${message.text()}`))
    opened.on('pageerror', (error) => noise.push(String(error)))
    opened.on('request', (request) => {
      if (request.url() !== url) noise.push(`asked for ${request.url()}`)
    })
    await opened.goto(url)
    return {
      page: opened,
      noise,
      async [Symbol.asyncDispose]() {
        await opened.close()
        await directory[Symbol.asyncDispose]()
      },
    }
  }

  const render = () => page('A report', 'of some days', userPage(sampleReport()))

  test('draws every chart, in either scheme, and asks for nothing', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await using opened = await open(await render(), scheme)

      expect(await inks(opened.page)).toEqual([
        { drawn: true, colours: 3 },
        { drawn: true, colours: 3 },
        { drawn: true, colours: 1 },
        { drawn: true, colours: 1 },
        { drawn: true, colours: 2 },
      ])
      expect(opened.noise).toEqual([])
    }
  })

  test('shows hostile names as text and runs none of it', async () => {
    await using opened = await open(await render())

    expect(await opened.page.evaluate('globalThis.pwned')).toBeUndefined()
    expect(await opened.page.locator('img').count()).toBe(0)
    const table = opened.page.getByRole('table', { name: 'Spending by category, USD' })
    expect(await table.locator('tbody tr').allInnerTexts()).toEqual([`${hostile}\t$1,484.50\t7`])
  })

  test('does not run a script that somebody puts into it', async () => {
    const text = (await render()).replace(
      '</main>',
      '<script>globalThis.pwned = 1</script><img src="http://127.0.0.1:9/x"></main>',
    )
    await using opened = await open(text)

    expect(await opened.page.evaluate('globalThis.pwned')).toBeUndefined()
    expect(opened.noise.filter((line) => line.includes('Content Security Policy'))).toHaveLength(2)
  })

  test('has a table with the figures of each chart', async () => {
    await using opened = await open(await render())
    const rows = (name: string) => opened.page.getByRole('table', { name }).locator('tbody tr').allInnerTexts()

    expect(await rows('Cash flow by month, USD')).toEqual([
      '2026-01\t$90,071,992,547,409.93\t$1,234.50\t+$90,071,992,546,175.43',
      '2026-02\t$100.00\t$250.00\t-$150.00',
    ])
    expect(await rows('Cash flow by month, EUR')).toEqual([
      '2026-01\t€0.00\t€10.00\t-€10.00',
      '2026-02\t€0.00\t€0.00\t€0.00',
    ])
    expect(await rows('Balances at the end of each month, USD')).toEqual(['2026-01-31\t$200.25', '2026-02-28\t$300.25'])
  })

  test('can be read without seeing, and used without a mouse', async () => {
    await using opened = await open(await render())
    const { page: document } = opened

    expect(await document.locator('html').getAttribute('lang')).toBe('en')
    expect(await document.getByRole('heading', { level: 1 }).allInnerTexts()).toEqual(['A report'])
    const images = await document
      .getByRole('img')
      .evaluateAll((all) => all.map((image) => image.getAttribute('aria-label')))
    expect(images).toHaveLength(5)
    for (const name of images) expect(name).toMatch(/\w+ \w+/)
    expect(new Set(images).size).toBe(5)
    const cells = document.locator('thead th:not([scope=col]), tbody tr > :first-child:not([scope=row])')
    expect(await cells.count()).toBe(0)
    for (const region of await document.locator('.scroll').all()) {
      await region.focus()
      expect(await region.evaluate((element) => element.matches(':focus'))).toBe(true)
    }
    await document.locator('summary').first().press('Enter')
    expect(await document.locator('details').first().getAttribute('open')).toBeNull()
  })

  test('has enough contrast in either scheme', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await using opened = await open(await render(), scheme)
      const colour = (name: string) =>
        opened.page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--${name}')`).then(String)
      const [paper, card] = [await colour('page'), await colour('card')]

      for (const name of ['text', 'dim', 'accent']) {
        for (const behind of [paper, card]) expect(contrast(await colour(name), behind)).toBeGreaterThan(4.5)
      }
      for (let i = 1; i <= 8; i++) expect(contrast(await colour(`c${i}`), card)).toBeGreaterThan(3)
    }
  })

  test('does not scroll sideways on a telephone', async () => {
    await using opened = await open(await render())
    await opened.page.setViewportSize({ width: 390, height: 800 })

    const [inner, outer] = await opened.page
      .evaluate('[document.documentElement.scrollWidth, innerWidth]')
      .then((widths) => (Array.isArray(widths) ? widths.map(Number) : []))
    expect(inner).toBe(outer)
  })

  test('draws the population too', async () => {
    const body = populationPage({
      range: { from: '2026-01-01', to: '2026-01-31' },
      people: 12,
      accounts: [{ type: 'checking', accounts: 13, people: 12 }],
      window: '30d',
      signalsOf: '2026-02-28',
      personas: { shown: [{ name: 'savings_builder', people: 6 }], others: 6 },
      utilization: { shown: [], others: 0 },
      savings: { shown: [{ name: '1 to 3 months', people: 12 }], others: 0 },
      cashFlow: [
        { month: '2026-01', currency: 'USD', people: 12, income: '9.0000', spending: '4.0000', net: '5.0000' },
      ],
      categories: [{ category: 'groceries', currency: 'USD', people: 12, transactions: 20, spent: '4.0000' }],
    })
    await using opened = await open(await page('Everybody', '', body))

    expect((await inks(opened.page)).map(({ drawn }) => drawn)).toEqual([true, true, true, true])
    const shares = opened.page.getByRole('table', { name: 'People with each persona' }).locator('tbody tr')
    expect(await shares.allInnerTexts()).toEqual(['Savings builder\t6\t50.0 %', 'Others, in small groups\t6\t50.0 %'])
    expect(opened.noise).toEqual([])
  })
})

interface Ink {
  /** More of a colour of the palette than a legend has. */
  readonly drawn: boolean
  /** Of the palette, how many are on the canvas; those of the legend count. */
  readonly colours: number
}

/** What is on each canvas. */
async function inks(document: Page): Promise<Ink[]> {
  const found: unknown = await document.evaluate(`[...document.querySelectorAll('canvas')].map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const seen = new Map()
    for (let i = 0; i < data.length; i += 4) {
      const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2]
      if (data[i + 3] === 255) seen.set(colour, (seen.get(colour) ?? 0) + 1)
    }
    const style = getComputedStyle(document.documentElement)
    const palette = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => parseInt(style.getPropertyValue('--c' + i).trim().slice(1), 16))
    const found = palette.map((colour) => seen.get(colour) ?? 0)
    return { drawn: Math.max(...found) > 500, colours: found.filter((pixels) => pixels > 0).length }
  })`)
  return Array.isArray(found) ? found : []
}

/** Of two colours such as `#1b2430`, as WCAG has it. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.trim().slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
