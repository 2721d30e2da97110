import { test } from 'node:test'
import { placeOf, skipUnless } from '@plaza/testing/requirements'
import { digestOfCode, writeRecord } from './call-record.ts'
import { assertCleanEnd } from './clean-end.ts'
import { ownDatabase } from './own-database.ts'
import { startOwnProcess } from './own-process.ts'
import { subjects } from './subjects.ts'
import { runSuite } from './suite.ts'

const usual = { timeout: 600_000 }

test('the suite passes with everything in one process', usual, async context => {
  await using plaza = await startOwnProcess({})
  const digest = await digestOfCode()
  const { results, documented } = await runSuite(context, plaza.topology, subjects)
  await assertCleanEnd(context, plaza)
  await writeRecord('one-process', { digest, at: Date.now(), documented, results })
})

test('the suite passes when calls are late, repeated and duplicated', usual, async context => {
  await using plaza = await startOwnProcess({ PLAZA_INJECT_FAULTS: 'true' })
  await runSuite(context, plaza.topology, subjects)
  await assertCleanEnd(context, plaza)
})

test('the suite passes on a PostgreSQL 15 server', {
  ...usual,
  ...(await skipUnless('postgresql-15')),
}, async context => {
  await using database = await ownDatabase(await placeOf('postgresql-15'))
  await using plaza = await startOwnProcess({}, database.ownerUrl)
  await runSuite(context, plaza.topology, subjects)
  await assertCleanEnd(context, plaza)
})
