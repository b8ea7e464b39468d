/** Something about a role that it should not be or be able to do. */
export interface Finding {
  /** `superuser`, `writes`, `secret`, … for programs. */
  readonly code: string
  /** `unfit`: do not let an agent log in as it. `weak`: what is left open then has to be held by other layers, or by limits. */
  readonly severity: 'unfit' | 'weak'
  /** What it concerns: a table, a function, a role. Empty for the role itself. */
  readonly object: string
  /** A sentence for people. */
  readonly sentence: string
}

/** A query for findings. `object` and `sentence` are SQL, over the relations in `from`. */
export const finding = (
  code: string,
  severity: Finding['severity'],
  object: string,
  sentence: string,
  from: string,
): string =>
  `select '${code}' as code, '${severity}' as severity, (${object})::text as object, (${sentence})::text as sentence ${from}`
