import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Closed, command, contract, event, query, Type } from '../contract/index.ts'
import { contractDigest } from './instance.ts'

const Word = Closed({ word: Type.String() })
const other = Closed({ word: Type.String({ maxLength: 5 }) })
const hear = query({ access: 'public', input: Word, output: Word })
const sing = command({ access: 'public', input: Word, output: Word })

test('contracts that say the same have one digest, in whatever order they say it', () => {
  assert.equal(
    contractDigest(contract('birds', { hear, sing })),
    contractDigest(contract('birds', { sing, hear })),
  )
})

test('a contract that says anything else has another digest', () => {
  const digests = [
    contract('birds', { hear }),
    contract('nests', { hear }),
    contract('birds', { hear: sing }),
    contract('birds', { hear: query({ access: 'user', input: Word, output: Word }) }),
    contract('birds', { hear: query({ access: 'public', input: other, output: Word }) }),
    contract('birds', { hear: query({ access: 'public', input: Word, output: other }) }),
    contract('birds', { hear }, { sang: event(Word) }),
  ].map(contractDigest)
  assert.equal(new Set(digests).size, digests.length)
})
