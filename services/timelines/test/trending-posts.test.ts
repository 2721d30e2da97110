import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { posts } from '@plaza/posts/contract'
import { openSocialSquare, type SocialSquare } from '@plaza/testing/social-square'
import { timelines } from '../src/contract.ts'
import { timelinesService } from '../src/service.ts'
import { textsOf, until } from './trending-square.ts'

let square: SocialSquare
before(async () => {
  square = await openSocialSquare([timelinesService])
})
after(() => square[Symbol.asyncDispose]())

test('with the real posts: what people like, repost and answer trends, with its counts, until it is deleted', async () => {
  const [ana, ben, cid] = [square.addPerson(), square.addPerson(), square.addPerson()]
  const write = (text: string) => square.as(posts, ana).create({ text })
  const [first, second] = [await write('first #Tag'), await write('second #Tag #Other')]
  for (const by of [ben, cid]) await square.as(posts, by).like({ id: second.id })
  await square.as(posts, cid).repost({ id: second.id })
  const answer = await square.as(posts, ben).comment({ id: first.id, text: 'an answer #Tag' })
  await square.as(posts, cid).like({ id: answer.id })
  const shown = async () => textsOf(await square.as(timelines, ben).trendingPosts({})).join()
  const tags = async () =>
    (await square.as(timelines).trendingTags({})).items.map(
      ({ tag, peopleCount, postCount }) => `${tag} ${peopleCount} ${postCount}`,
    )
  await until(async () => (await shown()) === 'second #Tag #Other,first #Tag')
  await until(async () => (await tags()).toSorted().join() === 'other 1 1,tag 1 2')
  await until(async () => {
    const [top] = (await square.as(timelines, ben).trendingPosts({ limit: 1 })).items
    return top!.likeCount === 2 && top!.repostCount === 1 && top!.liked === true && top!.reposted === false
  })
  await square.as(posts, ana).edit({ id: second.id, text: 'second #New' })
  await until(async () => (await tags()).toSorted().join() === 'new 1 1,tag 1 1')
  await square.as(posts, ana).delete({ id: second.id })
  await until(async () => (await shown()) === 'first #Tag')
  await until(async () => (await tags()).join() === 'tag 1 1')
  assert.equal((await square.as(timelines).trendingPosts({})).items.length, 1)
})
