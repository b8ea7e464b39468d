import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountReader } from '../../src/import/amounts.js'
import { dayReader } from '../../src/import/dates.js'
import { type CsvLayout, csvLayout, csvTransactions, dateFormats } from '../../src/import/index.js'
import { InvalidInputError, type transactions } from '../../src/index.js'

const owner = {
  user_id: '01890000-0000-7000-8000-000000000001',
  account_id: '01890000-0000-7000-8000-000000000002',
}

async function read(
  file: string | Uint8Array,
  layout: CsvLayout,
  whose: Partial<Parameters<typeof csvTransactions>[1]> = owner,
) {
  const rows: transactions.ImportRow[] = []
  for await (const row of csvTransactions([file], { ...owner, ...whose, ...layout })) rows.push(row)
  return rows
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as InvalidInputError,
  )

describe('csvTransactions reads the layout of', () => {
  const date = { column: 'Date', format: 'YYYY-MM-DD' } as const

  test('a German bank: semicolons, decimal comma, windows-1252, two-digit years', async () => {
    const file = Buffer.from(
      '"Buchungstag";"Zweck";"Empf\xe4nger";"Betrag";"W\xe4hrung"\r\n"28.02.26";"SVWZ+Rechnung";"B\xe4cker \x80";"-1.217,20";"eur"\r\n',
      'latin1',
    )

    const rows = await read(file, {
      delimiter: ';',
      encoding: 'latin1',
      mapping: {
        date: { column: 'buchungstag', format: 'DD.MM.YY' },
        merchant: 'Empfänger',
        description: 'Zweck',
        currency: 'Währung',
        amount: { column: 'Betrag', decimal: ',', thousands: '.' },
      },
    })

    expect(rows).toEqual([
      {
        ...owner,
        date: '2026-02-28',
        merchant: 'Bäcker €',
        description: 'SVWZ+Rechnung',
        currency: 'EUR',
        amount: '-1217.20',
      },
    ])
  })

  test('a British card: a mark of byte order, pounds, day and month name, debits and credits apart, pending rows first', async () => {
    const file = '\ufeff"Date",Details,Out,In\nPending,Hotel,£99.00,\n02-Jan-2026,"Tea, Cake",£1,183.23,\n'
    const quoted =
      '\ufeffDate,Details,Out,In\nPending,Hotel,£99.00,\n02-Jan-2026,"Tea, Cake","£1,183.23",\n3-Feb-2026,Refund,0.00,£5\n4-Feb-2026,Tea,-£2,\n,,,\n'
    const layout: CsvLayout = {
      mapping: {
        date: { column: 'Date', format: 'D-MMM-YYYY' },
        merchant: 'Details',
        amount: { debit: 'Out', credit: 'In', thousands: ',' },
        skip: { column: 'Date', words: ['pending'] },
      },
    }

    expect(await read(quoted, layout)).toEqual([
      { ...owner, date: '2026-01-02', merchant: 'Tea, Cake', amount: '-1183.23' },
      { ...owner, date: '2026-02-03', merchant: 'Refund', amount: '5' },
      { ...owner, date: '2026-02-04', merchant: 'Tea', amount: '-2' },
    ])
    expect(await failure(read(file, layout))).toMatchObject({
      message: expect.stringMatching(/^Line 3 .*debit column and in the credit column/),
    })
  })

  test('an Austrian export: tabs, no header, lines before, totals after, quotes as characters', async () => {
    const file =
      'K|4711|"EUR\nvon gestern\n18.09.2026\tDer "Wirt"\t\t33,87\n19.09.2026\tGehalt\t1 234,5\t\nSumme\t\t\t1\n'

    const rows = await read(file, {
      delimiter: '\t',
      quote: false,
      header: false,
      skipLines: 2,
      skipLastRows: 1,
      mapping: {
        date: { column: 0, format: 'DD.MM.YYYY' },
        merchant: 1,
        amount: { debit: 3, credit: 2, decimal: ',', thousands: ' ' },
        currency: { value: 'EUR' },
      },
    })

    expect(rows).toEqual([
      { ...owner, date: '2026-09-18', merchant: 'Der "Wirt"', amount: '-33.87', currency: 'EUR' },
      { ...owner, date: '2026-09-19', merchant: 'Gehalt', amount: '1234.5', currency: 'EUR' },
    ])
  })

  test('a Hungarian bank: a word for the direction, amounts with either sign', async () => {
    const file =
      'Date,Who,Sum,Way\n2026.04.19.,A,-350,outflow\n2026.04.17.,B,1290,INFLOW\n2026.04.16.,C,350,outflow\n2026.04.15.,D,-7,inflow\n'
    const layout: CsvLayout = {
      mapping: {
        date: { column: 'Date', format: 'YYYY.MM.DD.' },
        merchant: 'Who',
        amount: { column: 'Sum', direction: { column: 'Way', debit: ['outflow'], credit: ['Inflow '] } },
      },
    }

    expect((await read(file, layout)).map(({ amount }) => amount)).toEqual(['-350', '1290', '-350', '7'])
    expect(await failure(read(`${file}2026.04.15.,D,1,sideways\n`, layout))).toMatchObject({
      message: 'Line 6 is not valid: amount: its direction is neither a debit word nor a credit word',
    })
  })

  test('an aggregator: ids, categories, pending words, instants, money out positive', async () => {
    const file =
      'id,created,amount,category,name,note,state\ntx_1,2026-02-25 12:34:56 +0000,10.5,food,Tesco,,PENDING\ntx_2,2026-02-26T00:00:00Z,-3,,Boss,pay,done\n'

    const rows = await read(file, {
      mapping: {
        date: { column: 'created', format: 'YYYY-MM-DD' },
        merchant: ['name', 'note'],
        category: 'category',
        amount: { column: 'amount', invert: true },
        external_id: 'id',
        pending: { column: 'state', words: ['pending'] },
      },
    })

    expect(rows).toEqual([
      {
        ...owner,
        date: '2026-02-25',
        merchant: 'Tesco',
        amount: '-10.5',
        category: 'food',
        status: 'pending',
        external_id: 'tx_1',
      },
      { ...owner, date: '2026-02-26', merchant: 'Boss pay', amount: '3', external_id: 'tx_2' },
    ])
  })

  test('a bank that puts several accounts into one file', async () => {
    const [one, two] = [owner.account_id, owner.user_id]
    const layout: CsvLayout = { mapping: { date, merchant: 'Who', amount: { column: 'Sum' } } }
    const account_id = { column: 'Account', accounts: { A: one, B: two } }

    const rows = await read('Account,Date,Who,Sum\nA,2026-01-01,x,1\nB,2026-01-01,x,1\n', layout, { account_id })

    expect(rows.map((row) => row.account_id)).toEqual([one, two])
    expect(
      await failure(read('Account,Date,Who,Sum\nconstructor,2026-01-01,x,1\n', layout, { account_id })),
    ).toMatchObject({
      message: 'Line 2 is not valid: account_id: the account of this row is not among those given',
    })
  })
})

describe('csvTransactions', () => {
  const layout: CsvLayout = {
    mapping: {
      date: { column: 'Date', format: 'YYYY-MM-DD' },
      merchant: 'Who',
      amount: { column: 'Sum' },
      external_id: 'hash',
    },
  }
  const file = 'Date,Who,Sum\n2026-01-01,A,1\n2026-01-01,A,1.00\n2026-01-01,B,1\n'
  const ids = async (text: string, other = layout) => (await read(text, other)).map(({ external_id }) => external_id)

  test('gives equal rows ids of their own, and the same ones each time and in another file', async () => {
    const first = await ids(file)

    expect(new Set(first).size).toBe(3)
    expect(await ids(file)).toEqual(first)
    expect(await ids('Sum,Balance,Date,Who\n1,77,2026-01-01,B\n1,78,2026-01-01,A\n')).toEqual([first[2], first[0]])
  })

  test('names the line where the row begins, and never what is in it', async () => {
    const broken = 'Date,Who,Sum\r\n\r\n2026-01-01,"Secret\r\nShop",1\r\n2026-02-30,"Secret\r\nShop",12,5\r\n'
    const error = await failure(read(broken, layout))
    const wrongDay = await failure(read(broken.replace('12,5', '12'), layout))

    expect(wrongDay).toBeInstanceOf(InvalidInputError)
    expect(wrongDay.message).toBe('Line 5 is not valid: date: there is no such day')
    expect(error.message).not.toMatch(/Secret|12/)
  })

  test('refuses a row with more in it than the header has columns, of which an amount may have lost a part', async () => {
    const error = await failure(read('Date,Who,Sum\n2026-01-01,A,1\n2026-01-02,B,1,000.00\n', layout))

    expect(error.message).toMatch(/^Line 3 is not valid: there are more fields than columns/)
    expect(await ids('Date,Who,Sum\n2026-01-01,A,1,,\n')).toHaveLength(1)
  })

  test('says which columns the file has not, all at once', async () => {
    const error = await failure(read('Day,Who,Who\n2026-01-01,A,1\n', layout))

    expect(error.issues).toEqual([
      { path: 'date', message: 'there is no column "Date"' },
      { path: 'amount.column', message: 'there is no column "Sum"' },
      { path: 'merchant', message: '"Who" is the name of several columns' },
    ])
    const byPlace = { ...layout, mapping: { ...layout.mapping, merchant: 3 } }
    expect((await failure(read('Date,Who,Sum\n2026-01-01,A,1\n', byPlace))).issues).toEqual([
      { path: 'merchant', message: 'there is no column 3' },
    ])
    const semicolons = await failure(read('Date;Who;Sum\n2026-01-01;A;1\n', { ...layout, delimiter: ',' }))
    expect(semicolons.issues[0]?.message).toBe('there is no column "Date", and only one in all: is `delimiter` right?')
  })

  test('refuses what is not in its encoding, quotes that never end, and options that make no sense', async () => {
    expect(await failure(read(Buffer.from('Date,Who,Sum\n2026-01-01,\xe9,1\n', 'latin1'), layout))).toMatchObject({
      message: 'The file is not valid: encoding: it is not in utf-8',
    })
    expect(await failure(read(Buffer.from('Date,Who,Sum\n2026-01-01,A,1\n\xc3', 'latin1'), layout))).toMatchObject({
      message: 'The file is not valid: encoding: it is not in utf-8',
    })
    expect((await failure(read('Date,Who,Sum\n2026-01-01,"A,1\n', layout))).message).toMatch(
      /^Line \d is not valid: a quote .* are `delimiter` and `quote` right\?/,
    )
    expect(() => csvTransactions([], { ...owner, ...layout, encoding: 'klingon' })).toThrow(InvalidInputError)
    expect(() => csvTransactions([], { ...owner, ...layout, account_id: 'x' })).toThrow(InvalidInputError)
  })

  test('reads no further than it is asked, closes the source, and passes its failure on', async () => {
    const seen = { chunks: 0, closed: false }
    async function* source() {
      try {
        yield 'Date,Who,Sum\n'
        for (; ; seen.chunks++) yield `2026-01-01,${'x'.repeat(400)},1\n`.repeat(10)
      } finally {
        seen.closed = true
      }
    }
    for await (const row of csvTransactions(source(), { ...owner, ...layout })) {
      expect(row.amount).toBe('1')
      break
    }
    async function* broken() {
      yield file
      throw new Error('the bank hung up')
    }

    await expect(async () => {
      for await (const _ of csvTransactions(broken(), { ...owner, ...layout }));
    }).rejects.toThrow('the bank hung up')
    expect(seen.chunks).toBeLessThan(200)
    await expect.poll(() => seen.closed).toBe(true)
  })

  test('gives the same rows however the bytes are cut', async () => {
    const text = 'junk\r\nDate,Who,Sum\r\n2026-01-01,"Ä€\u{1F4B6}\r\nb",1\r\n2026-01-02,"a ""b""",-2.5\r\n'
    const whole = await read(text, { ...layout, skipLines: 1 })
    expect(whole).toHaveLength(2)

    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (sizes) => {
        const bytes = Buffer.from(text)
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] as number
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        const rows = await Readable.from(
          csvTransactions(Readable.from(chunks), { ...owner, ...layout, skipLines: 1 }),
        ).toArray()
        expect(rows).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  test('takes a layout that was kept as JSON', () => {
    expect(csvLayout.parse(JSON.parse(JSON.stringify(layout)))).toMatchObject(layout)
  })

  test('refuses a full card number, or by default masks it before the row gets its id', async () => {
    const file = 'Date,Text,Note,Amount\n2026-03-01,Shop 4111111111111111,paid by 4111111111111111,-1\n'
    const layout = {
      mapping: {
        date: { column: 'Date', format: 'YYYY-MM-DD' },
        merchant: 'Text',
        description: 'Note',
        amount: { column: 'Amount' },
        external_id: 'hash',
      },
    } as const

    const error = await failure(read(file, { ...layout, cardNumbers: 'refuse' }))
    const [row] = await read(file, layout)

    expect(error.message).toMatch(/^Line 2 .*merchant: must not contain a full card number/)
    expect(error.message).not.toContain('4111')
    expect(row).toMatchObject({ merchant: 'Shop ************1111', description: 'paid by ************1111' })
    const [same] = await read(file.replaceAll('4111111111111111', '************1111'), layout)
    expect(row?.external_id).toBe(same?.external_id)
  })
})

describe('amounts', () => {
  test.each([
    ['1234.5', '1234.5'],
    ['-0012.50', '-12.50'],
    ['12.50-', '-12.50'],
    ['(12.50)', '-12.50'],
    ['− 7', '-7'],
    ['–7', '-7'],
    ['EURO 7', undefined],
    ['+3', '3'],
    ['€ 1,234.56', '1234.56'],
    ['1,23,456.00 INR', '123456.00'],
    ['-$5', '-5'],
    ['$ -5', '-5'],
    ['( 5 )', '-5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-0.00', '0.00'],
    ['1.230000', '1.2300'],
    ['1.23456', '1.23456'],
    ['12,34', undefined],
    ['1,2345', undefined],
    ['1.2.3', undefined],
    ['1 2', undefined],
    ['--1', undefined],
    ['(1', undefined],
    ['(-1)', undefined],
    ['-', undefined],
    ['1e5', undefined],
    ['12abc', undefined],
  ])('%s is %s', (text, amount) => {
    expect(amountReader({ decimal: '.', thousands: ',' })(text)).toBe(amount)
  })

  test('refuse separated thousands that were not announced', () => {
    expect(amountReader({ decimal: '.' })('1,234')).toBeUndefined()
    expect(amountReader({ decimal: ',' })('1.234')).toBeUndefined()
    expect(amountReader({ decimal: '.', thousands: "'" })('1’234’567.80')).toBe('1234567.80')
    expect(amountReader({ decimal: ',', thousands: ' ' })('1\u202f234\u00a0567,80 Kč')).toBe('1234567.80')
  })

  test('come back exactly as they were written, in any notation', () => {
    const notation = fc.constantFrom(
      { decimal: '.', thousands: ',' },
      { decimal: ',', thousands: '.' },
      { decimal: ',', thousands: ' ' },
      { decimal: '.', thousands: "'" },
    ) as fc.Arbitrary<Parameters<typeof amountReader>[0]>
    const digits = fc.bigInt(0n, 999_999_999_999_999n)
    fc.assert(
      fc.property(notation, digits, fc.stringMatching(/^\d{1,4}$/), fc.boolean(), (how, whole, fraction, negative) => {
        const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, how.thousands as string)
        const sign = negative && /[1-9]/.test(`${whole}${fraction}`) ? '-' : ''
        expect(amountReader(how)(`${negative ? '-' : ''}${grouped}${how.decimal}${fraction}`)).toBe(
          `${sign}${whole}.${fraction}`,
        )
      }),
    )
  })
})

describe('days', () => {
  const written: Record<(typeof dateFormats)[number], string> = {
    'YYYY-MM-DD': '2026-03-09',
    'YYYY/MM/DD': '2026/3/9',
    'YYYY.MM.DD': '2026.03.09',
    'YYYY.MM.DD.': '2026.03.09.',
    YYYYMMDD: '20260309',
    YYMMDD: '260309',
    'DD.MM.YYYY': '9.3.2026',
    'DD/MM/YYYY': '09/03/2026',
    'DD-MM-YYYY': '09-03-2026',
    'DD.MM.YY': '09.03.26',
    'DD/MM/YY': '9/3/26',
    'DD-MM-YY': '09-03-26',
    DDMMYYYY: '09032026',
    'MM/DD/YYYY': '03/09/2026',
    'MM-DD-YYYY': '3-9-2026',
    'MM/DD/YY': '3/09/26',
    'MM-DD-YY': '03-09-26',
    'D MMM YYYY': '9 Mar 2026',
    'D MMM YY': '09 March 26',
    'D-MMM-YYYY': '09-MAR-2026',
    'D-MMM-YY': '9-mar-26',
    'D/MMM/YYYY': '09/Mar/2026',
    'MMM D YYYY': 'Mar. 9 2026',
    'MMM D, YYYY': 'March 9, 2026',
  }

  test.each(dateFormats)('are read from %s, and not from the others', (format) => {
    expect(dayReader(format)(written[format])).toBe('2026-03-09')
    expect(dayReader(format)(` ${written[format]} 23:59:59 `)).toBe('2026-03-09')
    expect(dayReader(format)(`${written[format]} or so`)).toBeUndefined()
    expect(dayReader(format)('yesterday')).toBeUndefined()
    expect(dayReader(format)('')).toBeUndefined()
  })

  test.each(Array.from({ length: 12 }, (_, i) => new Date(Date.UTC(2026, i, 9))))(
    'are read in the month of %s',
    (at) => {
      for (const month of ['long', 'short'] as const) {
        const text = at.toLocaleDateString('en-US', { month, day: 'numeric', year: 'numeric', timeZone: 'UTC' })
        expect(dayReader('MMM D, YYYY')(text)).toBe(at.toISOString().slice(0, 10))
      }
    },
  )

  test('of two-digit years lie between 1969 and 2068', () => {
    expect(['690101', '991231', '000101', '681231'].map(dayReader('YYMMDD'))).toEqual([
      '1969-01-01',
      '1999-12-31',
      '2000-01-01',
      '2068-12-31',
    ])
  })

  test('know other languages when told their months', () => {
    const months = ['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin', 'juil.', 'août', 'sept.', 'oct.', 'nov.', 'déc.']
    expect(dayReader('D MMM YYYY', months)('4 Août 2026')).toBe('2026-08-04')
    expect(dayReader('D MMM YYYY', months)('4 févr. 2026')).toBe('2026-02-04')
    expect(dayReader('D MMM YYYY', months)('4 Feb 2026')).toBeUndefined()
    // `juin` or `juillet`
    expect(dayReader('D MMM YYYY', months)('4 jui 2026')).toBeUndefined()
    expect(dayReader('D MMM YYYY', ['Jänner'])('4 jänner 2026')).toBe('2026-01-04')
    expect(dayReader('D MMM YYYY')('4 Ju 2026')).toBeUndefined()
  })

  test('have all their digits where nothing stands between', () => {
    expect(dayReader('DDMMYYYY')('9032026')).toBeUndefined()
    expect(dayReader('YYYYMMDD')('2026039')).toBeUndefined()
  })
})
