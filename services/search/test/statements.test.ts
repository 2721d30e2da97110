import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allStatements, checkStatements } from '@plaza/kernel/data'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { searchService } from '../src/service.ts'

test('what search believes of parameters and columns is what the migrated schema says', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'search', migrations: searchService.migrations })
  const client = await db.connect()
  try {
    const statements = allStatements().filter(each => each.name.startsWith('search.'))
    assert.ok(statements.length > 25)
    assert.deepEqual(await checkStatements(client, statements), [])
  } finally {
    await client.end()
  }
})
