/** A group smaller than this is not shown: its figures would be those of people one may know. */
export const fewest = 5

export interface Group {
  readonly people: number
}

/**
 * Parts of a whole, such as the people with each persona, without the groups that are too small. Their people are told as
 * one number; so that it is not the size of a single small group, groups go with them, the smallest first, until it is
 * {@link fewest} or more.
 */
export function hideFew<G extends Group>(groups: readonly G[]): { shown: G[]; others: number } {
  const hidden = new Set(groups.filter(({ people }) => people < fewest))
  const left = groups.filter((group) => !hidden.has(group)).sort((a, b) => b.people - a.people)
  const others = () => [...hidden].reduce((sum, { people }) => sum + people, 0)
  while (others() > 0 && others() < fewest && left.length > 0) {
    const smallest = left.pop()
    if (smallest !== undefined) hidden.add(smallest)
  }
  const total = others()
  return {
    shown: groups.filter((group) => !hidden.has(group)),
    others: total < fewest ? 0 : total,
  }
}
