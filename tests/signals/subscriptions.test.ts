import type { Kysely } from 'kysely'
import { describe, expect } from 'vitest'
import { InvalidInputError, subscriptions } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { createAccount } from '../people.js'
import { test } from '../support.js'
import { accountWith, addDays, book, charged, everyDays, everyMonth, type Row } from './charges.js'

const as_of = '2026-06-30'

async function found(db: Kysely<Database>, rows: readonly Row[]) {
  const { user_id } = await accountWith(db, rows)
  return subscriptions.detect(db, user_id, { as_of })
}

/** Weekends move a charge to Monday. */
const workday = (day: string) => addDays(day, [1, 0, 0, 0, 0, 0, 2][new Date(day).getUTCDay()] as number)

describe('subscriptions.detect', () => {
  test('says what it found, why, and what to expect', async ({ db }) => {
    const account = await accountWith(db, charged('Streamhouse', '-9.99', '2026-04-04', '2026-05-04', '2026-06-04'))

    const [subscription, ...others] = await subscriptions.detect(db, account.user_id, { as_of })

    expect(others).toEqual([])
    expect(subscription).toMatchObject({
      merchant: 'Streamhouse',
      merchant_key: 'streamhouse',
      currency: 'USD',
      cadence: 'monthly',
      active: true,
      amount: '9.9900',
      fixed_amount: true,
      monthly_amount: '9.9900',
      occurrences: 3,
      skipped: 0,
      first_date: '2026-04-04',
      last_date: '2026-06-04',
      next_date: '2026-07-04',
      price_changes: [],
    })
    expect(subscription?.confidence).toBeGreaterThan(0.5)
    expect(subscription?.reasons[0]).toBe(
      'Charged 3 times from 2026-04-04 to 2026-06-04, monthly, on average 0.0 days off.',
    )
    expect(subscription?.evidence.map(({ date, merchant, amount }) => [date, merchant, amount])).toEqual([
      ['2026-04-04', 'Streamhouse', '9.9900'],
      ['2026-05-04', 'Streamhouse', '9.9900'],
      ['2026-06-04', 'Streamhouse', '9.9900'],
    ])
    expect(subscription?.evidence.every((charge) => charge.account_id === account.id)).toBe(true)
  })

  test.for([
    ['weekly', everyDays('2026-05-01', 7, 8)],
    ['fortnightly', everyDays('2026-03-27', 14, 7)],
    ['semi_monthly', everyMonth('2026-01-01', 6).flatMap((first) => [first, addDays(first, 14)])],
    ['four_weekly', everyDays('2025-12-03', 28, 8)],
    ['monthly', everyMonth('2026-01-15', 6)],
    ['monthly', everyMonth('2026-01-31', 6)],
    ['monthly', everyMonth('2025-07-01', 12).map(workday)],
    ['two_monthly', everyMonth('2025-09-10', 5, 2)],
    ['quarterly', everyMonth('2025-09-30', 4, 3)],
    ['quarterly', everyDays('2025-07-14', 84, 5)],
    ['half_yearly', everyMonth('2025-01-20', 3, 6)],
    ['yearly', everyMonth('2024-06-12', 3, 12)],
    ['yearly', ['2025-03-02', '2026-03-01']],
    ['yearly', ['2025-05-24', '2026-05-27']],
  ] as const)('finds a %s charge on %j', async ([cadence, days], { db }) => {
    const subscriptions = await found(db, charged('Club', '-20.00', ...days))

    expect(subscriptions).toMatchObject([{ cadence, occurrences: days.length, active: true, skipped: 0 }])
  })

  test('finds a plan among orders of nearly its price', async ({ db }) => {
    const orders: Row[] = [
      ['2025-02-13', 'Bookbarn', '-9.99'],
      ['2025-08-14', 'Bookbarn', '-8.70'],
      ['2026-01-13', 'Bookbarn', '-9.25'],
    ]
    const plan = charged('Bookbarn', '-8.99', ...everyMonth('2024-07-10', 24))

    expect(await found(db, [...plan, ...orders])).toMatchObject([
      { cadence: 'monthly', amount: '8.9900', occurrences: 24 },
    ])
  })

  test('leaves out cash and what a bank itself charges, also where no category says so', async ({ db }) => {
    const names = [
      'ATM WITHDRAWAL 004411',
      'RETRAIT DAB LYON',
      'MONTHLY SERVICE FEE',
      'INTEREST CHARGED TO STANDARD PURCH',
      'Finance charge',
    ]
    const rows = names.flatMap((name, i) => charged(name, `-${20 * (i + 1)}.00`, ...everyMonth('2026-01-05', 6)))

    expect(await found(db, rows)).toEqual([])
  })

  test.for([
    ['2026-01-31', '2026-07-31'],
    ['2026-01-30', '2026-07-30'],
  ] as const)('expects the next charge of what is due on %s on %s', async ([first, next], { db }) => {
    expect(await found(db, charged('Club', '-20.00', ...everyMonth(first, 6)))).toMatchObject([{ next_date: next }])
  })

  test('expects it on its own day though the last charge was moved', async ({ db }) => {
    const days = ['2026-02-27', '2026-04-01', '2026-05-01', '2026-05-29'] // of the 1st, two of them on the Friday before
    expect(await found(db, charged('Club', '-20.00', ...everyMonth('2025-09-01', 6), ...days.slice(1)))).toMatchObject([
      { cadence: 'monthly', next_date: '2026-07-01' },
    ])
  })

  test('counts its days across the end of a month', async ({ db }) => {
    // of the 1st, moved before weekends and holidays
    const days = ['2025-12-01', '2025-12-31', '2026-01-30', '2026-02-27', '2026-04-01', '2026-04-30', '2026-06-01']

    expect(await found(db, charged('Rent', '-890.00', ...days))).toMatchObject([{ next_date: '2026-06-30' }])
  })

  test('expects it on the day that it has now', async ({ db }) => {
    const before = charged('Club', '-12.00', ...everyMonth('2024-09-05', 13))
    const since = charged('Club', '-24.00', ...everyMonth('2025-09-21', 10))

    const all = await found(db, [...before, ...since])

    expect(all.filter(({ active }) => active)).toMatchObject([{ amount: '24.0000', next_date: '2026-07-21' }])
  })

  test('does not take a day or a phone in the text for a number of somebody', async ({ db }) => {
    const dated = everyMonth('2024-06-17', 25).map(
      (day): Row => [day, `Club ${day.slice(5, 7)}${day.slice(8)} WEB ID: 9048211773`, '-20.00'],
    )
    const called = everyMonth('2024-06-09', 25).map(
      (day, i): Row => [day, i % 3 === 0 ? 'Gym 855-836-3987 CA' : 'Gym', '-30.00'],
    )

    expect(await found(db, [...dated, ...called])).toMatchObject([
      { merchant_key: 'gym', cadence: 'monthly', occurrences: 25 },
      { merchant_key: 'club', cadence: 'monthly', occurrences: 25 },
    ])
  })

  test('finds nothing that is bought where shares are kept, or on a loan', async ({ db }) => {
    const { user_id } = await createAccount(db)
    for (const account_type of ['investment', 'loan'] as const) {
      await book(
        db,
        await createAccount(db, { user_id, account_type }),
        charged('BUY VTSAX', '-300.00', ...everyMonth('2025-09-15', 10)),
      )
    }

    expect(await subscriptions.detect(db, user_id, { as_of })).toEqual([])
  })

  test('does not take a bill for all that PayPal calls one', async ({ db }) => {
    const name = 'PreApproved Payment Bill User Payment: Streamhouse'

    expect(await found(db, charged(name, '-9.99', ...everyMonth('2026-01-04', 6)))).toMatchObject([
      { kind: 'subscription', merchant_key: 'streamhouse' },
    ])
  })

  test('follows a change of price', async ({ db }) => {
    const [subscription, ...others] = await found(db, [
      ...charged('Streamhouse', '-9.99', ...everyMonth('2025-08-04', 8)),
      ...charged('Streamhouse', '-13.99', ...everyMonth('2026-04-04', 3)),
    ])

    expect(others).toEqual([])
    expect(subscription).toMatchObject({
      amount: '13.9900',
      occurrences: 11,
      price_changes: [{ date: '2026-04-04', from: '9.9900', to: '13.9900' }],
    })
  })

  test('lets a price be four times the first, whatever it is', async ({ db }) => {
    for (const price of [5, 9.99, 600]) {
      const [first, second] = [everyMonth('2025-11-11', 3), everyMonth('2026-02-11', 5)]
      const streams = await found(db, [
        ...charged('Cloudkeep', `-${price.toFixed(2)}`, ...first),
        ...charged('Cloudkeep', `-${(4 * price).toFixed(2)}`, ...second),
      ])
      expect(streams, `${price}`).toMatchObject([{ occurrences: 8, price_changes: [{ date: '2026-02-11' }] }])
    }
  })

  test('expects the price that came last of two on a day', async ({ db }) => {
    for (const [earlier, later] of [
      ['-10.00', '-10.50'],
      ['-10.50', '-10.00'],
    ] as const) {
      const [subscription] = await found(db, [
        ...charged('Streamhouse', '-10.00', ...everyMonth('2025-06-04', 12)),
        ['2026-06-04', 'Streamhouse', earlier],
        ['2026-06-04', 'Streamhouse', later],
      ])
      expect(subscription).toMatchObject({ occurrences: 14, amount: `${later.slice(1)}00` })
    }
  })

  test('bears a left-out month', async ({ db }) => {
    const days = everyMonth('2025-11-04', 8).filter((day) => day !== '2026-02-04')
    expect(await found(db, charged('Gym', '-39.00', ...days))).toMatchObject([{ occurrences: 7, skipped: 1 }])
  })

  test('bears one pause of most of a year, and no second one', async ({ db }) => {
    const season = charged('Pool', '-39.00', ...everyMonth('2024-06-04', 5))
    const since = charged('Pool', '-39.00', ...everyMonth('2025-08-04', 11))
    const [first, second] = [since.slice(0, 3), since.slice(-2)]

    expect(await found(db, [...season, ...since])).toMatchObject([{ occurrences: 16, skipped: 1, active: true }])
    expect(await found(db, [...season, ...first, ...second])).toEqual([])
  })

  test.for([
    ['NETFLIX.COM 866-579-7172 CA', 'NETFLIX.COM LOS GATOS', 'Netflix', 'NETFLIX.COM*8F3K2L9', 'PAYPAL *NETFLIX'],
    ['SPOTIFY P1A2B3C4D5 STOCKHOLM', 'SPOTIFY P9Z8Y7X6W5 STOCKHOLM', 'SPOTIFY P0000AAA11', 'Spotify AB'],
    ['SQ *YOGA LOFT 000123', 'SQ *YOGA LOFT 000981', 'Yoga Loft', 'SQ *YOGA LOFT'],
    ['RECURRING PAYMENT 04/04 ACME GYM #118', 'CHECKCARD 0504 ACME GYM #118', 'ACME GYM #007 SEATTLE WA'],
    [
      'Hausverwaltung Meier GmbH RF18539007547034',
      'Hausverwaltung Meier GmbH RE2026-0512',
      'Hausverwaltung Meier GmbH',
    ],
    ['ST 89597016 REF 100237 05.01.2026', 'ST 89597016 REF 557781 05.02.2026', 'ST 89597016 VS 19'],
    ['DE89 3704 0044 0532 0130 00 RE-77123', 'DE89 3704 0044 0532 0130 00 RE-90210'],
    ['City Gas INV 20260401', 'City Gas INV 20260501', 'City Gas INV 20260601'],
  ])('knows %j as one merchant', async (names, { db }) => {
    const days = everyMonth('2026-01-04', 6)
    const rows = days.map((day, i): Row => [day, names[i % names.length] as string, '-24.90'])

    expect(await found(db, rows)).toMatchObject([{ occurrences: 6, cadence: 'monthly' }])
  })

  test('keeps account numbers apart that have no name', async ({ db }) => {
    const rows = [
      ...charged('YZ 87144583', '-2452.00', ...everyMonth('2026-01-07', 6)),
      ...charged('YZ 13943797', '-2452.00', ...everyMonth('2026-01-12', 6)),
      ...charged('Transfer to 55510001', '-80.00', ...everyMonth('2026-01-03', 6)),
      ...charged('Transfer to 55510002', '-80.00', ...everyMonth('2026-01-21', 6)),
    ]

    expect((await found(db, rows)).map(({ merchant, occurrences }) => [merchant, occurrences]).sort()).toEqual([
      ['Transfer to 55510001', 6],
      ['Transfer to 55510002', 6],
      ['YZ 13943797', 6],
      ['YZ 87144583', 6],
    ])
  })

  test('tells two subscriptions at one merchant apart', async ({ db }) => {
    const rows = [
      ...charged('APPLE.COM/BILL', '-0.99', ...everyMonth('2025-10-03', 9)),
      ...charged('APPLE.COM/BILL', '-10.99', ...everyMonth('2025-10-17', 9)),
      ...charged('APPLE.COM/BILL', '-11.99', ...everyMonth('2025-10-17', 9)),
    ]

    expect((await found(db, rows)).map(({ amount, cadence, occurrences }) => [amount, cadence, occurrences])).toEqual([
      ['11.9900', 'monthly', 9],
      ['10.9900', 'monthly', 9],
      ['0.9900', 'monthly', 9],
    ])
  })

  test('does not take two prices that take turns for one subscription', async ({ db }) => {
    const rows = [
      ...charged('Box', '-9.99', ...everyDays('2026-01-02', 28, 7)),
      ...charged('Box', '-10.29', ...everyDays('2026-01-16', 28, 6)),
    ]

    expect((await found(db, rows)).map(({ amount, cadence }) => [amount, cadence]).sort()).toEqual([
      ['10.2900', 'four_weekly'],
      ['9.9900', 'four_weekly'],
    ])
  })

  test('finds a subscription among other purchases, and its new price', async ({ db }) => {
    const purchases = everyDays('2025-07-02', 9, 40).map(
      (day, i): Row => [day, 'Amazon', `-${5 + ((i * 37) % 90)}.${10 + ((i * 7) % 90)}`],
    )
    const prime = [
      ...charged('Amazon', '-12.99', ...everyMonth('2025-07-20', 7)),
      ...charged('Amazon', '-14.99', ...everyMonth('2026-02-20', 5)),
    ]

    expect(await found(db, [...purchases, ...prime])).toMatchObject([
      { amount: '14.9900', occurrences: 12, price_changes: [{ from: '12.9900', to: '14.9900' }] },
    ])
  })

  test('takes a bill by consumption for what it is', async ({ db }) => {
    const days = everyMonth('2025-07-14', 12).map(workday)
    const rows = days.map((day, i): Row => [day, 'City Power', `-${60 + ((i * 23) % 45)}.40`])

    expect(await found(db, rows)).toMatchObject([{ cadence: 'monthly', fixed_amount: false, occurrences: 12 }])
  })

  test('lets a bill of heating vary tenfold in a year, and nothing else so much', async ({ db }) => {
    const heated = [180, 35, 20, 120, 24, 165, 21, 70, 185, 32, 125, 75]
    const rows = (more: NonNullable<Row[3]>) =>
      everyMonth('2025-06-14', 13).map((day, i): Row => [day, 'Columbia', `-${heated[(i + 5) % 12]}.20`, more])

    expect(await found(db, rows({ category: 'Gas & Electric' }))).toMatchObject([
      { kind: 'bill', cadence: 'monthly', fixed_amount: false, occurrences: 13 },
    ])
    for (const category of ['shopping', 'subscriptions']) {
      const parts = await found(db, rows({ category }))
      expect(Math.max(0, ...parts.map(({ occurrences }) => occurrences))).toBeLessThan(7)
    }
  })

  test('takes what varies as much from season to season, and little from month to month, for a bill', async ({
    db,
  }) => {
    const heated = [180, 165, 120, 70, 35, 24, 20, 21, 32, 75, 125, 170]
    const rows = everyMonth('2025-06-14', 13).map((day, i): Row => [day, 'Columbia', `-${heated[(i + 5) % 12]}.20`])

    expect(await found(db, rows)).toMatchObject([{ kind: 'bill', cadence: 'monthly', occurrences: 13 }])
  })

  test('keeps what is charged once a year apart from purchases under the same first word', async ({ db }) => {
    const orders = everyDays('2024-05-03', 17, 40).map(
      (day, i): Row => [day, 'Bookbarn', `-${(7 + ((i * 13) % 90)).toFixed(2)}`],
    )

    expect(
      await found(db, [...orders, ...charged('Bookbarn Plus', '-89.00', '2025-02-02', '2026-02-02')]),
    ).toMatchObject([{ merchant: 'Bookbarn Plus', cadence: 'yearly' }])
  })

  test.for([
    ['STREAMHOUSE.COM/BILL CA', 'subscription'],
    ['STREAMHOUSE.COM BILL 866-555-0100', 'subscription'],
    ['PODHOUSE* MEMBERSHIP INTERNET CA', 'subscription'],
    ['2000LENSES 800-5550100 UT', 'subscription'],
    ['INTERNET FOR HOMES', 'bill'],
    ['ANCHOR CASUALTY INS PREM 0426', 'bill'],
    // nobody's name: an account, and the word for a transfer
    ['YZ 87144583', 'bill'],
    ['PREVOD NA UCET', 'bill'],
    // banks leave out the dot, and cut off
    ['STREAMHOUSE COM/BILL 800', 'subscription'],
    ['STREAMHOUSE COM BILL 800', 'subscription'],
    ['ANCHOR HOME INSURAN', 'bill'],
    // to a person
    ['Zelle payment to Bob Miller 8FQ2', 'bill'],
    ['e-Transfer sent Bob Miller 8FQ2K1', 'bill'],
    ['Zelle payment to Bob Miller music', 'subscription'],
    // words within words, who lends, the town
    ['NORDHAUS SKADEFÖRSÄKRING', 'bill'],
    ['Noord Zorgverzekeringen', 'bill'],
    ['Nord Telekommunikation', 'bill'],
    ['ELMWOOD FIBERNET', 'bill'],
    ['BIRCH FINANCE LTD', 'bill'],
    ['CITY OF ELMWOOD', 'bill'],
    ['ANCHOR INS PAYMENT 260511', 'bill'],
    ['ELMWOOD WASTE', 'bill'],
    ['口座振替 トウキヨウスイドウ', 'bill'],
    ['口座振替 ガスト', 'subscription'],
    ['Asociatia de proprietari', 'bill'],
  ] as const)('says whether %j is a choice', async ([merchant, kind], { db }) => {
    expect(await found(db, charged(merchant, '-19.99', ...everyMonth('2026-01-15', 6)))).toMatchObject([{ kind }])
  })

  test.for(['SIPO', 'POJISTNE', 'UVER', 'Auto Payment'])(
    'knows the category %s for one of bills',
    async (category, { db }) => {
      const rows = everyMonth('2026-01-15', 6).map((day): Row => [day, 'Novak a spol', '-990.00', { category }])

      expect(await found(db, rows)).toMatchObject([{ kind: 'bill' }])
    },
  )

  test.for([
    ['Miete Whg 12', undefined, 'bill'],
    ['Overschrijving Omschrijving: Huur juni', 'uncategorized', 'bill'],
    ['SVWZ+HAFTPFLICHTVERSICHERUNG 4711', 'Sonstiges', 'bill'],
    ['czynsz 06/2026', 'transfer', 'bill'],
    ['vuokra', undefined, 'bill'],
    ['火災保険料', undefined, 'bill'],
    ['Plata OP chirie 06.2026', 'transfer', 'bill'],
    // how it was paid, and notes where the category says what it is
    ['mobile phone payment', undefined, 'subscription'],
    ['for the rent of a bicycle', 'sport', 'subscription'],
    ['Miete Whg 12', 'subscriptions', 'subscription'],
  ] as const)('reads in %j under %j what is paid', async ([description, category, kind], { db }) => {
    const more = category === undefined ? { description } : { description, category }
    const rows = everyMonth('2026-01-15', 6).map((day): Row => [day, 'Heinz Bergmann', '-490.00', more])

    expect(await found(db, rows)).toMatchObject([{ kind }])
  })

  test('finds a rent that a bank calls a transfer, by its words', async ({ db }) => {
    const days = everyMonth('2026-01-01', 6)
    const rows: Row[] = [
      ...days.map((day): Row => [day, 'Zelle to Maria for rent', '-1200.00', { category: 'Transfer' }]),
      ...days.map((day): Row => [day, 'Bob', '-700.00', { category: 'Transfer', description: 'Mortgage, his half' }]),
      ...days.map((day): Row => [day, 'To savings', '-300.00', { category: 'Transfer' }]),
    ]

    expect((await found(db, rows)).map(({ merchant }) => merchant)).toEqual(['Zelle to Maria for rent', 'Bob'])
  })

  test('finds what is charged every 30 days, however long', async ({ db }) => {
    const plan = charged('Climbing Hall', '-78.50', ...everyDays('2024-06-27', 30, 25))
    const prepaid = charged('Prepaid Mobile', '-15.00', ...everyDays('2026-03-20', 30, 4))

    expect(await found(db, [...plan, ...prepaid])).toMatchObject([
      { merchant: 'Climbing Hall', cadence: 'monthly', active: true, occurrences: 25, next_date: '2026-07-17' },
      { merchant: 'Prepaid Mobile', cadence: 'monthly', occurrences: 4, next_date: '2026-07-18' },
    ])
  })

  test('is not fooled by people, shops and chance', async ({ db }) => {
    const uneven = (days: readonly string[], merchant: string, amounts: readonly number[]) =>
      days.map((day, i): Row => [day, merchant, `-${amounts[i % amounts.length]}.00`])
    const rows = [
      // regular days, irregular amounts
      ...uneven(everyMonth('2025-10-28', 9), 'Maria Garcia', [120, 35, 60, 240, 18]),
      ...uneven(everyMonth('2025-10-05', 9), 'VENMO * John Smith', [50, 60, 45, 55]),
      // the same amount, irregular days
      ...charged('Jane Doe', '-50.00', '2026-01-03', '2026-01-20', '2026-03-02', '2026-04-29', '2026-06-08'),
      // the weekly shopping
      ...uneven(everyDays('2026-01-03', 7, 25), 'Greenleaf Market', [84, 61, 97, 55, 72, 110]),
      ...charged('Bus', '-2.90', ...everyDays('2026-01-01', 3, 30), ...everyDays('2026-02-02', 5, 20)),
      // a cafe now and then
      ...uneven(['2026-02-03', '2026-03-09', '2026-04-02', '2026-05-17', '2026-06-01'], 'Cafe', [12, 15, 11]),
      // money in
      ...charged('Employer', '2500.00', ...everyMonth('2026-01-28', 6)),
    ]

    expect(await found(db, rows)).toEqual([])
  })

  test('finds the rent of a landlord whose name a friend has too', async ({ db }) => {
    const rows = [
      ...charged('Maria Garcia', '-900.00', ...everyMonth('2026-01-01', 6)),
      ...charged('Maria Garcia', '-35.00', '2026-01-17', '2026-03-22'),
      ...charged('Maria Garcia', '-120.00', '2026-02-08', '2026-05-29'),
    ]

    expect(await found(db, rows)).toMatchObject([{ amount: '900.0000', occurrences: 6 }])
  })

  test('takes letters behind an asterisk for a code when they come once only', async ({ db }) => {
    const days = everyMonth('2026-01-04', 6)
    const codes = ['VKP2EZ', 'KWYHUS', 'R9J7QJ', 'BEGANW', 'NZJRHX', 'EH6ULE']
    const plans = days.flatMap((day): Row[] => [
      [day, 'STORE *MUSIC', '-10.99'],
      [addDays(day, 9), 'STORE *DRIVE', '-2.99'],
    ])
    const coded = days.map((day, i): Row => [day, `GYM*${codes[i]}`, '-39.00'])

    expect(await found(db, [...plans, ...coded])).toMatchObject([
      { merchant_key: expect.stringContaining('gym'), occurrences: 6 },
      { merchant: 'STORE *MUSIC', occurrences: 6 },
      { merchant: 'STORE *DRIVE', occurrences: 6 },
    ])
  })

  test('takes them for a code behind a space too', async ({ db }) => {
    const rows: Row[] = [
      ['2025-04-06', 'NAME-SHOP.COM* PPQPJU 555-3102107 AZ', '-14.98'],
      ['2026-04-06', 'NAME-SHOP.COM* 7KQ2AX 555-3102107 AZ', '-14.98'],
    ]

    expect(await found(db, rows)).toMatchObject([{ cadence: 'yearly' }])
  })

  test('believes the bank that something is a subscription, also where the amount varies', async ({ db }) => {
    const uneven = (merchant: string, more: NonNullable<Row[3]>) =>
      everyMonth('2025-11-11', 8).map((day, i): Row => [day, merchant, `-${23 + ((i * 7) % 5)}.00`, more])
    const rows = [...uneven('Host', { category: 'subscriptions' }), ...uneven('Box', { is_subscription: true })]

    expect(await found(db, rows)).toMatchObject([{ kind: 'subscription' }, { kind: 'subscription' }])
    expect(await found(db, uneven('Works', { category: 'other' }))).toMatchObject([{ kind: 'bill' }])
  })

  test('asks more of few charges', async ({ db }) => {
    const shop = (merchant: string, ...amounts: string[]) =>
      amounts.map((amount, i): Row => [addDays('2025-06-14', 365 * i), merchant, amount])
    const insured = shop('Anchor Insurance', '-200.00', '-230.00')
    const same = shop('Club', '-79.00', '-79.00')
    const dearer = shop('Outfitters', '-277.32', '-291.10')
    const oftener: Row[] = [...shop('Grocer', '-92.25', '-92.25'), ['2026-01-20', 'Grocer', '-14.10']]
    const prices = ['-65.09', '-63.61', '-66.40']
    const threeOnly = everyMonth('2026-04-16', 3).map((day, i): Row => [day, 'Arcade', prices[i] as string])

    const merchants = (await found(db, [...insured, ...same, ...dearer, ...oftener, ...threeOnly])).map(
      (s) => s.merchant,
    )

    expect(merchants).toEqual(['Anchor Insurance', 'Club'])
  })

  test('leaves out what is not spending', async ({ db }) => {
    const days = everyMonth('2026-01-12', 6)
    const rows: Row[] = [
      ...days.map((day): Row => [day, 'Summit Card', '-200.00', { category: 'Credit Card Payment' }]),
      ...days.map((day): Row => [day, 'Rainy Day Savings', '-300.00', { category: 'transfer' }]),
      ...charged('CHASE CREDIT CRD AUTOPAY', '-150.00', ...days),
      ...charged('SUMMIT CARD SERV ONLINE PMT CKF', '-170.00', ...days),
      ...charged('BARCLAYCARD US CREDITCARD 0211 WEB ID: 2510407970', '-140.00', ...days),
      ...days.map(
        (day): Row => [day, 'Summit', '-90.00', { category: 'LOAN_PAYMENTS', description: 'SUMMIT CRCARDPMT' }],
      ),
      ...days.map((day): Row => [day, '', '-14.60']),
      ...days.map((day): Row => [day, 'Still pending', '-9.00', { status: 'pending' }]),
    ]

    expect(await found(db, rows)).toEqual([])
  })

  test('forgets charges that were taken back', async ({ db }) => {
    const account = await createAccount(db)
    const made = await book(db, account, charged('Streamhouse', '-9.99', '2026-04-04', '2026-05-04', '2026-06-04'))
    await db
      .insertInto('finance.transactions')
      .values(
        made.slice(0, 1).map(({ user_id, account_id, currency, id }) => ({
          user_id,
          account_id,
          currency,
          reverses_id: id,
          date: '2026-04-05',
          merchant: 'Streamhouse',
          amount: '9.99',
        })),
      )
      .execute()

    expect(await subscriptions.detect(db, account.user_id, { as_of })).toEqual([])
  })

  test('says which have ended, and forgets what lies further back than asked', async ({ db }) => {
    const { user_id } = await accountWith(db, [
      ...charged('Paper', '-12.00', ...everyMonth('2025-06-08', 6)),
      ...charged('Gym', '-39.00', ...everyMonth('2026-01-02', 6)),
    ])

    expect(await subscriptions.detect(db, user_id, { as_of })).toMatchObject([
      { merchant: 'Gym', active: true },
      { merchant: 'Paper', active: false, last_date: '2025-11-08' },
    ])
    expect(await subscriptions.detect(db, user_id, { as_of, days: 180 })).toMatchObject([{ merchant: 'Gym' }])
    expect(await subscriptions.detect(db, user_id, { as_of: '2026-02-28' })).toMatchObject([{ merchant: 'Paper' }])
  })

  test('follows a subscription to another card and keeps currencies apart', async ({ db }) => {
    const old = await accountWith(db, charged('Cloudkeep', '-2.99', ...everyMonth('2025-10-19', 5)))
    const { user_id } = old
    await book(db, await createAccount(db, { user_id }), charged('Cloudkeep', '-2.99', ...everyMonth('2026-03-19', 4)))
    const euros = await createAccount(db, { user_id, currency: 'EUR' })
    await book(db, euros, charged('Cloudkeep', '-2.99', ...everyMonth('2026-01-19', 6)))

    const both = await subscriptions.detect(db, user_id, { as_of })

    expect(both.map(({ currency, occurrences }) => [currency, occurrences]).sort()).toEqual([
      ['EUR', 6],
      ['USD', 9],
    ])
  })

  test('shows nobody else’s', async ({ db }) => {
    await accountWith(db, charged('Gym', '-39.00', ...everyMonth('2026-01-02', 6)))
    const other = await createAccount(db)

    expect(await subscriptions.detect(db, other.user_id, { as_of })).toEqual([])
  })

  test('refuses options that make no sense', async ({ db }) => {
    const { user_id } = await createAccount(db)

    await expect(subscriptions.detect(db, user_id, { as_of: 'today' })).rejects.toThrow(InvalidInputError)
    await expect(subscriptions.detect(db, user_id, { as_of, days: 3 })).rejects.toThrow(InvalidInputError)
  })
})
