import type { Db } from '../data/database.ts'
import { sql } from '../data/statement.ts'
import { toId } from '../data/typeid.ts'
import type { Check } from '../service/checks.ts'

/** Minutes a job may be late: then nobody runs it, or nobody can. */
const latest = 10
const most = 1_000

/** What the kernel promises of every service's jobs. */
export function jobChecks(db: Db): Readonly<Record<string, Check>> {
  return {
    $jobs: {
      promise: `each job is begun within ${latest} minutes after it is due`,
      needs: 'work',
      look: async () => {
        const [late, { count }] = await Promise.all([
          lateJobs.all(db, { minutes: latest, limit: most }),
          countJobs.one(db, {}),
        ])
        return {
          checked: count,
          breaches: late.map(({ id, kind, attempts, dueAt }) => ({
            id: toId('job', id),
            detail: `${kind}, due ${dueAt.toISOString()}, begun ${attempts} times`,
          })),
          next: null,
        }
      },
    },
  }
}

const lateJobs = sql({
  name: 'kernel.late-jobs',
  params: { minutes: 'int4', limit: 'int4' },
  row: { id: 'uuid', kind: 'text', attempts: 'int4', dueAt: 'timestamptz' },
})`
  select id, kind, attempts, due_at as "dueAt"
  from jobs
  where due_at < now() - make_interval(mins => ${'minutes'})
  order by due_at
  limit ${'limit'}`

const countJobs = sql({ name: 'kernel.count-jobs', row: { count: 'int8' } })`
  select count(*) as count
  from jobs`
