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
    const lefts = numbered(part, ({ left }) => left)
    const rights = numbered(part, ({ right }) => right)
    return Math.max(lefts.size, rights.size) > exactUpTo ? greedy(part) : exact(part, lefts, rights)
  })
}

/** Numbers from 0, in the order in which they come. */
function numbered<E>(edges: readonly E[], keyOf: (edge: E) => string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  for (const edge of edges) {
    const key = keyOf(edge)
    if (!numbers.has(key)) numbers.set(key, numbers.size)
  }
  return numbers
}

function components<E extends Edge>(edges: readonly E[]): E[][] {
  const lefts = numbered(edges, ({ left }) => left)
  const rights = numbered(edges, ({ right }) => right)
  const leftOf = (edge: E) => lefts.get(edge.left) as number
  const parents = Int32Array.from({ length: lefts.size + rights.size }, (_, i) => i)
  const root = (of: number): number => {
    let at = of
    while (parents[at] !== at) {
      // Halves the way for the next one.
      parents[at] = parents[parents[at] as number] as number
      at = parents[at] as number
    }
    return at
  }
  for (const edge of edges) parents[root(leftOf(edge))] = root(lefts.size + (rights.get(edge.right) as number))
  const parts = new Map<number, E[]>()
  for (const edge of edges) {
    const key = root(leftOf(edge))
    const part = parts.get(key)
    if (part === undefined) parts.set(key, [edge])
    else part.push(edge)
  }
  return [...parts.values()]
}

function greedy<E extends Edge>(edges: readonly E[]): E[] {
  const lefts = new Set<string>()
  const rights = new Set<string>()
  return edges
    .toSorted((a, b) => b.score - a.score)
    .filter(({ left, right }) => {
      if (lefts.has(left) || rights.has(right)) return false
      lefts.add(left)
      rights.add(right)
      return true
    })
}

/** The Hungarian method with potentials, on a square of costs where a missing edge costs nothing. */
function exact<E extends Edge>(
  edges: readonly E[],
  lefts: ReadonlyMap<string, number>,
  rights: ReadonlyMap<string, number>,
): E[] {
  const size = Math.max(lefts.size, rights.size)
  const at = ({ left, right }: E) => (lefts.get(left) as number) * size + (rights.get(right) as number)
  const byPair = new Map(edges.map((edge) => [at(edge), edge]))
  const costs = new Float64Array(size * size)
  for (const [pair, { score }] of byPair) costs[pair] = -score
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
      const first = (at - 1) * size - 1
      const potential = rowPotential[at] as number
      let delta = Number.POSITIVE_INFINITY
      let next = 0
      for (let j = 1; j <= size; j++) {
        if (seen[j]) continue
        const reduced = (costs[first + j] as number) - potential - (columnPotential[j] as number)
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
  return Array.from({ length: size }, (_, j) => byPair.get(((rowOf[j + 1] as number) - 1) * size + j)).filter(
    (edge) => edge !== undefined,
  )
}
