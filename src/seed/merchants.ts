/** Invented shops and services. Amounts are whole cents. */

type Names = readonly [string, ...string[]]

/** Something that is bought now and then. */
export interface Habit {
  readonly category: string
  readonly merchants: Names
  /** Chance in percent, for each day of the week from Sunday on. */
  readonly weekdays: readonly [number, number, number, number, number, number, number]
  /** Cents of one purchase, both ends included. */
  readonly between: readonly [number, number]
  /** In percent of the usual, for each month from January on; a flat year when left out. */
  readonly season?: Season
  /** Chance in percent that a purchase is sent back. */
  readonly returned?: number
  /** Always the same amount, whenever it is bought: easily taken for a subscription. */
  readonly flat?: boolean
  /** Costs the well-off only half as much more as other things do. */
  readonly modest?: boolean
}

/** Twelve percentages, January first. */
export type Season = readonly number[]

export const habits: readonly Habit[] = [
  {
    category: 'groceries',
    merchants: ['Greenleaf Market', 'Corner Pantry', 'Harvest Foods', 'Sunrise Grocers', 'Olive & Rye'],
    weekdays: [22, 12, 14, 16, 14, 24, 62],
    between: [18_40, 96_90],
    season: [97, 95, 98, 98, 100, 102, 103, 100, 98, 100, 112, 124],
  },
  {
    category: 'restaurants',
    merchants: ['Luna Trattoria', 'Noodle House', 'Taqueria Sol', 'The Copper Pot', 'Bluebird Diner', 'Smokestack BBQ'],
    weekdays: [18, 5, 6, 9, 14, 38, 36],
    between: [14_20, 68_50],
    season: [90, 97, 98, 100, 103, 106, 108, 106, 100, 98, 98, 112],
  },
  {
    category: 'coffee',
    merchants: ['Third Street Coffee', 'Kettle & Bean'],
    weekdays: [12, 34, 34, 36, 34, 38, 22],
    between: [3_75, 8_60],
    modest: true,
  },
  {
    category: 'transport',
    merchants: ['Ridgeway Fuel', 'Swift Cabs', 'Lakeshore Parking'],
    weekdays: [8, 14, 12, 12, 14, 20, 14],
    between: [9_50, 52_00],
    season: [102, 100, 100, 98, 98, 104, 108, 106, 98, 98, 100, 104],
  },
  {
    category: 'transport',
    merchants: ['Metro Transit'],
    weekdays: [2, 13, 12, 14, 12, 11, 4],
    between: [2_90, 2_90],
    flat: true,
  },
  {
    category: 'shopping',
    merchants: ['Oak & Thread', 'Homestead Supply', 'Paperback Lane', 'Volt Electronics', 'Parcel & Co'],
    weekdays: [9, 5, 5, 5, 6, 9, 17],
    between: [16_00, 142_00],
    season: [72, 80, 90, 95, 98, 100, 96, 105, 98, 100, 138, 190],
    returned: 6,
  },
  {
    category: 'health',
    merchants: ['Wellspring Pharmacy', 'Dr. Amari Dental', 'Cityside Clinic'],
    weekdays: [1, 5, 5, 5, 5, 5, 2],
    between: [9_80, 88_00],
    season: [125, 120, 108, 100, 98, 90, 85, 85, 95, 105, 112, 118],
  },
  {
    category: 'entertainment',
    merchants: ['Palace Cinema', 'Riverside Stage', 'Pixel Arcade'],
    weekdays: [7, 2, 2, 3, 4, 14, 18],
    between: [11_00, 58_00],
    season: [95, 98, 98, 100, 102, 108, 110, 108, 100, 98, 95, 105],
  },
]

/** What all habits together cost in a month at the usual amounts. */
export const everydayCost = Math.round(
  habits.reduce((sum, { weekdays, between }) => {
    const perWeek = weekdays.reduce((total, chance) => total + chance, 0)
    return sum + (perWeek * (between[0] + between[1]) * 365) / (100 * 2 * 7 * 12)
  }, 0),
)

/** What people in Europe pay for, with cash of the euro account. */
export const holiday: Habit = {
  category: 'travel',
  merchants: ['Hotel Miramar', 'Trattoria da Nino', 'Ferrovia Sud', 'Museo Civico', 'Mercato Centrale'],
  weekdays: [90, 90, 90, 90, 90, 90, 90],
  between: [14_00, 128_00],
}

/** What is bought when there is money over. */
export const treats: readonly [Treat, ...Treat[]] = [
  { merchant: 'Skyline Air', category: 'travel' },
  { merchant: 'Homestead Supply', category: 'home' },
  { merchant: 'Volt Electronics', category: 'shopping' },
  { merchant: 'Ridgeline Outfitters', category: 'shopping' },
  { merchant: 'Stayfront Hotels', category: 'travel' },
]

interface Treat {
  readonly merchant: string
  readonly category: string
}

export type Cadence = 'weekly' | 'fortnightly' | 'monthly' | 'yearly'

export interface Service {
  readonly merchant: string
  readonly category: string
  /** Of each charge: one of these. */
  readonly amounts: readonly [number, ...number[]]
  /** `monthly` when left out. */
  readonly cadence?: Cadence
  /** The name under which it charges later: services rename themselves. */
  readonly renamed?: string
  /** Charged by use, up to so many percent above or below. */
  readonly varies?: number
}

export const services: readonly [Service, ...Service[]] = [
  { merchant: 'Streamhouse', category: 'subscriptions', amounts: [9_99, 15_49, 22_99] },
  { merchant: 'Tunewave', category: 'subscriptions', amounts: [10_99, 16_99] },
  { merchant: 'Ironworks Gym', category: 'fitness', amounts: [29_00, 39_00, 54_00] },
  { merchant: 'The Daily Ledger', category: 'subscriptions', amounts: [12_00, 17_00] },
  { merchant: 'Kitchen Crate', category: 'subscriptions', amounts: [47_94, 64_95], cadence: 'weekly' },
  { merchant: 'Cloudkeep Storage', category: 'subscriptions', amounts: [2_99, 9_99] },
  { merchant: 'Lingua Pro', category: 'subscriptions', amounts: [13_99] },
  { merchant: 'Arcade Pass', category: 'subscriptions', amounts: [9_99, 14_99] },
  { merchant: 'Shutterbox', category: 'subscriptions', amounts: [19_99], renamed: 'Shutterbox Plus' },
  { merchant: 'Beanpost Coffee Club', category: 'subscriptions', amounts: [18_50, 34_00], cadence: 'fortnightly' },
  { merchant: 'Pawbox', category: 'subscriptions', amounts: [29_95] },
  { merchant: 'Wavehost', category: 'subscriptions', amounts: [24_00], varies: 12 },
  { merchant: 'Mindful Minutes', category: 'subscriptions', amounts: [12_99] },
  { merchant: 'Fresh Fold Laundry', category: 'subscriptions', amounts: [22_00], cadence: 'weekly' },
  { merchant: 'Sportsline TV', category: 'subscriptions', amounts: [34_99, 72_99] },
]

export const yearlyServices: readonly [Service, ...Service[]] = [
  { merchant: 'Parcel & Co Premier', category: 'subscriptions', amounts: [99_00, 139_00], cadence: 'yearly' },
  { merchant: 'Lockbox Passwords', category: 'subscriptions', amounts: [35_88], cadence: 'yearly' },
  { merchant: 'Roadhelp Club', category: 'transport', amounts: [79_00], cadence: 'yearly' },
]

/** A bill paid from checking each month. */
export interface BillKind {
  readonly merchant: string
  readonly category: string
  readonly between: readonly [number, number]
  readonly season?: Season
}

export const power: BillKind = {
  merchant: 'City Power & Gas',
  category: 'utilities',
  between: [72_00, 96_00],
  season: [165, 155, 130, 100, 80, 78, 92, 95, 80, 88, 118, 150],
}

export const bills: readonly BillKind[] = [
  power,
  { merchant: 'Northline Mobile', category: 'utilities', between: [45_00, 45_00] },
  { merchant: 'Fiberlink Internet', category: 'utilities', between: [59_99, 59_99] },
  { merchant: 'Anchor Insurance', category: 'insurance', between: [86_40, 86_40] },
  {
    merchant: 'Millbrook Water',
    category: 'utilities',
    between: [28_00, 41_00],
    season: [90, 90, 92, 96, 104, 118, 128, 126, 110, 98, 92, 90],
  },
]

/** What is traded on the exchange of this seed. */
export const funds = [
  { symbol: 'HBTM', name: 'Harbor Total Market ETF', asset_class: 'etf', from: 84_0000 },
  { symbol: 'HBBD', name: 'Harbor Broad Bond Fund', asset_class: 'mutual_fund', from: 41_5000 },
  { symbol: 'OAKT', name: 'Oak & Thread Inc', asset_class: 'equity', from: 26_3000 },
  { symbol: 'VOLT', name: 'Volt Electronics Corp', asset_class: 'equity', from: 152_0000 },
] as const

export const memos = [
  'pizza',
  'concert tickets',
  'gas',
  'groceries',
  'birthday gift',
  'taxi',
  'dinner',
  'cabin weekend',
] as const
