/** An edge between one of the left and one of the right, the better the higher. */
export interface Edge {
  readonly left: string
  readonly right: string
  readonly score: number
}

/** A part of the graph above this many on a side is assigned greedily: the exact way takes the cube of it. */
const exactUpTo = 120

/** Each left and each right at most once, so that the sum of the scores is the greatest. Scores are above zero. */
export function bestAssignment<E extends Edge>(edges: readonly E[]): E[] {
  return components(edges).flatMap((part) => {
    if (part.length === 1) return part
    const lefts = [...new Set(part.map(({ left }) => left))]
    const rights = [...new Set(part.map(({ right }) => right))]
    return Math.max(lefts.length, rights.length) > exactUpTo ? greedy(part) : exact(part, lefts, rights)
  })
}

function components<E extends Edge>(edges: readonly E[]): E[][] {
  const parents = new Map<string, string>()
  const root = (key: string): string => {
    let at = key
    for (let up = parents.get(at); up !== undefined && up !== at; up = parents.get(at)) at = up
    parents.set(key, at)
    return at
  }
  for (const { left, right } of edges) parents.set(root(`l${left}`), root(`r${right}`))
  const parts = new Map<string, E[]>()
  for (const edge of edges) {
    const key = root(`l${edge.left}`)
    parts.set(key, [...(parts.get(key) ?? []), edge])
  }
  return [...parts.values()]
}

function greedy<E extends Edge>(edges: readonly E[]): E[] {
  const taken = new Set<string>()
  return edges
    .toSorted((a, b) => b.score - a.score)
    .filter(({ left, right }) => {
      if (taken.has(`l${left}`) || taken.has(`r${right}`)) return false
      taken.add(`l${left}`).add(`r${right}`)
      return true
    })
}

/** The Hungarian method with potentials, on a square of costs where a missing edge costs nothing. */
function exact<E extends Edge>(edges: readonly E[], lefts: readonly string[], rights: readonly string[]): E[] {
  const size = Math.max(lefts.length, rights.length)
  const byPair = new Map(edges.map((edge) => [`${lefts.indexOf(edge.left)} ${rights.indexOf(edge.right)}`, edge]))
  const cost = (row: number, column: number) => -(byPair.get(`${row - 1} ${column - 1}`)?.score ?? 0)
  const rowPotential = new Float64Array(size + 1)
  const columnPotential = new Float64Array(size + 1)
  const rowOf = new Int32Array(size + 1)

  for (let row = 1; row <= size; row++) {
    const least = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY)
    const before = new Int32Array(size + 1)
    const seen = new Uint8Array(size + 1)
    let column = 0
    rowOf[0] = row
    do {
      seen[column] = 1
      const at = rowOf[column] as number
      let delta = Number.POSITIVE_INFINITY
      let next = 0
      for (let j = 1; j <= size; j++) {
        if (seen[j]) continue
        const reduced = cost(at, j) - (rowPotential[at] as number) - (columnPotential[j] as number)
        if (reduced < (least[j] as number)) {
          least[j] = reduced
          before[j] = column
        }
        if ((least[j] as number) < delta) {
          delta = least[j] as number
          next = j
        }
      }
      for (let j = 0; j <= size; j++) {
        if (seen[j]) {
          rowPotential[rowOf[j] as number] = (rowPotential[rowOf[j] as number] as number) + delta
          columnPotential[j] = (columnPotential[j] as number) - delta
        } else {
          least[j] = (least[j] as number) - delta
        }
      }
      column = next
    } while (rowOf[column] !== 0)
    while (column !== 0) {
      const from = before[column] as number
      rowOf[column] = rowOf[from] as number
      column = from
    }
  }
  return Array.from({ length: size }, (_, j) => byPair.get(`${(rowOf[j + 1] as number) - 1} ${j}`)).filter(
    (edge) => edge !== undefined,
  )
}
