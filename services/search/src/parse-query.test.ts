import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseQuery } from './parse-query.ts'
import { peopleQuery, postsQuery } from './ts-query.ts'

const lookup = { stemsOf: (word: string) => [`en:${word}`], authorOf: () => undefined }
const query = (q: string) => postsQuery(parseQuery(q), lookup)

test('a query is what it says', () => {
  assert.equal(query('bread'), "(('bread' | 'en:bread'))")
  assert.equal(query('"fresh bread" -old'), "(('fresh' <1> 'bread') & (!('old' | 'en:old')))")
  assert.equal(query('a OR b'), "(('a' | 'en:a')) | (('b' | 'en:b'))")
  assert.equal(query('面包店 #Baking'), "(('面包' <1> '包店') & ('#baking'))")
  assert.equal(query('我用iPhone拍照'), "(('我用' <2> 'iphone' <1> '拍照'))")
  assert.equal(query('bread bread BREAD'), "(('bread' | 'en:bread'))")
  assert.equal(peopleQuery(parseQuery('@ana lop')), "(('@ana':*) & ('lop':*))")
})

test('what finds nothing is no query', () => {
  for (const q of ['', ' ', '"', '""', '-', '-a', 'OR', '-a OR -b', '@nobody', '& | !', '#', '\u0301'])
    assert.equal(query(q), undefined, q)
  assert.equal(query('a OR -b OR @nobody'), "(('a' | 'en:a'))")
})

test('whatever is typed, quotes are closed and nothing but quoted words and our own signs is in a query', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), q => {
      for (const text of [query(q), peopleQuery(parseQuery(q))]) {
        const signs = (text ?? '').replace(/'(?:[^'\\]|'')+'/g, 'w')
        assert.match(signs, /^(w|:\*|<\d+>|[()&|! ])*$/)
      }
    }),
  )
})
