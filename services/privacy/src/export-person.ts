import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip as gzipWithCallback } from 'node:zlib'
import { deriveContext } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { once, type RowOf, type Tx, toUuid } from '@plaza/kernel/data'
import type { RunningJob } from '@plaza/kernel/jobs'
import { type ExportPart, type Handlers, type Kit, kernelOf } from '@plaza/kernel/service'
import { hashOfToken } from './archive-link.ts'
import type { Exported, privacy } from './contract.ts'
import {
  deleteOlderExports,
  findExport,
  insertChunk,
  insertExport,
  moveExport,
  setReady,
} from './export-store.ts'
import type { Holder } from './holders.ts'
import { politePause } from './polite-pause.ts'

const gzip = promisify(gzipWithCallback)

export const exportKind = 'export'
/** How long a link is good. */
const linkHours = 24
/** Bytes of a chunk at most: it travels to the gateway in base64. */
const chunkSize = 131_072
/** A service may take so long (ms) for one part. */
const patience = 30_000

/** Orders an archive; while one is made for the person it is that one. */
export function exportMe({ db, jobs }: Kit): Handlers<typeof privacy>['exportMe'] {
  return (_input, context) => {
    const person = context.identity!.userId
    return once(db, context, async tx => {
      const jobId = await jobs.add(tx, { kind: exportKind, key: person, owner: person, data: { person } })
      await insertExport.run(tx, { id: toUuid(jobId), personId: toUuid(person) })
      return { jobId }
    })
  }
}

type State = RowOf<typeof findExport.row>

/**
 * Asks every service for what it holds, part by part. Each part is kept as gzip members of its own (one after the other they are one gzip file) in the
 * transaction that moves the cursor: whatever dies, the next run goes on after the last part that is kept, and no record is there twice.
 */
export function exportPerson({ db, call, config }: Kit, holders: readonly Holder[]) {
  return async ({ person }: { person: UserId }, job: RunningJob): Promise<Exported | null> => {
    const id = toUuid(job.id)
    for (;;) {
      const state = await findExport.maybe(db, { id })
      // Erased meanwhile: there is nobody to give it to.
      if (state === undefined) return null
      const service = holders.find(each => !state.finished_services.includes(each.name))?.name
      await job.progress(state.finished_services.length, holders.length)
      if (service === undefined) break
      const began = performance.now()
      const part = await askFor(service, person, state, job)
      const chunks = await compressed(service, person, state, part)
      await db.transaction(tx => keep(tx, id, service, state, part, chunks))
      await politePause(began, job.context.signal)
    }
    return job.finish(tx => makeReady(tx, id, toUuid(person)))
  }

  function askFor(
    service: string,
    person: UserId,
    { next_after }: State,
    job: RunningJob,
  ): Promise<ExportPart> {
    const context = deriveContext(job.context, { deadline: Date.now() + patience })
    const asked = { person, ...(next_after !== null && { after: next_after }) }
    return call(kernelOf({ name: service })).$exportPerson(asked, context)
  }

  async function makeReady(tx: Tx, id: string, personId: string): Promise<Exported | null> {
    const token = randomBytes(32).toString('base64url')
    const ready = await setReady.maybe(tx, { id, tokenHash: hashOfToken(token), hours: linkHours })
    if (ready === undefined) return null
    await deleteOlderExports.run(tx, { id, personId })
    return {
      url: `${config.publicUrl ?? ''}/api/v1/exports/${token}`,
      expiresAt: ready.expires_at.toISOString(),
      bytes: ready.bytes,
      records: ready.records as Record<string, number>,
    }
  }
}

async function compressed(
  service: string,
  person: UserId,
  { step }: State,
  { records }: ExportPart,
): Promise<Buffer[]> {
  const lines = records.map(({ kind, data }) => JSON.stringify({ service, kind, data }))
  if (step === 0) {
    const what = 'Everything this Plaza holds of a person: one JSON object a line'
    lines.unshift(JSON.stringify({ format: 'plaza-export', version: 1, what, person, at: new Date() }))
  }
  if (lines.length === 0) return []
  const bytes = await gzip(`${lines.join('\n')}\n`)
  const count = Math.ceil(bytes.length / chunkSize)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * chunkSize, (i + 1) * chunkSize))
}

async function keep(
  tx: Tx,
  id: string,
  service: string,
  state: State,
  { records, next }: ExportPart,
  chunks: readonly Buffer[],
): Promise<void> {
  const counts = state.records as Record<string, number>
  const moved = await moveExport.maybe(tx, {
    id,
    step: state.step,
    finishedServices: next === null ? [...state.finished_services, service] : state.finished_services,
    nextAfter: next,
    chunks: state.chunks + chunks.length,
    bytes: state.bytes + chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    records: JSON.stringify({ ...counts, [service]: (counts[service] ?? 0) + records.length }),
  })
  // Whoever moved it keeps this part; what is to be asked next says the row.
  if (moved === undefined) return
  for (const [i, bytes] of chunks.entries())
    await insertChunk.run(tx, { exportId: id, number: state.chunks + i, bytes })
}
