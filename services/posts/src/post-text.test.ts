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
  // As twitter-text's conformance suite has them.
  ['text #hashtag! text!#hashtag2 -#hashtag3', ['hashtag', 'hashtag2', 'hashtag3']],
  ['#1tag #tag1 #123 #１２３ #_ #1_2', ['1tag', 'tag1']],
  ['#mañana #Café #ŝafo #ŞŞ #čeština', ['mañana', 'café', 'ŝafo', 'şş', 'čeština']],
  ['#e\u0301t\u00e9 is #été', ['été']],
  [
    '#поиск #한글 #ภาษาไทย #বাংলা #தமிழ் #ქართული #հայերեն',
    ['поиск', '한글', 'ภาษาไทย', 'বাংলা', 'தமிழ்', 'ქართული', 'հայերեն'],
  ],
  ['これはOK #ハッシュタグ　これも #日本語ハッシュタグ。終わり', ['ハッシュタグ', '日本語ハッシュタグ']],
  ['日本語#のハッシュタグ、日本語 ＃全角 #長～い #バ゛', ['全角', '長~い', 'バ゙']],
  ['#サッカー・リーグ #々 #〃', ['サッカー・リーグ', '々']],
  ['#צה״ל #עַל־יְדֵי #می‌خواهم', ['צה״ל', 'עַל־יְדֵי', 'می‌خواهم']],
  ['#l·l #བོད་ཡིག', ['l·l', 'བོད་ཡིག']],
  ['#Ａｂｃ１ #ＡBC1', ['abc1']],
  ['❤️#love and #love❤️, 👍🏽#yes, #🎉 #party🎉', ['love', 'yes', 'party']],
  ["#O'Brien #it’s", ['o', 'it']],
  ['#one/#two, #http://example.org', ['one', 'two']],
  ['http://t.co/abc#tag http://t.co/#tag example.org/#part t.co/x/#y', []],
  ['見て http://t.co/abc、#写真 http://t.co/def。＃写真2', ['写真', '写真2']],
  ['#ﷺ is one word', ['صلىاللهعليهوسلم']],
  ['#\ufe0f and #\u20e3 are none', []],
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
  // As twitter-text's conformance suite has them.
  ['@ana\n@ben\r\n@carl', ['ana', 'ben', 'carl']],
  ['の@anaに、＠ben。「@carl」', ['ana', 'ben', 'carl']],
  ['@ana! @ben? @carl/list', ['ana', 'ben', 'carl']],
  ['@ana\u0301 @anaạ @anaɓ', []],
  ['@ana× and @ben÷ are signs', ['ana', 'ben']],
  ['é@ana café@ben', ['ana', 'ben']],
  ['@ana@ @@ben !@carl $@dora %@emil *@fay &@gus #@hal', []],
  ['@ana://x @ben:', ['ben']],
  ['http://t.co/@ana www.example.org/@ana example.org/@ana', []],
  ['http://t.co/abc @ana、http://t.co/＠ben', ['ana', 'ben']],
  ['❤️@ana 👋@ben', ['ana', 'ben']],
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

test('a tag is normal once, and without a space, whatever letter is in it', () => {
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    for (const tag of tagsIn(`#a${String.fromCodePoint(code)}b`)) {
      if (normalTag(tag) !== tag || /\s/u.test(tag)) assert.fail(`U+${code.toString(16)} gives "${tag}"`)
    }
  }
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
    'aa./'.repeat(1_250),
    'http://'.repeat(700),
    '@abc '.repeat(1_000),
    `#${'a#'.repeat(2_499)}`,
    `#${'ﷺ'.repeat(4_999)}`,
    'www.a #b '.repeat(555),
  ]) {
    tagsIn(text)
    usernamesIn(`${text}@`)
  }
  assert.ok(performance.now() - started < 500)
})
