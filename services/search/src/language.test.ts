import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canBe, languagesOf } from './language.ts'
import { tokensOf } from './tokens.ts'

const languages = (text: string) =>
  languagesOf(tokensOf(text).flatMap(each => (each.kind === 'word' ? each.word : [])))

const told: readonly [text: string, language: string][] = [
  ['The bread was fresh and it is good', 'en'],
  ['Das Brot ist frisch und ich mag es', 'de'],
  ['Le pain est frais et je ne sais pas', 'fr'],
  ['El pan está fresco y no es caro', 'es'],
  ['Il pane è fresco e non costa molto', 'it'],
  ['O pão está fresco e não é caro', 'pt'],
  ['Het brood is vers en ik heb het niet', 'nl'],
  ['Brödet är färskt och jag tycker om det', 'sv'],
  ['Leipä on tuoretta ja se ei ole kallista', 'fi'],
  ['Ekmek çok taze ve bu güzel değil', 'tr'],
  ['Хлеб свежий', 'ru'],
  ['Το ψωμί', 'el'],
  ['الخبز طازج', 'ar'],
  ['रोटी ताज़ी है', 'hi'],
]
for (const [text, language] of told)
  test(`${text}: ${language}`, () => assert.equal(languages(text)[0], language))

test('what no word tells counts as English if it can be; without words there is no language', () => {
  assert.deepEqual(languages('running shoes'), ['en'])
  assert.deepEqual(languages('żółć gęś'), [])
  assert.deepEqual(languages('今天'), [])
  assert.deepEqual(languages('Хлеб and the bread').toSorted(), ['en', 'ru'])
})

test('a word is looked up in the languages of its script only', () => {
  assert.ok(canBe('de', 'haus') && canBe('ru', 'дом'))
  assert.ok(!canBe('de', 'дом') && !canBe('ru', 'haus') && !canBe('ar', 'дом'))
})
