import { UnsupportedError } from '../errors.js'

/** OpenTelemetry's API, which does nothing until the host has set up its SDK. */
export async function loadApi() {
  return import('@opentelemetry/api').catch((cause: unknown) => {
    throw new UnsupportedError('Telemetry goes by @opentelemetry/api: npm install @opentelemetry/api', { cause })
  })
}

export const scope = '@org/finance-db'
