import type { PostId, UserId } from '@plaza/kernel/contract'
import { sql, type Tx, toId, toUuid } from '@plaza/kernel/data'
import { plus, nothing as weightless } from './trending-score.ts'
import { keyOf, type NewVoice, type Said, type Subject, type Voice } from './trending-voices.ts'

/** A post bears a tag. */
export interface TagUse {
  readonly post: PostId
  readonly tag: string
  readonly person: UserId
}

/**
 * Makes the subjects there are not, and locks them all until the transaction ends, in one order for everybody. `subjects`: who wrote a post, null
 * for a tag. Returns those that are not gone.
 */
export async function lockSubjects(
  tx: Tx,
  subjects: ReadonlyMap<Subject, UserId | null>,
): Promise<Set<Subject>> {
  const authors = [...subjects.values()].map(author => (author === null ? null : toUuid(author)))
  const rows = await lockOrMake.all(tx, { subjects: [...subjects.keys()], authors })
  return new Set(rows.filter(row => !row.gone).map(row => row.subject))
}

/** The voices there are of these, by `keyOf`. */
export async function findVoices(tx: Tx, voices: readonly Voice[]): Promise<Map<string, number>> {
  const rows = await voicesByKeys.all(tx, {
    subjects: voices.map(each => each.subject),
    people: voices.map(each => toUuid(each.person)),
  })
  return new Map(
    rows.map(row => [keyOf({ subject: row.subject, person: toId('user', row.person_id) }), row.voice]),
  )
}

/** How many voices these people gave since then (as `voiceAt` writes it). */
export async function countSaid(
  tx: Tx,
  people: readonly UserId[],
  since: number,
): Promise<Map<UserId, Said>> {
  const rows = await saidByPeople.all(tx, { people: people.map(toUuid), since })
  return new Map(rows.map(row => [toId('user', row.person_id), { posts: row.posts, tags: row.tags }]))
}

/** Keeps the voices, adds them to their subjects, and counts the new uses of tags; all subjects are locked. */
export async function addVoices(tx: Tx, voices: readonly NewVoice[], uses: readonly TagUse[]): Promise<void> {
  if (voices.length > 0)
    await keepVoices.run(tx, {
      subjects: voices.map(each => each.subject),
      people: voices.map(each => toUuid(each.person)),
      voices: voices.map(each => each.voice),
    })
  const sums = new Map<Subject, Sum>()
  for (const { subject, adds, isFirst } of voices) {
    const sum = sums.get(subject) ?? noSum
    sums.set(subject, { adds: plus(sum.adds, adds), people: sum.people + (isFirst ? 1 : 0) })
  }
  const posts = Map.groupBy(uses, use => `#${use.tag}`)
  await addToTrends(tx, sums, new Map([...posts].map(([tag, uses]) => [tag, uses.length])))
}

interface Sum {
  readonly adds: number
  readonly people: number
}
const noSum: Sum = { adds: weightless, people: 0 }

async function addToTrends(
  tx: Tx,
  sums: ReadonlyMap<Subject, Sum>,
  posts: ReadonlyMap<Subject, number>,
): Promise<void> {
  const subjects = [...new Set([...sums.keys(), ...posts.keys()])]
  if (subjects.length === 0) return
  await addToSubjects.run(tx, {
    subjects,
    adds: subjects.map(subject => (sums.get(subject) ?? noSum).adds),
    people: subjects.map(subject => (sums.get(subject) ?? noSum).people),
    posts: subjects.map(subject => posts.get(subject) ?? 0),
  })
}

/** The tags that these posts bear until now. */
export async function findTags(tx: Tx, posts: readonly PostId[]): Promise<string[]> {
  const rows = await tagsOfPosts.all(tx, { posts: posts.map(toUuid) })
  return rows.map(row => row.tag)
}

/** From now on these posts bear these tags and no others. Returns what changed. */
export async function setTags(
  tx: Tx,
  posts: readonly PostId[],
  uses: readonly TagUse[],
): Promise<{ added: TagUse[]; removed: TagUse[] }> {
  const tags = uses.map(use => use.tag)
  const bearers = uses.map(use => toUuid(use.post))
  const removed = await removeUses.all(tx, { posts: posts.map(toUuid), bearers, tags })
  const added =
    uses.length === 0
      ? []
      : await addUses.all(tx, { bearers, tags, people: uses.map(use => toUuid(use.person)) })
  return { added: added.map(toUse), removed: removed.map(toUse) }
}

/** Counts these uses no more, and takes back the voices of people who have no post with the tag any more; the tags are locked. */
export async function takeBack(tx: Tx, removed: readonly TagUse[]): Promise<void> {
  if (removed.length === 0) return
  const tags = removed.map(use => use.tag)
  const posts = [...Map.groupBy(tags, tag => `#${tag}`)].map(([tag, uses]) => [tag, -uses.length] as const)
  await addToTrends(tx, new Map(), new Map(posts))
  const rows = await removeVoices.all(tx, { tags, people: removed.map(use => toUuid(use.person)) })
  if (rows.length > 0) await recompute.run(tx, { subjects: [...new Set(rows.map(row => row.subject))] })
}

/** Computes these subjects anew from their voices, and drops those of which nothing is left; they are locked. */
export async function addUp(tx: Tx, subjects: readonly Subject[]): Promise<void> {
  await recompute.run(tx, { subjects })
  await dropEmpty.run(tx, { subjects })
}

const useColumns = { post_id: 'uuid', tag: 'text', person_id: 'uuid' } as const

function toUse(row: { post_id: string; tag: string; person_id: string }): TagUse {
  return { post: toId('post', row.post_id), tag: row.tag, person: toId('user', row.person_id) }
}

// A row that is updated to what it was is locked, and cannot be deleted before it was.
const lockOrMake = sql({
  name: 'timelines.lock-or-make-trends',
  params: { subjects: 'text[]', authors: 'uuid[]' },
  row: { subject: 'text', gone: 'bool' },
})`
  insert into trends (subject, author_id)
  select *
  from unnest(${'subjects'}, ${'authors'}) wanted (subject, author_id)
  order by subject collate "C"
  on conflict (subject) do update
  set people_count = trends.people_count
  returning subject, gone_at is not null as gone`

const voicesByKeys = sql({
  name: 'timelines.voices-by-keys',
  params: { subjects: 'text[]', people: 'uuid[]' },
  row: { subject: 'text', person_id: 'uuid', voice: 'float8' },
})`
  select v.subject, v.person_id, v.voice
  from unnest(${'subjects'}, ${'people'}) wanted (subject, person_id)
  join voices v on v.subject = wanted.subject and v.person_id = wanted.person_id`

const saidByPeople = sql({
  name: 'timelines.said-by-people',
  params: { people: 'uuid[]', since: 'float8' },
  row: { person_id: 'uuid', posts: 'int4', tags: 'int4' },
})`
  select person.id as person_id,
    count(*) filter (where not starts_with(said.subject, '#'))::int4 as posts,
    count(*) filter (where starts_with(said.subject, '#'))::int4 as tags
  from unnest(${'people'}) person (id)
  cross join lateral (
    select v.subject
    from voices v
    where v.person_id = person.id and v.voice > ${'since'}
    limit 400
  ) said
  group by person.id`

const keepVoices = sql({
  name: 'timelines.keep-voices',
  params: { subjects: 'text[]', people: 'uuid[]', voices: 'float8[]' },
})`
  insert into voices (subject, person_id, voice)
  select *
  from unnest(${'subjects'}, ${'people'}, ${'voices'})
  on conflict (subject, person_id) do update
  set voice = excluded.voice`

// log2(2^a + 2^b), as plus() has it: exp() of less than -745 is an error, not a zero.
const addToSubjects = sql({
  name: 'timelines.add-to-trends',
  params: { subjects: 'text[]', adds: 'float8[]', people: 'int4[]', posts: 'int4[]' },
})`
  update trends t
  set people_count = t.people_count + added.people,
    post_count = t.post_count + added.posts,
    score = case
      when added.score = '-infinity' then t.score
      when t.score = '-infinity' then added.score
      else greatest(t.score, added.score)
        + ln(1 + exp(greatest(-abs(t.score - added.score) * ln(2::float8), -700))) / ln(2::float8)
    end
  from unnest(${'subjects'}, ${'adds'}, ${'people'}, ${'posts'}) added (subject, score, people, posts)
  where t.subject = added.subject`

const tagsOfPosts = sql({
  name: 'timelines.tags-of-posts',
  params: { posts: 'uuid[]' },
  row: { tag: 'text' },
})`
  select tag
  from tag_posts
  where post_id = any(${'posts'})`

const removeUses = sql({
  name: 'timelines.remove-tag-uses',
  params: { posts: 'uuid[]', bearers: 'uuid[]', tags: 'text[]' },
  row: useColumns,
})`
  delete from tag_posts t
  where post_id = any(${'posts'})
    and not exists (
      select
      from unnest(${'bearers'}, ${'tags'}) wanted (post_id, tag)
      where wanted.post_id = t.post_id and wanted.tag = t.tag
    )
  returning post_id, tag, person_id`

const addUses = sql({
  name: 'timelines.add-tag-uses',
  params: { bearers: 'uuid[]', tags: 'text[]', people: 'uuid[]' },
  row: useColumns,
})`
  insert into tag_posts (post_id, tag, person_id)
  select *
  from unnest(${'bearers'}, ${'tags'}, ${'people'})
  on conflict do nothing
  returning post_id, tag, person_id`

const removeVoices = sql({
  name: 'timelines.remove-voices-without-posts',
  params: { tags: 'text[]', people: 'uuid[]' },
  row: { subject: 'text' },
})`
  delete from voices v
  using unnest(${'tags'}, ${'people'}) removed (tag, person_id)
  where v.subject = '#' || removed.tag
    and v.person_id = removed.person_id
    and not exists (
      select
      from tag_posts p
      where p.tag = removed.tag and p.person_id = removed.person_id
    )
  returning v.subject`

const recompute = sql({ name: 'timelines.recompute-trends', params: { subjects: 'text[]' } })`
  update trends t
  set people_count = coalesce(said.people, 0), score = coalesce(said.score, '-infinity')
  from unnest(${'subjects'}) wanted (subject)
  left join lateral (
    select count(*)::int4 as people,
      loudest.voice + ln(sum(exp(greatest((v.voice - loudest.voice) * ln(2::float8), -700)))) / ln(2::float8) as score
    from (select max(voice) as voice from voices where subject = wanted.subject) loudest
    join voices v on v.subject = wanted.subject
    group by loudest.voice
  ) said on true
  where t.subject = wanted.subject`

/** Drops the subjects of these that nobody speaks for and that no post bears; they are locked. */
export const dropEmpty = sql({ name: 'timelines.drop-empty-trends', params: { subjects: 'text[]' } })`
  delete from trends
  where subject = any(${'subjects'}) and people_count = 0 and post_count = 0 and gone_at is null`

/** What was deleted or hidden never trends again; the subjects are locked. */
export const markGone = sql({ name: 'timelines.mark-trends-gone', params: { subjects: 'text[]' } })`
  update trends
  set gone_at = now()
  where subject = any(${'subjects'})`
