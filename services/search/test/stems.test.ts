import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryCache } from '@plaza/kernel/cache'
import { openDatabase } from '@plaza/kernel/data'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { makeMetrics } from '@plaza/kernel/telemetry'
import type { Language } from '../src/language.ts'
import { stemFinder } from '../src/stems.ts'

const wanted = (words: Partial<Record<Language, string[]>>) =>
  new Map(Object.entries(words).map(([language, some]) => [language as Language, new Set(some)]))

test('stems are asked for once: then memory knows them, those of words that have none too', async () => {
  await using scratch = await scratchDatabase()
  const urls = await scratch.migrate([{ name: 'search', migrations: undefined }])
  const db = openDatabase({ url: urls.get('search')!, schema: 'search' })
  const metrics = makeMetrics()
  const stems = stemFinder({ db, cache: memoryCache(metrics), metrics })
  const words = wanted({ en: ['running', 'the', 'bicycles'], de: ['läufe', 'running'] })
  const found = await stems.ofAll(words)
  assert.deepEqual(
    [...found].map(([language, each]) => [language, Object.fromEntries(each)]),
    [
      ['en', { running: 'en:run', bicycles: 'en:bicycl' }],
      ['de', { läufe: 'de:lauf', running: 'de:running' }],
    ],
  )
  assert.deepEqual(await stems.ofAll(new Map()), new Map())
  // Whoever asks the database from here on fails.
  await db.close()
  assert.deepEqual(await stems.ofAll(words), found)
  assert.equal(await stems.of('en', 'running'), 'en:run')
  assert.equal(await stems.of('en', 'the'), undefined)
  await assert.rejects(stems.of('en', 'walking'))
  await assert.rejects(stems.ofAll(wanted({ en: ['walking'] })))
})
