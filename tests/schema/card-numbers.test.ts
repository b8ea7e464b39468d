import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { containsCardNumber, maskCardNumbers, newAccount, newTransaction, newUser } from '../../src/schema/index.js'

const uuid = '01890000-0000-7000-8000-00000000000a'

/** With the last digit that Luhn asks for, found by trying. */
function withCheckDigit(digits: string): string {
  const found = [...'0123456789'].map((last) => digits + last).find((number) => luhnSum(number) % 10 === 0)
  return found as string
}

function luhnSum(number: string): number {
  const fromRight = [...number].reverse().map(Number)
  return fromRight.reduce((sum, digit, i) => sum + (i % 2 === 0 ? digit : Number('0246813579'[digit])), 0)
}

const visa = fc.stringMatching(/^4\d{14}$/).map(withCheckDigit)

describe('card numbers', () => {
  // The numbers that the networks publish for tests.
  test.for([
    ['Visa', '4111111111111111'],
    ['Visa with 13 digits', '4222222222222'],
    ['Visa with 19 digits', '4000000000000000006'],
    ['Mastercard', '5555555555554444'],
    ['Mastercard of the 2 series', '2223003122003222'],
    ['American Express', '378282246310005'],
    ['American Express in groups', '3782 822463 10005'],
    ['Diners Club', '3056 930902 5904'],
    ['Discover', '6011-1111-1111-1117'],
    ['JCB', '3530111333300000'],
    ['UnionPay', '6200000000000005'],
    ['in a sentence', 'my card is 4111 1111 1111 1111.'],
    ['before its expiry', '4111 1111 1111 1111 12/27 123'],
    ['after a day', '2026-03-01 4111 1111 1111 1111'],
    ['after a number', '12 4111111111111111'],
    ['digit by digit', '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'],
    ['between non-breaking spaces', '4111\u00a01111\u00a01111\u00a01111'],
    ['after a plus, too long for a phone', '+4111111111111111'],
    ['after an IBAN', 'DE44 5001 0517 5407 3249 31 4111 1111 1111 1111'],
  ])('are found: %s', ([, text]) => {
    expect(containsCardNumber(text as string)).toBe(true)
  })

  test.for([
    ['a wrong check digit', '4111111111111112'],
    ['a masked one', '4111 11** **** 1111'],
    ['a masked one with letters', '411111XXXXXX1111'],
    ['12 digits', '411111111118'],
    ['20 digits', withCheckDigit('4111111111111111111')],
    ['no issuer', withCheckDigit('111111111111111')],
    ['a time', withCheckDigit('2024061812345')],
    ['an IBAN', 'DE44 5001 0517 5407 3249 31'],
    ['an IBAN whose groups pass for a card', 'GB71 4111 1111 1111 1111 11 rent'],
    ['a UUID of digits', '41111111-1111-4111-8111-111111111111'],
    ['a phone number', `+${withCheckDigit('491512345678')}`],
    ['pairs of digits among others', '12 41 11 11 11 11 11 11 11'],
    ['numbers side by side, grouped as no card is', '12 411 1111 111 111111'],
    ['an id that goes on with letters', '4111111111111111abc'],
    ['an id with letters', 'INV4111111111111111'],
    ['an id with an underscore', 'ch_4111111111111111'],
  ])('are not taken for %s', ([, text]) => {
    expect(containsCardNumber(text as string)).toBe(false)
  })

  test('are found wherever they stand between other words, however grouped', () => {
    const words = fc.stringMatching(/^([a-z,.:#()]{0,8} )?$/)
    fc.assert(
      fc.property(visa, words, words, fc.constantFrom('', ' ', '-'), (number, before, after, separator) => {
        const grouped = (number.match(/.{4}/g) as string[]).join(separator)
        const text = `${before}${grouped} ${after}`

        expect(containsCardNumber(text)).toBe(true)
        const masked = maskCardNumbers(text)
        expect(containsCardNumber(masked)).toBe(false)
        expect(masked).toHaveLength(text.length)
        expect(masked.replace(/\D/g, '')).toBe(number.slice(-4))
      }),
    )
  })

  test('with one digit changed are no card numbers', () => {
    fc.assert(
      fc.property(visa, fc.nat(15), fc.integer({ min: 1, max: 9 }), (number, at, by) => {
        const changed = number.slice(0, at) + ((Number(number[at]) + by) % 10) + number.slice(at + 1)
        expect(containsCardNumber(changed)).toBe(false)
      }),
    )
  })

  test('are masked until none is left, also where two share digits', () => {
    const text = `4111 1111 1111 1111 ${withCheckDigit('41111111111')
      .slice(4)
      .replace(/(.{4})/g, '$1 ')}`
    fc.assert(
      fc.property(fc.oneof(fc.constant(text), fc.stringMatching(/^[0-9 -]{0,60}$/)), (digits) => {
        expect(containsCardNumber(maskCardNumbers(digits))).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  test('are not seen in ids', () => {
    for (let i = 0; i < 20_000; i++) expect(containsCardNumber(randomUUID())).toBe(false)
  })

  test('are looked for in bounded time in hostile text', () => {
    const texts = [
      '1 '.repeat(500_000),
      '4111 '.repeat(20_000),
      '4'.repeat(1_000_000),
      'DE44 5001 0517 '.repeat(60_000),
    ]
    const start = performance.now()
    for (const text of texts) containsCardNumber(text)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('the schemas of the tables', () => {
  const card = 'card 4111 1111 1111 1111'

  test('refuse card numbers in words, with a message that does not repeat them', () => {
    const movement = { user_id: uuid, account_id: uuid, date: '2026-03-01', merchant: 'Shop', amount: '1' }
    const account = { user_id: uuid, account_type: 'checking', name: 'Everyday' }
    for (const [schema, row] of [
      [newTransaction, { ...movement, merchant: card }],
      [newTransaction, { ...movement, description: card }],
      [newTransaction, { ...movement, category: card }],
      [newAccount, { ...account, name: card }],
      [newAccount, { ...account, institution: card }],
      [newUser, { email: 'a@example.org', financial_goals: card }],
      [newUser, { email: 'a@example.org', phone_number: '4111111111111111' }],
    ] as const) {
      const issues = schema.safeParse(row).error?.issues ?? []
      expect(issues.map(({ message }) => message)).toEqual([
        'must not contain a full card number: leave it out, or all of it but the last four digits',
      ])
    }
  })

  test('leave ids and phone numbers alone', () => {
    const id = '4111111111111111'
    const row = { user_id: uuid, account_id: uuid, date: '2026-03-01', merchant: 'Shop', amount: '1' }

    expect(newTransaction.safeParse({ ...row, external_id: id, idempotency_key: id }).success).toBe(true)
    expect(newUser.safeParse({ email: 'a@example.org', phone_number: '4222222222222' }).success).toBe(true)
  })
})
