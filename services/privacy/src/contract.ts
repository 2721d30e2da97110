import { onlyAdmin } from '@plaza/auth/contract'
import {
  Closed,
  command,
  contract,
  errorCode,
  Id,
  NoInput,
  query,
  type Static,
  Timestamp,
  Type,
} from '@plaza/kernel/contract'

export const archiveNotFound = errorCode(
  'archive-not-found',
  'not-found',
  'There is no such archive, or its link has expired',
)

/** What the link of an archive ends with: whoever has it reads the archive. */
const token = Type.String({ maxLength: 100 })
const Job = Closed({ jobId: Id.job })

/** The result of an export's job. */
export const Exported = Closed({
  url: Type.String(),
  expiresAt: Timestamp,
  bytes: Type.Integer(),
  records: Type.Record(Type.String(), Type.Integer()),
})
export type Exported = Static<typeof Exported>

/** The result of an erasure's job: each service, and how many things of each kind it erased. */
export const Receipt = Type.Array(
  Closed({ service: Type.String(), erased: Type.Record(Type.String(), Type.Integer()) }),
)
export type Receipt = Static<typeof Receipt>

/** A person's rights over their data: all of it as one archive, and none of it any more. It calls every service; nobody calls it but gateways. */
export const privacy = contract('privacy', {
  exportMe: command({
    route: 'POST /api/v1/users/me/export',
    access: 'user',
    status: 202,
    summary:
      'Make an archive of all own data; the job’s result has its link, which is good for a day. While one is made, the same job',
    input: NoInput,
    output: Job,
  }),
  eraseMe: command({
    route: 'DELETE /api/v1/users/me',
    access: 'token',
    status: 202,
    summary:
      'Erase the account and all that is its own, everywhere. The token in hand reads the job, whose result is the receipt, until it expires',
    input: NoInput,
    output: Job,
    fails: [onlyAdmin],
  }),
  /** An archive by its link: how many bytes it has, in how many chunks. */
  archive: query({
    access: 'internal',
    input: Closed({ token }),
    output: Closed({ bytes: Type.Integer(), chunks: Type.Integer() }),
    fails: [archiveNotFound],
  }),
  /** One chunk, in base64; the first has the number 0. */
  chunk: query({
    access: 'internal',
    input: Closed({ token, number: Type.Integer({ minimum: 0 }) }),
    output: Closed({ bytes: Type.String() }),
    fails: [archiveNotFound],
  }),
})
