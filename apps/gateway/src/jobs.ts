import type { Context } from '@plaza/kernel/call'
import { isAppError, unavailable } from '@plaza/kernel/contract'
import type { JobView } from '@plaza/kernel/jobs'
import { type Host, kernelOf } from '@plaza/kernel/service'
import { jobNotFound } from './contract.ts'

/** Finds a job of the person who asks, in whichever service it runs. */
export function getJob(host: Pick<Host, 'contracts' | 'call'>, own: string) {
  return async ({ id }: { id: JobView['id'] }, context: Context): Promise<JobView> => {
    const services = host.contracts.filter(each => each.name !== own)
    const asked = services.map(each => host.call(kernelOf(each)).$findJob({ id }, context))
    const answers = await Promise.allSettled(asked)
    const found = answers.find(each => each.status === 'fulfilled' && each.value !== null)
    if (found?.status === 'fulfilled' && found.value !== null) return found.value
    const failed = answers.find(each => each.status === 'rejected')
    if (failed?.status !== 'rejected') throw jobNotFound(`There is no job ${id}, or it is not yours.`)
    if (isAppError(failed.reason)) throw failed.reason
    throw unavailable('Not every service could be asked.', undefined, failed.reason)
  }
}
