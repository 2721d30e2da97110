import type { Context } from '../call/index.ts'
import { Closed, command, Id, Nullable, query, Type, type UserId } from '../contract/index.ts'
import type { Handler } from './service.ts'

/** What a service holds of one person. */
export interface PersonalData {
  /**
   * The next part (at most some 500 records) of all that it holds of the person, for the person to read; `next` is given back as `after` until
   * it is null.
   */
  readonly export: (person: UserId, after: string | undefined, context: Context) => Promise<ExportPart>
  /**
   * Removes some of it, or makes it nobody's, in one short transaction; asked again until it says `done`. It may be asked again at any time, also
   * after a crash, and then goes on with what is left. Counts are by kind of thing, only what this step erased.
   */
  readonly erase: (person: UserId, context: Context) => Promise<EraseStep>
}

export interface ExportPart {
  /** `kind` names the record (`post`, `like`, `follow`), `data` is as the API would show it. */
  readonly records: readonly { readonly kind: string; readonly data: unknown }[]
  readonly next: string | null
}

export interface EraseStep {
  readonly done: boolean
  readonly erased: Readonly<Record<string, number>>
}

/** Every service answers these; only `privacy` asks. */
export const personalDataOperations = {
  $exportPerson: query({
    access: 'internal',
    summary: 'A part of all that this service holds of a person.',
    input: Closed({ person: Id.user, after: Type.Optional(Type.String()) }),
    output: Closed({
      records: Type.Array(Closed({ kind: Type.String(), data: Type.Unknown() })),
      next: Nullable(Type.String()),
    }),
  }),
  $erasePerson: command({
    access: 'internal',
    summary: 'Erases a part of what this service holds of a person; asked again until done.',
    repeat: 'safe',
    input: Closed({ person: Id.user }),
    output: Closed({ done: Type.Boolean(), erased: Type.Record(Type.String(), Type.Integer()) }),
  }),
}

export function personalDataHandlers(personal: PersonalData | undefined): {
  $exportPerson: Handler<{ person: UserId; after?: string }, ExportPart>
  $erasePerson: Handler<{ person: UserId }, EraseStep>
} {
  return {
    $exportPerson: ({ person, after }, context) =>
      personal?.export(person, after, context) ?? { records: [], next: null },
    $erasePerson: ({ person }, context) => personal?.erase(person, context) ?? { done: true, erased: {} },
  }
}
