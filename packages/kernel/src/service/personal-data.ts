import type { Context } from '../call/index.ts'
import { Closed, command, Id, type JobId, Nullable, query, Type, type UserId } from '../contract/index.ts'
import type { Db } from '../data/index.ts'
import { deleteAnswersOf } from '../data/index.ts'
import { toUuid } from '../data/typeid.ts'
import { deleteJobsOf } from '../jobs/job-store.ts'
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
    /** `keep`: the job that erases, which its owner may read to the end. */
    input: Closed({ person: Id.user, keep: Type.Optional(Id.job) }),
    output: Closed({ done: Type.Boolean(), erased: Type.Record(Type.String(), Type.Integer()) }),
  }),
}

/** Answers for one service; what the kernel keeps for it (answers to idempotency keys, jobs) is erased here, whether or not it says what it holds itself. */
export function personalDataHandlers(
  personal: PersonalData | undefined,
  db: Db,
): {
  $exportPerson: Handler<{ person: UserId; after?: string }, ExportPart>
  $erasePerson: Handler<{ person: UserId; keep?: JobId }, EraseStep>
} {
  return {
    $exportPerson: ({ person, after }, context) =>
      personal?.export(person, after, context) ?? { records: [], next: null },
    $erasePerson: async ({ person, keep }, context) => {
      const step = (await personal?.erase(person, context)) ?? nothingLeft
      return step.done ? eraseLeftovers(db, person, keep, step) : step
    },
  }
}

const nothingLeft: EraseStep = { done: true, erased: {} }
const leftoversAtOnce = 1_000

async function eraseLeftovers(
  db: Db,
  person: UserId,
  keep: JobId | undefined,
  { erased }: EraseStep,
): Promise<EraseStep> {
  const answers = await deleteAnswersOf(db, person, leftoversAtOnce)
  const { count: jobs } = await deleteJobsOf.one(db, {
    owner: toUuid(person),
    keep: keep === undefined ? null : toUuid(keep),
    limit: leftoversAtOnce,
  })
  return {
    done: answers < leftoversAtOnce && jobs < leftoversAtOnce,
    erased: { ...erased, ...(answers > 0 && { storedAnswer: answers }), ...(jobs > 0 && { job: jobs }) },
  }
}
