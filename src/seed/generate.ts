import type { Persona, TimeWindow } from '../schema/enums.js'
import { createHousehold, type Household } from './household.js'
import { type Facts, factsOf, judge, type Reading, recapOf, windowDays } from './judge.js'
import type { Plan } from './options.js'
import { laterInCircle, type P2p, p2pBetween, p2pOf } from './p2p.js'
import { createPerson, type Person } from './people.js'

/** A person with all that is theirs, and what they and those before them sent each other. */
export interface Generated extends Household {
  readonly p2p: readonly P2p[]
  /** Meant to be, and not what the rules make of so short a span. */
  readonly missesPersona: boolean
}

const attempts = 60
/** Below it there are not three months of anything. */
const enoughDays = 200

/**
 * Draws lives until one is what the person is meant to be, in each window and however the rules are read: so a detector
 * that disagrees is wrong. What is sent between people counts too, with and without those who come later.
 */
export function generate(plan: Plan, place: number): Generated {
  const person = createPerson(plan, place)
  const p2p = p2pOf(plan, person)
  const variants = p2pVariants(plan, person, p2p)
  for (let attempt = 1; ; attempt++) {
    const household = createHousehold(plan, person, attempt)
    const fits = variants.every((sent) => isMeantToBe(plan, household, sent))
    if (fits || attempt === attempts || plan.daysOfMoney < enoughDays) {
      return { ...household, p2p, missesPersona: !fits }
    }
  }
}

/** What the person sent and got, first without those who come later in the circle and then with one more each. */
function p2pVariants(plan: Plan, person: Person, earlier: readonly P2p[]): Array<readonly P2p[]> {
  const variants = [earlier]
  for (const place of laterInCircle(person.place)) {
    variants.push([...(variants.at(-1) ?? []), ...p2pBetween(plan, person, createPerson(plan, place))])
  }
  return variants
}

/** What the person sent and got in a seed of so many people. */
export function allP2p(plan: Plan, { person, p2p }: Generated): readonly P2p[] {
  const seeded = laterInCircle(person.place).filter((place) => place <= plan.users).length
  return p2pVariants(plan, person, p2p)[seeded] ?? p2p
}

const readings: readonly Reading[] = ['lenient', 'strict']

function isMeantToBe({ calendar }: Plan, household: Household, p2p: readonly P2p[]): boolean {
  const recap = recapOf(household, calendar.last)
  const is = (days: number, reading: Reading) =>
    judge(factsOf(recap, days, reading, p2p), reading) === household.person.persona
  return (
    [90, 180].every((days) => readings.every((reading) => is(days, reading) && is(days + 1, reading))) &&
    is(30, 'lenient') &&
    is(31, 'lenient')
  )
}

export interface Judged {
  readonly window: TimeWindow
  readonly persona: Persona
  /** By what happened in the window alone, where that is another. */
  readonly inWindow: Persona | undefined
  readonly facts: Facts
}

/** Where the window is too short for three charges or two payments, what was before it counts. */
export function personaIn(plan: Plan, generated: Generated, window: TimeWindow): Judged {
  const p2p = allP2p(plan, generated)
  const recap = recapOf(generated, plan.calendar.last)
  const read = (reading: Reading) => factsOf(recap, windowDays[window], reading, p2p)
  const facts = read('lenient')
  const persona = judge(facts, 'lenient')
  const inWindow = judge(read('strict'), 'strict')
  return { window, persona, inWindow: inWindow === persona ? undefined : inWindow, facts }
}
