import type { SandboxQuery } from './session.js'

/** Anything that {@link logged} has seen. */
export type LoggedHandle = object

const logs = new WeakMap<object, readonly SandboxQuery[]>()

/** Remembers whose statements a handle's are. */
export function logged<Handle extends object>(handle: Handle, log: readonly SandboxQuery[]): Handle {
  logs.set(handle, log)
  return handle
}

/** @throws {TypeError} The handle is not of a sandbox. */
export function logOf(handle: LoggedHandle): readonly SandboxQuery[] {
  const log = logs.get(handle)
  if (log === undefined) {
    throw new TypeError(
      'This handle is not of a sandbox: give `sandbox`, `db`, `pool` or what `sandbox.kysely()` made.',
    )
  }
  return log
}
