/** How someone lives, in whole cents of US dollars. */
export interface Profile {
  readonly goals: string
  readonly pay: {
    /** `irregular`: an invoice every five to nine weeks, half to one and a half times the amount. */
    readonly every: 'fortnight' | 'month' | 'irregular'
    /** After tax, in the first year; it rises by 3 % each January. */
    readonly amount: number
  }
  readonly rent: number
  /** How much the person buys, in percent of what is usual. */
  readonly lifestyle: number
  /** How many of the subscriptions of `merchants.ts`. */
  readonly subscriptions: number
  readonly checking: { readonly opening: number }
  readonly savings: { readonly opening: number; readonly monthly: number }
  readonly card: {
    readonly limit: number
    /** What is owed at the start. */
    readonly owed: number
    /** In percent of each statement: what is left over bears interest. */
    readonly pays: number
  }
  /** Cash for holidays in Europe, in euro cents. */
  readonly travel?: { readonly opening: number }
}

/** The first person of a seed has the first profile, and so on around. */
export const profiles: readonly [Profile, ...Profile[]] = [
  {
    goals: 'Keep six months of expenses aside and take a proper holiday each summer.',
    pay: { every: 'fortnight', amount: 1_720_00 },
    rent: 1_450_00,
    lifestyle: 100,
    subscriptions: 4,
    checking: { opening: 3_240_75 },
    savings: { opening: 8_500_00, monthly: 300_00 },
    card: { limit: 7_500_00, owed: 412_18, pays: 100 },
    travel: { opening: 3_100_00 },
  },
  {
    goals: 'Get the credit card down to zero.',
    pay: { every: 'month', amount: 2_740_00 },
    rent: 1_180_00,
    lifestyle: 102,
    subscriptions: 3,
    checking: { opening: 1_105_40 },
    savings: { opening: 350_00, monthly: 0 },
    card: { limit: 5_000_00, owed: 2_960_55, pays: 45 },
  },
  {
    goals: 'Smooth out the months between two projects.',
    pay: { every: 'irregular', amount: 4_850_00 },
    rent: 1_320_00,
    lifestyle: 95,
    subscriptions: 3,
    checking: { opening: 5_870_10 },
    savings: { opening: 1_900_00, monthly: 0 },
    card: { limit: 6_000_00, owed: 655_00, pays: 100 },
  },
  {
    goals: 'Find out where the money goes.',
    pay: { every: 'fortnight', amount: 1_390_00 },
    rent: 1_240_00,
    lifestyle: 92,
    subscriptions: 8,
    checking: { opening: 1_980_00 },
    savings: { opening: 2_400_00, monthly: 75_00 },
    card: { limit: 4_000_00, owed: 520_30, pays: 100 },
  },
  {
    goals: 'A down payment in three years.',
    pay: { every: 'month', amount: 4_280_00 },
    rent: 1_690_00,
    lifestyle: 85,
    subscriptions: 2,
    checking: { opening: 4_410_00 },
    savings: { opening: 21_750_00, monthly: 1_050_00 },
    card: { limit: 12_000_00, owed: 380_00, pays: 100 },
  },
]
