import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allStatements, checkStatements } from '@plaza/kernel/data'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { moderationService } from '../src/service.ts'

test('what moderation believes of parameters and columns is what the migrated schema says', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'moderation', migrations: moderationService.migrations })
  const client = await db.connect()
  try {
    const statements = allStatements().filter(each => each.name.startsWith('moderation.'))
    assert.ok(statements.length > 25)
    assert.deepEqual(await checkStatements(client, statements), [])
  } finally {
    await client.end()
  }
})
