import { test } from 'node:test'
import { assertCleanEnd } from './clean-end.ts'
import { startOwnFleet } from './own-process.ts'
import { subjects } from './subjects.ts'
import { runSuite } from './suite.ts'

test('the suite passes with every service a process of its own, and posts, timelines and the gateway twice', {
  timeout: 600_000,
}, async context => {
  await using plaza = await startOwnFleet('--replicas', 'posts=2,timelines=2,gateway=2')
  await runSuite(context, plaza.topology, subjects)
  await assertCleanEnd(context, plaza)
})
