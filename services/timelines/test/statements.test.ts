import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allStatements, checkStatements } from '@plaza/kernel/data'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { timelinesService } from '../src/service.ts'

test('what timelines believes of parameters and columns is what the migrated schema says', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'timelines', migrations: timelinesService.migrations })
  const client = await db.connect()
  try {
    const statements = allStatements().filter(each => each.name.startsWith('timelines.'))
    assert.ok(statements.length > 20)
    assert.deepEqual(await checkStatements(client, statements), [])
  } finally {
    await client.end()
  }
})
