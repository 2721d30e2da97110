import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import type { Page, Post } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person } from '../world.ts'

/** On its own: so many posts would push those of other tests out of sight. */
export const longTimelines: Cases = {
  'a timeline far longer than what is kept in memory has no gap and ends where it ends': async world => {
    const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
    await Promise.all([world.follow(ana, ben), world.follow(ana, cleo)])
    await world.texts('/timelines/home', ana)
    const tag = `t${ana.username}`
    const ids: string[] = []
    const write = async (author: Person) => {
      for (let n = 0; n < 100; n++) ids.push((await world.post(author, `${n} #${tag}`)).id)
    }
    await Promise.all(Array.from({ length: 12 }, (_, n) => write(n % 2 === 0 ? ben : cleo)))
    const wanted = ids.toSorted().toReversed()
    const newest = async (path: string, as?: Person) => {
      const { body } = await world.api.get<Page<Post>>(`${path}?limit=1`, as && { as })
      assert.equal(body.items[0]?.id, wanted[0])
    }
    await eventually(() => newest('/timelines/home', ana))
    assert.deepEqual(idsOf({ items: await world.all<Post>('/timelines/home', 100, ana) }), wanted)
    await eventually(() => newest(`/tags/${tag}/posts`))
    assert.deepEqual(idsOf({ items: await world.all<Post>(`/tags/${tag}/posts`, 100) }), wanted)
    await eventually(() => newest('/timelines/public'))
    const everything = idsOf({ items: await world.all<Post>('/timelines/public', 100) })
    assert.deepEqual(everything.slice(0, wanted.length), wanted)
    assert.equal(new Set(everything).size, everything.length)
  },
}

const idsOf = ({ items }: Pick<Page<Post>, 'items'>) => items.map(each => each.id)
