import assert from 'node:assert/strict'
import { test } from 'node:test'
import { misspeltOf, popularityOf, scoreOf } from './name-match.ts'

const score = (q: string, username: string, displayName = 'Somebody', popularity = 0) =>
  scoreOf(q, { username, displayName, popularity })

test('the name itself, a beginning of it, a beginning of a word of it, all else', () => {
  const scores = [
    score('Ana', 'ana'),
    score('ana', 'anabel', 'Somebody', 500),
    score('ana', 'tom_ana'),
    score('bela ana', 'x', 'ana ortiz'),
    score('anna', 'ana', 'Somebody', 999),
  ]
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  )
  assert.equal(new Set(scores.map(each => Math.floor(each / 1_000))).size, 5)
  assert.equal(score('josé', 'x', 'jose'), score('JOSE', 'x', 'jose'))
})

test('popularity is worth less than a better fit, and counts doublings', () => {
  assert.ok(popularityOf(2 ** 50) < 1_000)
  assert.equal(popularityOf(1_100), popularityOf(1_900))
  assert.ok(popularityOf(5_000) > popularityOf(1_000))
})

test('names that differ by one letter more, less, other or swapped share a form; short ones have none', () => {
  const share = (a: string, b: string) => {
    const forms = new Set(misspeltOf([a]))
    return misspeltOf([b]).some(form => forms.has(form))
  }
  for (const slip of ['anabell', 'anbel', 'amabel', 'naabel', 'anabel'])
    assert.ok(share('anabel', slip), slip)
  assert.ok(!share('anabel', 'annette'))
  assert.ok(share('ana_lopez', 'analopez'))
  assert.deepEqual(misspeltOf(['abc']), [])
  assert.ok(misspeltOf(['x'.repeat(30), 'word '.repeat(50)]).length < 150)
})
