import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { openSquare, type Square, until } from './square.ts'

/** Looks at every promise until it is kept everywhere, as `plaza verify` does. */
async function breachesOf(square: Square, check: string) {
  const breaches: { id: string; detail: string }[] = []
  let after: string | undefined
  do {
    const part = await square.kernel.$verify(
      { check, ...(after !== undefined && { after }) },
      square.asService(),
    )
    breaches.push(...part.breaches)
    after = part.next ?? undefined
  } while (after !== undefined)
  return breaches
}

async function isTrue(square: Square) {
  for (const check of ['documents', 'people'])
    await until(async () => (await breachesOf(square, check)).length === 0)
}

test('what was there before search began is found, though no event tells of it', async () => {
  const square = await openSquare({
    before: ({ posts, users }) => {
      const ana = users.put('ancient', 'Ana Ancient')
      for (let n = 0; n < 450; n++) posts.put(ana, `ancientword ${n}`)
    },
  })
  try {
    await square.rebuilt()
    await until(async () => (await square.find('ancientword 449')).length === 1)
    assert.deepEqual(await square.findPeople('ancient'), ['ancient'])
    await isTrue(square)
  } finally {
    await square.close()
  }
})

test('rebuilt twice under a storm of writes, the index is what there is; two rebuilds at once are one', async () => {
  const square = await openSquare()
  try {
    await square.rebuilt()
    const authors: UserId[] = []
    for (let n = 0; n < 5; n++) authors.push(await square.person(`stormy_${n}`))
    const ids = await square.posts.addMany(
      Array.from({ length: 1_000 }, (_, n) => ({ author: authors[n % 5]!, text: `storm word${n}` })),
    )
    let stopped = false
    const storm = async (seed: number) => {
      for (let n = seed; !stopped; n += 7) {
        const id = ids[(n * 31) % ids.length]!
        if (!square.posts.facts.has(id)) await square.posts.add(authors[n % 5]!, `storm new${n}`)
        else if (n % 3 === 0) await square.posts.remove(id)
        else await square.posts.edit(id, `storm edited${n}`)
        if (n % 5 === 0) await square.users.edit(authors[n % 5]!, { bio: `bio${n}` })
      }
    }
    const storms = [1, 2, 3].map(storm)
    for (let round = 0; round < 2; round++) {
      const [one, other] = await Promise.all([square.rebuild(), square.rebuild()])
      assert.equal(one.jobId, other.jobId)
      await square.rebuilt()
      assert.ok((await square.find('storm')).length > 0)
    }
    stopped = true
    await Promise.all(storms)
    await isTrue(square)
    assert.equal((await square.find('storm')).length, 100)
  } finally {
    await square.close()
  }
})

test('a post deleted between its reading and its writing does not come back, and a killed rebuild goes on', async () => {
  const square = await openSquare({ quiet: true })
  try {
    await square.rebuilt()
    const ana = await square.person('ana')
    const ids = await square.posts.addMany(
      Array.from({ length: 500 }, (_, n) => ({ author: ana, text: `raceword ${n}` })),
    )
    await square.caughtUp()
    const sorted = ids.toSorted()
    const [victim] = sorted
    let pages = 0
    square.posts.setGate(async read => {
      if (!read.includes(victim!) || read.length < 200) {
        // The second page dies, once.
        if (read.length > 100 && pages++ === 0) throw new Error('killed')
        return
      }
      if (!square.posts.facts.has(victim!)) return
      await square.posts.remove(victim!)
      await until(async () => {
        const { rows } = await square.owner.query('select from search.gone where id = $1', [toUuid(victim!)])
        return rows.length === 1
      })
    })
    await square.rebuild()
    await square.rebuilt()
    assert.ok(pages > 0)
    assert.deepEqual(await square.find('raceword 0'), [])
    await isTrue(square)
    const { rows } = await square.owner.query('select from search.documents where id = $1', [toUuid(victim!)])
    assert.equal(rows.length, 0)
  } finally {
    await square.close()
  }
})

test('each promise bites: what is missing, what is no more, and what is old is told', async () => {
  const square = await openSquare()
  try {
    await square.rebuilt()
    const ana = await square.person('ana')
    const [lost, old] = await square.posts.addMany([
      { author: ana, text: 'one' },
      { author: ana, text: 'two' },
    ])
    await square.caughtUp()
    await isTrue(square)
    await square.owner.query('delete from search.documents where id = $1', [toUuid(lost!)])
    await square.owner.query('update search.documents set version = 7 where id = $1', [toUuid(old!)])
    const found = await breachesOf(square, 'documents')
    assert.deepEqual(found.map(each => each.id).sort(), [lost, old].sort())
    square.posts.facts.delete(old!)
    assert.match((await breachesOf(square, 'documents')).find(each => each.id === old)!.detail, /no more/)
    square.users.facts.delete(ana)
    assert.deepEqual(
      (await breachesOf(square, 'people')).map(each => each.id),
      [ana],
    )
    const checks = await square.kernel.$checks({}, square.asService())
    assert.deepEqual(
      checks.map(each => each.name).filter(name => !name.startsWith('$')),
      ['documents', 'people'],
    )
  } finally {
    await square.close()
  }
})

test('a person is erased step by step; erasing again erases nothing; nothing is exported, for all of it is of others', async () => {
  const square = await openSquare()
  try {
    await square.rebuilt()
    const [ana, ben] = [await square.person('ana'), await square.person('ben')]
    await square.posts.addMany([
      ...Array.from({ length: 1_200 }, (_, n) => ({ author: ana, text: `mine ${n}` })),
      { author: ben, text: 'mine too' },
    ])
    await square.caughtUp()
    const context = square.asService()
    assert.deepEqual(await square.kernel.$exportPerson({ person: ana }, context), { records: [], next: null })
    const erased: Record<string, number> = {}
    for (let done = false; !done; ) {
      const step = await square.kernel.$erasePerson({ person: ana }, context)
      for (const [kind, count] of Object.entries(step.erased)) erased[kind] = (erased[kind] ?? 0) + count
      done = step.done
    }
    // A repeated call may have done what an earlier one counted.
    assert.ok(Object.keys(erased).length <= 2)
    assert.deepEqual(await square.find('mine'), ['mine too'])
    assert.deepEqual(await square.findPeople('ana'), [])
    assert.deepEqual(await square.kernel.$erasePerson({ person: ana }, context), { done: true, erased: {} })
  } finally {
    await square.close()
  }
})
