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
    // Others' posts may be a moment late, at each instance a different one.
    const all = (path: string, as?: Person) => world.all<Post>(path, 100, as).then(items => idsOf({ items }))
    await eventually(async () => assert.deepEqual(await all('/timelines/home', ana), wanted))
    await eventually(async () => assert.deepEqual(await all(`/tags/${tag}/posts`), wanted))
    await eventually(async () => {
      const everything = await all('/timelines/public')
      assert.deepEqual(everything.slice(0, wanted.length), wanted)
      assert.equal(new Set(everything).size, everything.length)
    })
  },
}

const idsOf = ({ items }: Pick<Page<Post>, 'items'>) => items.map(each => each.id)
