import type { z } from 'zod'

/** What an object of these fields takes: as `z.input`, but with what is said of each field, which that loses and editors show. */
export type InputOf<Fields extends z.ZodRawShape> = Flat<
  { -readonly [Name in keyof Pick<Fields, Exclude<keyof Fields, OptionalIn<Fields>>>]: z.input<Fields[Name]> } & {
    -readonly [Name in keyof Pick<Fields, OptionalIn<Fields>>]?: z.input<Fields[Name]>
  }
>

/** What may change of a row with these fields, all but the fixed ones: each may be left out. */
export type ChangesOf<Fields extends z.ZodRawShape, Fixed extends keyof Fields> = {
  -readonly [Name in keyof Pick<Fields, Exclude<keyof Fields, Fixed>>]?: z.input<Fields[Name]> | undefined
}

type OptionalIn<Fields extends z.ZodRawShape> = {
  [Name in keyof Fields]: undefined extends z.input<Fields[Name]> ? Name : never
}[keyof Fields]

type Flat<T> = { [Name in keyof T]: T[Name] }
