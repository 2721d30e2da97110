import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { afterBatch, type EventCursor, finishedBetween, openBatch, rejoin, type TickPoint } from './cursor.ts'
import { isBefore, isOver, parseSnapshot } from './snapshot.ts'

const point = (tick: number, snapshot = '1:1:'): TickPoint => ({
  tick,
  era: 1,
  snapshot,
  total: tick * 10,
  high: tick * 10,
})
const old = '00000000-0000-4000-8000-000000000001'
const now = '00000000-0000-4000-8000-000000000002'

/** A server's life: transactions that begin and end in any order, and snapshots taken in between. */
const life = fc.array(fc.oneof(fc.constant('begin'), fc.nat(30)), { minLength: 1, maxLength: 80 })

function live(steps: readonly ('begin' | number)[], start: bigint) {
  const open: string[] = []
  const over: string[] = []
  const snapshots: { text: string; over: ReadonlySet<string> }[] = []
  let next = start
  for (const step of [...steps, 0]) {
    if (step === 'begin') open.push(`${next++}`)
    else if (open.length > 0) over.push(...open.splice(step % open.length, 1))
    snapshots.push({ text: `${open[0] ?? next}:${next}:${open.join(',')}`, over: new Set(over) })
  }
  return { snapshots, all: [...open, ...over] }
}

test('a snapshot tells which transactions were over, at ten and at twenty digits', () => {
  fc.assert(
    fc.property(life, fc.constantFrom(5n, 95n, 9_999_999_999_999_990n), (steps, start) => {
      const { snapshots, all } = live(steps, start)
      for (const { text, over } of snapshots) {
        const snapshot = parseSnapshot(text)
        for (const xid of all) assert.equal(isOver(xid, snapshot), over.has(xid))
      }
    }),
  )
})

test('a batch is what the later snapshot sees and the earlier did not: those that finished, and those that began and finished', () => {
  fc.assert(
    fc.property(life, fc.nat(), fc.nat(), (steps, a, b) => {
      const { snapshots, all } = live(steps, 97n)
      const [i, j] = [a % snapshots.length, b % snapshots.length].sort((x, y) => x - y) as [number, number]
      const from = snapshots[i]!
      const to = snapshots[j]!
      const lower = parseSnapshot(from.text)
      const upper = parseSnapshot(to.text)
      const finished = finishedBetween(point(1, from.text), point(2, to.text))
      for (const xid of all) {
        const began = !isBefore(xid, lower.xmax) && isBefore(xid, upper.xmax) && !upper.xip.includes(xid)
        const inBatch = finished.includes(xid) || began
        assert.equal(
          inBatch,
          to.over.has(xid) && !from.over.has(xid),
          `${xid} from ${from.text} to ${to.text}`,
        )
        assert.ok(!(finished.includes(xid) && began), 'never twice')
      }
    }),
  )
})

test('a cursor keeps its place in a log that went on, and goes back to what both have in common when it was further', () => {
  const cursors = fc.record({ from: fc.nat(20), ahead: fc.option(fc.nat(5)), base: fc.nat(25) })
  fc.assert(
    fc.property(cursors, ({ from, ahead, base }) => {
      const cursor: EventCursor = {
        branch: old,
        from: point(from),
        ...(ahead !== null && { batch: { to: point(from + ahead), after: 7 } }),
      }
      const joined = rejoin(cursor, now, point(base))
      assert.equal(joined.cursor.branch, now)
      assert.ok(joined.cursor.from.tick <= Math.min(from, base) || !joined.wentBack, 'it never goes forward')
      assert.ok(joined.cursor.from.tick <= base, 'nothing of the lost past is left')
      assert.ok((joined.cursor.batch?.to.tick ?? 0) <= base)
      const intact = (cursor.batch?.to.tick ?? from) <= base
      assert.equal(joined.wentBack, !intact, 'it goes back only if it must')
      if (intact) assert.deepEqual({ ...joined.cursor, branch: old }, cursor)
    }),
  )
})

test('an open batch keeps its end until it is done, however many ticks come', () => {
  const opened = openBatch({ branch: now, from: point(1) }, point(3))
  assert.equal(openBatch(opened, point(9)), opened)
  assert.deepEqual(afterBatch(opened), { branch: now, from: point(3) })
})
