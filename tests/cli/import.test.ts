import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { UsageError } from '../../src/cli/exit-codes.js'
import { layoutOf } from '../../src/cli/import-layout.js'
import * as accounts from '../../src/repositories/accounts.js'
import * as transactions from '../../src/repositories/transactions.js'
import * as users from '../../src/repositories/users.js'
import { type FreshDatabase, freshDatabase, test } from '../support.js'
import { cli, temporaryDirectory } from './support.js'

const statement = `Kontoauszug
Buchungstag;Empfänger;Betrag;Zweck
28.02.2026;Bäckerei am Markt;-1.017,22;Torte
01.03.2026;Arbeitgeber GmbH;2.450,00;Gehalt
01.03.2026;Bäckerei am Markt;-3,20;
`
const german = [
  '--delimiter',
  ';',
  '--date-format',
  'DD.MM.YYYY',
  '--decimal',
  ',',
  '--thousands',
  '.',
  '--skip-lines',
  '1',
]
const columns = ['date=Buchungstag', 'merchant=Empfänger', 'amount=Betrag', 'description=Zweck'].flatMap((map) => [
  '--map',
  map,
])

async function someone({ db }: FreshDatabase) {
  const user = await users.create(db, { email: 'ada@example.org', username: 'ada' })
  const account = await accounts.create(db, {
    user_id: user.id,
    account_type: 'checking',
    name: 'Giro',
    currency: 'EUR',
    opening_balance: '100',
  })
  return { user, account }
}

describe('the layout of a file', () => {
  test('is that of the flags, and of the JSON file where they are silent', () => {
    const flags = { map: ['date=Day', 'debit=Out', 'credit=In', 'category=Kind', 'currency=Code', 'external_id=Id'] }
    const more = { delimiter: 'tab', encoding: 'windows-1252', skipLastRows: 1 }
    const mapping = { merchant: 'Who', description: 'Why', amount: { column: 'Sum', decimal: ',' } }

    expect(layoutOf({ header: true, ...flags, ...more }, { skipLines: 2, header: false, mapping })).toMatchObject({
      ...{ delimiter: '\t', encoding: 'windows-1252', skipLines: 2, skipLastRows: 1, header: false },
      mapping: {
        ...{ merchant: 'Who', description: 'Why', category: 'Kind', currency: 'Code', external_id: 'Id' },
        date: { column: 'Day', format: 'YYYY-MM-DD' },
        amount: { debit: 'Out', credit: 'In', decimal: ',' },
      },
    })
  })

  test('says which way the money went', () => {
    const amount = (given: object, map: string[], invert?: true) =>
      layoutOf({ header: true, map, ...(invert && { invert }) }, { mapping: { amount: given } }).mapping.amount
    const defaults = { decimal: '.', invert: false }

    expect(amount({ decimal: ',' }, [])).toEqual({ ...defaults, decimal: ',', column: 'amount' })
    expect(amount({}, ['amount=1'], true)).toEqual({ ...defaults, column: '1', invert: true })
    expect(amount({ column: 'Sum', invert: true }, [])).toEqual({ ...defaults, column: 'Sum', invert: true })
    expect(amount({ debit: 3, credit: 2 }, [])).toEqual({ decimal: '.', debit: 3, credit: 2 })
    expect(amount({ debit: 3, credit: 2, decimal: ',' }, ['amount=Sum'])).toEqual({
      ...defaults,
      column: 'Sum',
      decimal: ',',
    })
    expect(amount({ debit: 3, credit: 2 }, ['credit=In'])).toEqual({ decimal: '.', debit: 3, credit: 'In' })
    expect(amount({ debit: 3, credit: 2 }, ['debit=Out'])).toEqual({ decimal: '.', debit: 'Out', credit: 2 })
    expect(() => amount({}, ['amount=Sum', 'debit=Out', 'credit=In'])).toThrow(UsageError)
  })

  test('knows rows by their contents, by a column, or not at all', () => {
    const id = (...map: string[]) => layoutOf({ header: false, map: ['date=0', 'amount=1', ...map] }, {}).mapping

    expect(id()).toMatchObject({ external_id: 'hash', date: { column: 0 }, amount: { column: 1 } })
    expect(id('external_id=2')).toHaveProperty('external_id', 2)
    expect(id('external_id=none')).not.toHaveProperty('external_id')
    for (const wrong of ['colour=red', 'merchant=', '=red', 'dates']) expect(() => id(wrong)).toThrow(UsageError)
  })
})

describe('finance-db import', { timeout: 60_000 }, () => {
  test('takes a file from stdin once, whatever the bank calls its columns', async () => {
    await using fresh = await freshDatabase()
    const { user, account } = await someone(fresh)
    const given = { env: { DATABASE_URL: fresh.url }, input: statement }
    const args = ['import', '-', '--user', 'ada', '--account', 'Giro', ...german, ...columns]

    const first = await cli([...args, '--json'], given)
    const second = await cli([...args, '--json'], given)

    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ inserted: 3, skipped: 0, balance: '1529.5800', currency: 'EUR' })
    expect(JSON.parse(second.stdout)).toMatchObject({ inserted: 0, skipped: 3, balance: '1529.5800' })
    const { rows } = await transactions.list(fresh.db, user.id, {
      account_id: account.id,
      from: '2026-02-28',
      to: '2026-02-28',
    })
    expect(rows).toMatchObject([
      { date: '2026-02-28', merchant: 'Bäckerei am Markt', amount: '-1017.2200', description: 'Torte', source: 'csv' },
    ])
  })

  test('takes the layout from a file, and columns by place where there is no header', async () => {
    await using fresh = await freshDatabase()
    await using directory = await temporaryDirectory()
    const { account } = await someone(fresh)
    const env = { DATABASE_URL: fresh.url }
    const [layout, file] = [join(directory.path, 'bank.json'), join(directory.path, 'statement.csv')]
    await writeFile(file, '2026-03-02,Shop,,7.50\n2026-03-03,Refund,1.25,\n')
    await writeFile(
      layout,
      JSON.stringify({ mapping: { amount: { debit: 3, credit: 2 }, date: { column: 0, format: 'YYYY-MM-DD' } } }),
    )
    const args = [
      'import',
      file,
      '--user',
      'ada@example.org',
      '--account',
      account.id,
      '--layout',
      layout,
      '--no-header',
    ]

    const done = await cli([...args, '--map', 'merchant=1'], { env })

    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('€93.75') })
  })

  test('writes nothing when a line cannot be read, naming it, nor with --preview', async () => {
    await using fresh = await freshDatabase()
    const { user } = await someone(fresh)
    const env = { DATABASE_URL: fresh.url }
    const args = ['import', '-', '--user', user.id, '--account', 'giro', ...german, ...columns]

    const preview = await cli([...args, '--preview', '--json'], { env, input: statement })
    const broken = await cli(args, { env, input: statement.replace('-3,20', 'drei') })

    expect(JSON.parse(preview.stdout)).toMatchObject({ rows: 3, first: [{ amount: '-1017.22' }, {}, {}] })
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('Line 5') })
    expect(broken.stderr).not.toContain('drei')
    expect((await transactions.list(fresh.db, user.id)).rows).toEqual([])
  })

  test('names rows that the account has as other movements', async () => {
    await using fresh = await freshDatabase()
    const { account } = await someone(fresh)
    const args = ['import', '-', '--user', 'ada', '--account', account.id, '--map', 'external_id=id']
    const import_ = (lines: string) =>
      cli(args, { env: { DATABASE_URL: fresh.url }, input: `date,merchant,amount,id\n${lines}` })

    await import_('2026-03-02,Shop,-7.50,A-1\n2026-03-02,Shop,-2.00,A-2\n')
    const { code, stderr } = await import_('2026-03-02,Shop,-7.50,A-1\n2026-03-02,Shop,-2.01,A-2\n')

    expect(code).toBe(1)
    expect(stderr).toContain(
      '1 row has an external_id that the account already has for another movement. Such as: A-2.',
    )
  })

  test('shows what a file or a row says without letting it steer the terminal', async () => {
    await using fresh = await freshDatabase()
    const { user } = await someone(fresh)
    const env = { DATABASE_URL: fresh.url, FORCE_COLOR: '1' }
    await accounts.create(fresh.db, { user_id: user.id, account_type: 'savings', name: 'Giro\x1b]0;title\x07' })
    const hostile = 'Shop\x1b[2J\x1b[8m\u009b31m\u202egnp'
    const input = `date,merchant,amount\n2026-03-01,"${hostile}",-1.00\n2026-03-02,"Shop\n  3 rows were lost",-1.00\n`
    const whose = ['--user', user.id, '--account']

    const preview = await cli(['import', '-', ...whose, 'giro', '--preview'], { env, input })
    const json = await cli(['import', '-', ...whose, 'giro', '--preview', '--json'], { env, input })
    const missing = await cli(['import', '-', ...whose, 'none'], { env, input })

    expect(preview.stdout).toContain(`Shop\\u001b[2J\\u001b[8m\\u009b31m\\u202e`)
    expect(preview.stdout).toContain('Shop\\n  3 rows')
    for (const said of [preview.stdout, json.stdout, missing.stderr]) {
      expect(said).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}/u)
    }
    expect(JSON.parse(json.stdout).first[0].merchant).toBe(hostile)
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('Giro\\u001b]0;title\\u0007') })
  })

  test('says what is wrong with the command line before it reads', async () => {
    await using fresh = await freshDatabase()
    await someone(fresh)
    const env = { DATABASE_URL: fresh.url }
    const whose = ['--user', 'ada', '--account', 'Giro']

    const outcomes = await Promise.all([
      cli(['import', '-', '--user', 'nobody', '--account', 'Giro'], { env }),
      cli(['import', '-', '--user', 'ada', '--account', 'Sparbuch'], { env }),
      cli(['import', '-', ...whose, '--map', 'colour=red'], { env }),
      cli(['import', '-', ...whose, '--date-format', 'whenever'], { env }),
      cli(['import', 'no-such-file.csv', ...whose], { env }),
      cli(['import', '-', '--user', 'ada'], { env }),
    ])

    expect(outcomes.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2])
    expect(outcomes[1]?.stderr).toContain('only: Giro')
  })
})
