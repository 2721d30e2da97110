import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allStatements, checkStatements, type Db } from '@plaza/kernel/data'
import { effectsOf, type LeasesPlace, lateDb, leasesPlace, load } from './leases-rig.ts'
import { letters, serve, until } from './rig.ts'

const partsOf = async (place: LeasesPlace) => {
  const counts = new Map<string, number>()
  for (const { who } of await place.effects()) counts.set(who, (counts.get(who) ?? 0) + 1)
  return counts
}

for (const count of [2, 3]) {
  test(`${count} instances share the work: each effect once, each stream in order, nobody idle`, async t => {
    await using place = await leasesPlace()
    const names = Array.from({ length: count }, (_, i) => `i${i}`)
    await using stack = new AsyncDisposableStack()
    for (const name of names) stack.use(await place.run(effectsOf(name)))
    await until(async () => (await place.owners()) === count, 'a share for each')
    for (let i = 0; i < 60; i++) await place.happen(10, n => `s${n}`)
    await place.untilAllDone()
    await place.assertOnceInOrder()
    const parts = await partsOf(place)
    t.diagnostic(JSON.stringify([...parts]))
    for (const name of names)
      assert.ok(parts.get(name)! > 0.2 * place.count(), `${name} did ${parts.get(name)}`)
  })
}

test('instances join and leave under load: shares are split and merged, nothing is lost, twice or turned round', async () => {
  await using place = await leasesPlace()
  await using first = await place.run(effectsOf('first'))
  await first.caughtUp()
  await using busy = load(place)
  {
    await using second = await place.run(effectsOf('second'))
    await until(async () => (await place.owners()) === 2, 'a share for the second')
    await second.caughtUp()
    {
      await using _third = await place.run(effectsOf('third'))
      await until(async () => (await place.owners()) === 3, 'a share for the third')
      await until(async () => (await partsOf(place)).has('third'))
    }
    await until(async () => (await place.owners()) === 2, 'the third’s share in other hands')
  }
  await until(
    async () => (await place.shares()).length === 1 && (await place.owners()) === 1,
    'one share again',
  )
  await busy.end()
  await place.untilAllDone()
  await place.assertOnceInOrder()
  assert.ok((await partsOf(place)).has('second'))
})

test('one instance alone: one share, and for each batch one pull, one move and nothing more than the effect', async () => {
  await using place = await leasesPlace()
  const inside: string[] = []
  const outside: string[] = []
  const counting = (own: Db): Db =>
    Object.create(own, {
      execute: {
        value: (name: string, text: string, values: readonly unknown[]) => {
          outside.push(name)
          return own.execute(name, text, values)
        },
      },
      transaction: {
        value: (work: Parameters<Db['transaction']>[0]) =>
          own.transaction(tx =>
            work(
              Object.assign(Object.create(tx), {
                execute: (name: string, text: string, values: readonly unknown[]) => {
                  inside.push(name)
                  return tx.execute(name, text, values)
                },
              }),
            ),
          ),
      },
    })
  await using running = await place.run(effectsOf('only'), counting)
  await running.caughtUp()
  outside.length = 0
  for (let i = 0; i < 30; i++) {
    await place.happen(1)
    await place.untilAllDone()
  }
  const count = (name: string) => inside.filter(each => each === name).length
  assert.equal(count('leases-rig.add-effect'), 30)
  assert.equal(count('events.move-share'), 30)
  assert.equal(inside.length, 60)
  assert.deepEqual(
    [...new Set(outside)].filter(name => name !== 'events.see-shares'),
    [],
  )
  assert.equal((await place.shares()).length, 1)
})

/** A holder that is stopped between a batch and its transaction, while another takes its share and has the effects. */
async function stopAndWake(place: LeasesPlace): Promise<unknown> {
  const gate = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  let isStopped = false
  const stopped = Promise.withResolvers<void>()
  const late = (own: Db) =>
    lateDb(
      own,
      async () => {
        if (!isStopped) return
        stopped.resolve()
        await gate.promise
      },
      error => isStopped && ended.resolve(error),
    )
  await using stoppedOne = await place.run(effectsOf('stopped'), late)
  await place.happen(1)
  await place.untilAllDone()
  await stoppedOne.caughtUp()
  isStopped = true
  await place.happen(20)
  await stopped.promise
  await using _other = await place.run(effectsOf('other'))
  await place.untilAllDone()
  gate.resolve()
  return ended.promise
}

test('a holder that wakes up after its lease can do nothing any more: its transaction is refused', async () => {
  await using place = await leasesPlace()
  const error = await stopAndWake(place)
  assert.equal((error as Error).name, 'ShareMoved')
  await using _next = await place.run(effectsOf('next'))
  await place.happen(20)
  await place.untilAllDone()
  await place.assertOnceInOrder()
})

test('control: where the fencing token is not raised, that holder has effects a second time', async () => {
  await using place = await leasesPlace()
  await place.owner.query(`
    set search_path = listener;
    create function keep_token() returns trigger language plpgsql as $$ begin new.revision := 1; return new; end $$;
    create trigger keep_token before update on subscription_shares for each row execute function keep_token()`)
  assert.equal(await stopAndWake(place), undefined)
  const numbers = (await place.effects()).map(each => each.number)
  assert.ok(numbers.length > new Set(numbers).size)
})

test('every statement of the event log, those of rare moments too, fits its tables', async () => {
  await using place = await leasesPlace()
  await place.owner.query('set search_path = listener')
  const statements = allStatements().filter(each => each.name.startsWith('events.'))
  assert.ok(statements.length > 20)
  assert.deepEqual(await checkStatements(place.owner, statements), [])
})

test('each share has its cursor, and follows the log even when nothing happens in it', async () => {
  await using place = await leasesPlace()
  await using _one = await place.run(effectsOf('one'))
  await using _two = await place.run(effectsOf('two'))
  await until(async () => (await place.owners()) === 2)
  await place.happen(5, () => 'one stream')
  const own = await place.open()
  await using log = await serve(own)
  const cursors = async () =>
    (await log.handlers.$eventCursors({}, undefined as never)) as { cursor: { from: { total: number } } }[]
  await until(async () => {
    const all = await cursors()
    return all.length === 2 && all.every(each => each.cursor.from.total === 5)
  }, 'both cursors at the end')
  await place.assertOnceInOrder()
})

test('an operator retries what is parked while its share changes hands: the order holds', async () => {
  await using place = await leasesPlace()
  let isBroken = true
  const failing = (who: string) =>
    effectsOf(who, event => {
      if (event.stream.startsWith('bad') && isBroken) throw new Error('poison')
    })
  const { $deadLetters, $retryDeadLetter } = letters(await place.open(), [failing('operator')])
  await using first = await place.run(failing('first'))
  await first.caughtUp()
  for (let i = 0; i < 3; i++) await place.happen(2, n => `bad${n % 2}`)
  await until(async () => (await $deadLetters({ limit: 10 })).items.length === 6, 'six letters')
  isBroken = false
  await using busy = load(place, 2)
  const moreOfBad = async () => {
    for (let i = 0; i < 20; i++) await place.happen(2, n => `bad${n % 2}`)
  }
  const retryAll = async () => {
    for (;;) {
      const [letter] = (await $deadLetters({ limit: 1 })).items
      if (letter === undefined) return
      await $retryDeadLetter({ id: letter.id }).catch(error =>
        assert.equal(error.code, 'dead-letter-not-found'),
      )
    }
  }
  await using _second = await place.run(failing('second'))
  await Promise.all([moreOfBad(), retryAll(), until(async () => (await place.owners()) === 2)])
  await busy.end()
  await until(async () => {
    await retryAll()
    return (await place.effects()).length >= place.count()
  })
  await place.assertOnceInOrder()
})
