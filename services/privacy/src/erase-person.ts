import { deriveContext } from '@plaza/kernel/call'
import type { JobId, UserId } from '@plaza/kernel/contract'
import { type Tx, toUuid } from '@plaza/kernel/data'
import type { RunningJob } from '@plaza/kernel/jobs'
import { type EraseStep, type Kit, kernelOf } from '@plaza/kernel/service'
import type { Receipt } from './contract.ts'
import { addErasureCounts, findErasureCounts, finishErasure, finishSweep } from './erasure-store.ts'
import type { Holder } from './holders.ts'
import { politePause } from './polite-pause.ts'

export const sweepKind = 'erasure-sweep'
/** A service may take so long (ms) for one step. */
const patience = 20_000
/** So many steps in which nothing went: something is wrong, and is better seen as a failure than as a job without end. */
const mostIdleSteps = 500

/** Every service, step by step, until it says that nothing is left; then the receipt. Begun again it goes on with what is left. */
export function erasePerson(kit: Kit, holders: readonly Holder[], sweepAfter: number) {
  return async ({ person }: { person: UserId }, job: RunningJob): Promise<Receipt> => {
    const userId = toUuid(person)
    for (const [i, { name }] of holders.entries()) {
      await job.progress(i, holders.length)
      await eraseFrom(kit, name, person, job.id, job, async erased => {
        const kinds = Object.keys(erased).filter(kind => erased[kind]! > 0)
        if (kinds.length === 0) return
        const counts = kinds.map(kind => erased[kind]!)
        await addErasureCounts.run(kit.db, { userId, service: name, kinds, counts })
      })
    }
    await job.progress(holders.length, holders.length)
    return job.finish(async tx => {
      const receipt = await receiptOf(tx, userId, holders)
      await finishErasure.run(tx, { userId, receipt: JSON.stringify(receipt) })
      const dueAt = Date.now() + sweepAfter
      await kit.jobs.add(tx, { kind: sweepKind, key: person, data: { person, keep: job.id }, dueAt })
      return receipt
    })
  }
}

/** What requests and events that were on their way have written since: a person's token was good for a last request until the lock. */
export function sweepAfterErasure(kit: Kit, holders: readonly Holder[]) {
  return async ({ person, keep }: { person: UserId; keep?: JobId }, job: RunningJob): Promise<null> => {
    const left: string[] = []
    for (const { name } of holders)
      await eraseFrom(kit, name, person, keep, job, async erased => {
        for (const [kind, count] of Object.entries(erased))
          if (count > 0) left.push(`${name} ${kind}: ${count}`)
      })
    if (left.length > 0) kit.log.info({ left }, 'What came in while a person was erased is erased, too')
    return job.finish(async tx => {
      await finishSweep.run(tx, { userId: toUuid(person) })
      return null
    })
  }
}

async function eraseFrom(
  { call }: Kit,
  service: string,
  person: UserId,
  keep: JobId | undefined,
  { context: { signal }, context }: RunningJob,
  note: (erased: EraseStep['erased']) => Promise<void>,
): Promise<void> {
  const asked = { person, ...(keep !== undefined && { keep }) }
  for (let idle = 0; idle < mostIdleSteps; ) {
    signal.throwIfAborted()
    const began = performance.now()
    const { done, erased } = await call(kernelOf({ name: service }))
      .$erasePerson(asked, deriveContext(context, { deadline: Date.now() + patience }))
      .catch(error => {
        // Whatever its category: an erasure is not given up because a service refuses today.
        throw new Error(`${service} did not erase`, { cause: error })
      })
    await note(erased)
    if (done) return
    idle = Object.values(erased).some(count => count > 0) ? 0 : idle + 1
    await politePause(began, signal)
  }
  throw new Error(`${service} never ends erasing ${person}`)
}

async function receiptOf(tx: Tx, userId: string, holders: readonly Holder[]): Promise<Receipt> {
  const counts = await findErasureCounts.all(tx, { userId })
  return holders.map(({ name }) => {
    const own = counts.filter(each => each.service === name)
    return { service: name, erased: Object.fromEntries(own.map(({ kind, count }) => [kind, count])) }
  })
}
