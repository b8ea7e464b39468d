import { describe, expect, test } from 'vitest'
import { merchantKey } from '../../src/signals/merchant-key.js'

describe('merchantKey', () => {
  test.for([
    ['SQ *BLUE BAKERY 000123', 'blue bakery'],
    ['TST* The Copper Pot - Oslo', 'the copper pot oslo'],
    ['PAYPAL *STREAMHOUSE', 'streamhouse'],
    ['PAYPAL INST XFER STREAMHOUSE', 'streamhouse'],
    ['STREAMHOUSE.COM 866-555-0100 CA', 'streamhouse'],
    ['https://streamhouse.com/bill', 'streamhouse'],
    ['AMZN MKTP US*2K3L45', 'amzn mktp us'],
    ['RIDE *TRIP', 'ride trip'],
    ['POS PURCHASE 03/14 GREENLEAF MARKET #0117 SEATTLE WA', 'greenleaf market'],
    ['Rent March 2026', 'rent'],
    ['Hausverwaltung Müller GmbH RF18539007547034', 'hausverwaltung müller'],
    ['ООО Ромашка 12345', 'ооо ромашка'],
    ['H&M', 'h&m'],
    ['YZ 87144583', 'yz 87144583'],
    ['ST 89597016 REF 100237 05.01.2026', 'st 89597016'],
    ['DE89 3704 0044 0532 0130 00 RE-77123', 'de89 3704 0044 0532 0130 00'],
    ['Transfer to 55510001', 'transfer to 55510001'],
    ['', ''],
  ] as const)('makes %j %j', ([name, key]) => {
    expect(merchantKey(name)).toBe(key)
  })

  test('takes no time over long names', () => {
    const long = `${'9a'.repeat(200)} ${'x '.repeat(50)}${'1 '.repeat(50)}`
    const start = performance.now()
    for (let i = 0; i < 100; i++) merchantKey(long)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
