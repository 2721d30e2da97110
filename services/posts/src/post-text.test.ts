import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isShortEnough, normalTag, tagsIn, usernamesIn } from './post-text.ts'

const tagCases: [text: string, tags: string[]][] = [
  ['hello #Plaza and #plaza', ['plaza']],
  ['#one #two, #three.', ['one', 'two', 'three']],
  ['#日本語 と ＃東京', ['日本語', '東京']],
  ['#über #ÜBER', ['über']],
  ['#ﬁne is #fine', ['fine']],
  ['#हिन्दी #עברית #العربية', ['हिन्दी', 'עברית', 'العربية']],
  ['#2024 is no tag, #year2024 is', ['year2024']],
  ['a#b is a word, &#39; an entity', []],
  ['👋#wave', ['wave']],
  ['𝒜#b', []],
  ['https://example.org/#part and www.example.org/#part', []],
  ['(#in) "#quotes" [#brackets]', ['in', 'quotes', 'brackets']],
  ['#a#b', []],
  ['#️⃣ is a key', []],
  ['#under_score #dash-ed', ['under_score', 'dash']],
  [`#${'x'.repeat(101)} #${'y'.repeat(100)}`, ['y'.repeat(100)]],
  ['no tags at all', []],
]

for (const [text, tags] of tagCases) {
  test(`the tags in "${text.slice(0, 60)}" are ${tags.join(', ').slice(0, 40) || 'none'}`, () => {
    assert.deepEqual(tagsIn(text), tags)
  })
}

const mentionCases: [text: string, usernames: string[]][] = [
  ['hello @Ana and @ana', ['ana']],
  ['@ana, @ben_2: (@carl)', ['ana', 'ben_2', 'carl']],
  ['＠ana wide', ['ana']],
  ['mail ana@example.org', []],
  ['@ab is too short, @abcdefghijklmnopqrstuvwxyz12345 too long', []],
  ['@ana@other.example is from elsewhere', []],
  ['https://example.org/@ana', []],
  ['日本@ana語', ['ana']],
  ['@anaé', []],
  ['.@ana', ['ana']],
]

for (const [text, usernames] of mentionCases) {
  test(`"${text}" mentions ${usernames.join(', ') || 'nobody'}`, () => {
    assert.deepEqual(usernamesIn(text), usernames)
  })
}

test('one post has at most 50 tags and 50 mentions', () => {
  const many = Array.from({ length: 80 }, (_, i) => `#tag${i} @name${i}`).join(' ')
  assert.equal(tagsIn(many).length, 50)
  assert.equal(usernamesIn(many).length, 50)
})

test('every tag found is its own normal form, whatever the text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('#', '＃', 'a', 'Ä', 'ﬁ', 'İ', '5', ' ', '語', '\u0301', '😀', '/')),
      parts => {
        for (const tag of tagsIn(parts.join(''))) assert.equal(normalTag(tag), tag)
      },
    ),
  )
})

test('length counts code points, not UTF-16 units', () => {
  assert.equal(isShortEnough('😀'.repeat(5_000)), true)
  assert.equal(isShortEnough('😀'.repeat(5_001)), false)
  assert.equal(isShortEnough('e\u0301'.repeat(2_501)), false)
  assert.equal(isShortEnough('x'.repeat(5_000)), true)
})

test('a long text that looks like tags all over is read in a moment', () => {
  const started = performance.now()
  for (const text of [
    '#a'.repeat(2_500),
    '#'.repeat(5_000),
    `#${'a'.repeat(4_999)}`,
    '@abc@'.repeat(1_000),
    'a.'.repeat(2_500),
  ]) {
    tagsIn(text)
    usernamesIn(`${text}@`)
  }
  assert.ok(performance.now() - started < 500)
})
