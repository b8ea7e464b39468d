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
}

/** Twelve percentages, January first. */
export type Season = readonly number[]

export const habits: readonly Habit[] = [
  {
    category: 'groceries',
    merchants: ['Greenleaf Market', 'Corner Pantry', 'Harvest Foods', 'Sunrise Grocers'],
    weekdays: [22, 12, 14, 16, 14, 24, 62],
    between: [18_40, 96_90],
    season: [97, 95, 98, 98, 100, 102, 103, 100, 98, 100, 112, 124],
  },
  {
    category: 'restaurants',
    merchants: ['Luna Trattoria', 'Noodle House', 'Taqueria Sol', 'The Copper Pot', 'Bluebird Diner'],
    weekdays: [18, 5, 6, 9, 14, 38, 36],
    between: [14_20, 68_50],
    season: [90, 97, 98, 100, 103, 106, 108, 106, 100, 98, 98, 112],
  },
  {
    category: 'coffee',
    merchants: ['Third Street Coffee', 'Kettle & Bean'],
    weekdays: [12, 34, 34, 36, 34, 38, 22],
    between: [3_75, 8_60],
  },
  {
    category: 'transport',
    merchants: ['Metro Transit', 'Ridgeway Fuel', 'Swift Cabs'],
    weekdays: [8, 22, 20, 20, 22, 24, 14],
    between: [5_50, 52_00],
    season: [102, 100, 100, 98, 98, 104, 108, 106, 98, 98, 100, 104],
  },
  {
    category: 'shopping',
    merchants: ['Oak & Thread', 'Homestead Supply', 'Paperback Lane', 'Volt Electronics'],
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

/** What the person in Europe pays for, with cash of the euro account. */
export const holiday: Habit = {
  category: 'travel',
  merchants: ['Hotel Miramar', 'Trattoria da Nino', 'Ferrovia Sud', 'Museo Civico', 'Mercato Centrale'],
  weekdays: [90, 90, 90, 90, 90, 90, 90],
  between: [14_00, 128_00],
}

/** A charge on the same day of each month, on the card. */
export interface Subscription {
  readonly merchant: string
  readonly category: string
  readonly date: number
  readonly amount: number
  /** The new price, from the middle of the seeded span on. */
  readonly later?: number
}

export const subscriptions: readonly Subscription[] = [
  { merchant: 'Streamhouse', category: 'subscriptions', date: 4, amount: 15_49, later: 17_99 },
  { merchant: 'Tunewave', category: 'subscriptions', date: 11, amount: 10_99 },
  { merchant: 'Ironworks Gym', category: 'fitness', date: 2, amount: 39_00 },
  { merchant: 'Cloudkeep Storage', category: 'subscriptions', date: 19, amount: 2_99 },
  { merchant: 'The Daily Ledger', category: 'subscriptions', date: 8, amount: 12_00, later: 14_00 },
  { merchant: 'Kitchen Crate', category: 'subscriptions', date: 15, amount: 64_95 },
  { merchant: 'Lingua Pro', category: 'subscriptions', date: 22, amount: 13_99 },
  { merchant: 'Arcade Pass', category: 'subscriptions', date: 27, amount: 9_99, later: 11_99 },
]

/** A bill paid from checking each month. */
export interface Bill {
  readonly merchant: string
  readonly category: string
  readonly date: number
  readonly between: readonly [number, number]
  readonly season?: Season
}

export const bills: readonly Bill[] = [
  {
    merchant: 'City Power & Gas',
    category: 'utilities',
    date: 14,
    between: [72_00, 96_00],
    season: [165, 155, 130, 100, 80, 78, 92, 95, 80, 88, 118, 150],
  },
  { merchant: 'Northline Mobile', category: 'utilities', date: 18, between: [45_00, 45_00] },
  { merchant: 'Fiberlink Internet', category: 'utilities', date: 9, between: [59_99, 59_99] },
  { merchant: 'Anchor Insurance', category: 'insurance', date: 21, between: [86_40, 86_40] },
]
