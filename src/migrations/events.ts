/** What `onProgress` is told, in the order in which it happens. */
export type MigrationProgress =
  /** Another process is migrating the same schema: this one waits for it. */
  | { readonly type: 'waiting' }
  /** `remaining` counts this one. */
  | { readonly type: 'applying'; readonly name: string; readonly remaining: number }
  /** Its indexes are built online, outside of a transaction: the table is large. */
  | { readonly type: 'building'; readonly name: string }
  | { readonly type: 'applied'; readonly name: string; readonly durationMs: number }
  | { readonly type: 'rolling-back'; readonly name: string; readonly remaining: number }
  | { readonly type: 'rolled-back'; readonly name: string; readonly durationMs: number }
  /** A lock on a table was not to be had: the migration was undone and runs again after `delayMs`. */
  | { readonly type: 'retrying'; readonly name: string | undefined; readonly attempt: number; readonly delayMs: number }
