import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newUuid, toId } from '@plaza/kernel/data'
import { openSquare, type Square, until } from './square.ts'

let square: Square
let ana: `user_${string}`
before(async () => {
  square = await openSquare()
  ana = await square.person('ana', 'Ana')
})
after(() => square.close())

/** Writes them, and waits until they are indexed. */
async function write(...texts: readonly string[]) {
  const ids = await square.posts.addMany(texts.map(text => ({ author: ana, text })))
  await square.caughtUp()
  return ids
}

const sorted = async (q: string, as?: `user_${string}`) => (await square.find(q, as)).sort()

test('all words are asked for; phrases stand as written, minus leaves out, OR is either', async () => {
  const [a, b, c] = ['quill ink paper', 'quill paper ink', 'quill stone'] as const
  await write(a, b, c)
  assert.deepEqual(await sorted('quill'), [a, b, c])
  assert.deepEqual(await sorted('QUILL ink'), [a, b])
  assert.deepEqual(await sorted('"paper ink"'), [b])
  assert.deepEqual(await sorted('paper-ink'), [b])
  assert.deepEqual(await sorted('quill -ink'), [c])
  assert.deepEqual(await sorted('quill -"paper ink"'), [a, c])
  assert.deepEqual(await sorted('stone OR ink quill'), [a, b, c])
  assert.deepEqual(await sorted('stone ink'), [])
})

test('words are found by their forms in the language of the text, exact words first', async () => {
  const german = 'Die Katzen laufen durch die Häuser und ich liebe das'
  const english = 'The bakers were running through the markets this morning'
  const spanish = 'Los gatos están corriendo por las calles de la ciudad'
  const russian = 'Мы купили новые книги в старом городе'
  const french = "J'aime les chevaux et l'amour des montagnes"
  await write(german, english, spanish, russian, french)
  // That there are posts in another language is known a quarter of a second later.
  await until(async () => (await square.find('laufe haus')).length === 1)
  assert.deepEqual(await square.find('laufe haus'), [german])
  assert.deepEqual(await square.find('baker market'), [english])
  assert.deepEqual(await square.find('gato calle'), [spanish])
  assert.deepEqual(await square.find('книга город'), [russian])
  assert.deepEqual(await square.find('amour montagne'), [french])
  const exact = 'The baker and his market'
  await write(exact)
  assert.deepEqual(await square.find('baker market'), [exact, english])
})

test('accents and case make no difference', async () => {
  const text = 'Zürich, São Paulo, Łódź, Straße, ÇEŞME'
  await write(text)
  for (const q of ['zurich', 'ZÜRICH', 'sao paulo', 'lodz', 'strasse', 'Straße', 'çeşme', 'cesme'])
    assert.deepEqual(await square.find(q), [text], q)
})

test('scripts without spaces are found by any part of them, and only where the letters stand side by side', async () => {
  const chinese = '今天我们去市场买新鲜的面包和苹果'
  const japanese = '東京タワーへ行きました。とても楽しかったです'
  const korean = '학교에서 친구를 만났어요'
  const thai = 'วันนี้ฉันไปตลาดซื้อขนมปัง'
  const mixed = '我喜欢用iPhone拍照'
  await write(chinese, japanese, korean, thai, mixed)
  for (const q of ['市场', '新鲜的面包', '苹', '面包 市场', '"买新鲜"'])
    assert.deepEqual(await square.find(q), [chinese], q)
  for (const q of ['タワー', '東京', '行きました', 'ﾀﾜｰ'])
    assert.deepEqual(await square.find(q), [japanese], q)
  for (const q of ['학교', '친구', '만났어요 학교']) assert.deepEqual(await square.find(q), [korean], q)
  for (const q of ['ตลาด', 'ขนมปัง']) assert.deepEqual(await square.find(q), [thai], q)
  for (const q of ['iphone', 'iPhone拍照', '喜欢']) assert.deepEqual(await square.find(q), [mixed], q)
  assert.deepEqual(await square.find('场市'), [])
  assert.deepEqual(await square.find('面苹'), [])
})

test('#tag and @username narrow', async () => {
  const ben = await square.person('ben_b')
  await square.posts.add(ana, 'gala dusk #Sunset', { tags: ['sunset'] })
  await square.posts.add(ben, 'gala dawn #Sunset', { tags: ['sunset'] })
  await square.posts.add(ben, 'gala sunset without a tag')
  await square.caughtUp()
  assert.deepEqual(await sorted('gala #sunset'), ['gala dawn #Sunset', 'gala dusk #Sunset'])
  assert.deepEqual(await sorted('#SUNSET @ben_b'), ['gala dawn #Sunset'])
  assert.deepEqual(await sorted('gala @Ana'), ['gala dusk #Sunset'])
  assert.deepEqual(await sorted('gala -@ana -#sunset'), ['gala sunset without a tag'])
  assert.deepEqual(await sorted('gala @nobody'), [])
  assert.deepEqual(await sorted('gala -@nobody -#sunset'), ['gala sunset without a tag'])
})

test('of equal matches the newer and the better liked stand first, words that stand close before words far apart', async () => {
  const year = 365 * 86_400_000
  const old = toId('post', newUuid(0, Date.now()).replace(/^.{13}/, hexOf(Date.now() - year)))
  await square.posts.add(ana, 'rankword plain', { id: old })
  await square.posts.add(ana, 'rankword plain')
  await square.caughtUp()
  const ids = async (q: string) => (await square.postsPage(q)).items.map(post => post.id)
  assert.equal((await ids('rankword')).at(-1), old)
  const liked = await square.posts.add(ana, 'likeword one')
  const unliked = await square.posts.add(ana, 'likeword two')
  await until(async () => (await ids('likeword')).length === 2)
  await square.posts.count(liked, 100)
  await until(async () => (await ids('likeword'))[0] === liked)
  assert.deepEqual(await ids('likeword'), [liked, unliked])
  const filler = 'alpha beta gamma delta epsilon zeta eta theta'
  await write('closeone closetwo', `closeone ${filler} ${filler} closetwo`)
  assert.equal((await square.find('closetwo closeone'))[0], 'closeone closetwo')
})

const hexOf = (time: number) =>
  time
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')

test('an edit is found by its new words and not by its old ones, a deletion not at all, within a second', async () => {
  const [id] = await write('firstword stays')
  const within = async (isSo: () => Promise<boolean>) => {
    const began = performance.now()
    await until(isSo)
    return performance.now() - began
  }
  await square.posts.edit(id!, 'secondword stays')
  const edited = await within(async () => (await square.find('secondword')).length === 1)
  assert.deepEqual(await square.find('firstword'), [])
  await square.posts.remove(id!)
  const indexed = async () =>
    (await square.owner.query('select from search.documents where document @@ $1', ["'secondword'"])).rows
  const deleted = await within(async () => (await indexed()).length === 0)
  for (const ms of [edited, deleted]) assert.ok(ms < 1_000, `${ms} ms`)
})

test('an event that comes again, or late, brings nothing back', async () => {
  const [kept, gone, hidden] = await write('againword kept', 'againword gone', 'againword hidden')
  await square.posts.edit(kept!, 'againword changed')
  await square.posts.remove(gone!)
  await square.posts.remove(hidden!, 'hidden')
  for (const id of [kept, gone, hidden]) await square.posts.tellAgain(id!, ana)
  await square.caughtUp()
  assert.deepEqual(await square.find('againword'), ['againword changed'])
  const { rows } = await square.owner.query('select from search.documents where document @@ $1', [
    "'againword'",
  ])
  assert.equal(rows.length, 1)
})

test('what is not for the viewer is not found, and pages are full all the same', async () => {
  const [ben, cleo, dora] = [
    await square.person('bob'),
    await square.person('cleo'),
    await square.person('dora'),
  ]
  square.relate('follow', ben, ana)
  square.relate('block', ana, cleo)
  for (let n = 0; n < 30; n++) {
    await square.posts.add(ana, `eyesword closed ${n}`, { visibility: 'followers' })
    if (n % 3 === 0) await square.posts.add(ana, `eyesword open ${n}`)
  }
  await square.posts.add(dora, 'eyesword by dora')
  await square.caughtUp()
  assert.equal((await square.find('eyesword', ben)).length, 41)
  assert.equal((await square.find('eyesword', ana)).length, 41)
  assert.deepEqual(await square.find('eyesword', cleo), ['eyesword by dora'])
  assert.equal((await square.find('eyesword')).length, 11)
  const page = await square.postsPage('eyesword', { as: dora, limit: 10 })
  assert.equal(page.items.length, 10)
  assert.equal(page.items[0]!.liked, false)
  const rest = await square.postsPage('eyesword', { as: dora, limit: 10, cursor: page.nextCursor! })
  assert.equal(rest.items.length, 1)
  assert.equal(rest.nextCursor, null)
  square.suspended.add(dora)
  assert.deepEqual(await square.find('eyesword', cleo), [])
  square.suspended.delete(dora)
})

test('pages hold every match once, to the end and back, while new posts come', async () => {
  const texts = Array.from({ length: 57 }, (_, n) => `pagesword ${'very '.repeat(n % 4)}${n}`)
  const ids = await write(...texts)
  for (const limit of [5, 19, 57, 100]) {
    const seen: string[] = []
    let page = await square.postsPage('pagesword', { limit })
    seen.push(...page.items.map(post => post.id))
    while (page.nextCursor !== null) {
      await square.posts.add(ana, 'pagesword newcomer')
      page = await square.postsPage('pagesword', { limit, cursor: page.nextCursor })
      assert.ok(page.items.length > 0)
      seen.push(...page.items.map(post => post.id))
    }
    const old = seen.filter(id => ids.includes(id as never))
    assert.equal(new Set(seen).size, seen.length)
    assert.deepEqual(old.toSorted(), ids.toSorted())
    let back = page.items.map(post => post.id)
    while (page.prevCursor !== null) {
      page = await square.postsPage('pagesword', { limit, cursor: page.prevCursor })
      if (page.items.length === 0) break
      back = [...page.items.map(post => post.id), ...back]
    }
    assert.deepEqual(back, seen)
    await square.caughtUp()
    for (const { id, text } of [...square.posts.facts.values()])
      if (text.endsWith('newcomer')) await square.posts.remove(id)
    await square.caughtUp()
  }
})
