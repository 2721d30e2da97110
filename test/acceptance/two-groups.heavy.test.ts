import { test } from 'node:test'
import { assertCleanEnd } from './clean-end.ts'
import { startOwnFleet } from './own-process.ts'
import { subjects } from './subjects.ts'
import { runSuite } from './suite.ts'

test('the suite passes in two mixed groups, each of which calls the other', {
  timeout: 600_000,
}, async context => {
  await using plaza = await startOwnFleet(
    '--groups',
    'auth,posts,search,privacy,gateway;users,timelines,moderation,analytics',
  )
  await runSuite(context, plaza.topology, subjects)
  await assertCleanEnd(context, plaza)
})
