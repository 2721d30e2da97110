import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { indexedOf, soughtOf, tokensOf } from './tokens.ts'

const texts = (text: string) =>
  tokensOf(text).map(token => (token.kind === 'word' ? token.text : token.letters.join('')))

test('words are in lower case and without accents, whatever stands between them', () => {
  assert.deepEqual(texts('Zürich, (São-Paulo) l’été; snake_case 42x'), [
    'zurich',
    'sao',
    'paulo',
    'l',
    'ete',
    'snake_case',
    '42x',
  ])
  assert.deepEqual(texts('ﬁn ＡＢＣ Straße'), ['fin', 'abc', 'strasse'])
  assert.deepEqual(texts('🍞bread'), ['🍞', 'bread'])
  assert.deepEqual(texts('\u0301 \0 \ud800 -- ""'), [])
})

test('letters of scripts without spaces are kept one by one and in pairs, each in its place', () => {
  const [word, dense, last] = tokensOf('我用iPhone拍照').toSorted((a, b) => a.at - b.at)
  assert.deepEqual([word!.at, dense!.at, last!.at], [1, 3, 4])
  assert.deepEqual(indexedOf(word!), [
    { lexeme: '我', at: 1 },
    { lexeme: '我用', at: 1 },
    { lexeme: '用', at: 2 },
  ])
  assert.deepEqual(soughtOf(word!), [{ lexeme: '我用', at: 1 }])
})

test('whatever a text holds, tokens hold nothing that means something to PostgreSQL, and are bounded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      for (const token of tokensOf(text))
        for (const { lexeme, at } of [...indexedOf(token), ...soughtOf(token)]) {
          assert.match(lexeme, /^[\p{L}\p{M}\p{N}_\p{Extended_Pictographic}ー]+$/u)
          assert.ok(lexeme.length <= 300 && at >= 1 && at <= 16_383)
        }
    }),
  )
})

test('what is sought of a part of a text is in what is kept of the text', () => {
  const letters = fc.string({
    unit: fc.constantFrom('市', '场', 'の', '학', 'ต', 'a', ' ', 'é'),
    maxLength: 30,
  })
  fc.assert(
    fc.property(letters, text => {
      const kept = new Set(
        tokensOf(text)
          .flatMap(indexedOf)
          .map(each => each.lexeme),
      )
      for (const { lexeme } of tokensOf(text).flatMap(soughtOf)) assert.ok(kept.has(lexeme))
    }),
  )
})
