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
  const posts = Map.groupBy(uses, subjectOf)
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
export async function findUses(tx: Tx, posts: readonly PostId[]): Promise<TagUse[]> {
  return (await usesOfPosts.all(tx, { posts: posts.map(toUuid) })).map(toUse)
}

/** From now on these posts bear these tags too. Returns those that they did not bear. */
export async function addUses(tx: Tx, uses: readonly TagUse[]): Promise<TagUse[]> {
  if (uses.length === 0) return []
  const people = uses.map(use => toUuid(use.person))
  return (await insertUses.all(tx, { ...keysOf(uses), people })).map(toUse)
}

/** These posts bear these tags no more: who has no other post with a tag takes back their voice for it. The tags are locked. */
export async function removeUses(tx: Tx, uses: readonly TagUse[]): Promise<void> {
  if (uses.length === 0) return
  const removed = (await deleteUses.all(tx, keysOf(uses))).map(toUse)
  const posts = [...Map.groupBy(removed, subjectOf)].map(([tag, { length }]) => [tag, -length] as const)
  await addToTrends(tx, new Map(), new Map(posts))
  const people = removed.map(use => toUuid(use.person))
  const rows = await removeVoices.all(tx, { tags: removed.map(use => use.tag), people })
  if (rows.length > 0) await recompute.run(tx, { subjects: [...new Set(rows.map(row => row.subject))] })
}

/** Locks the tags, and `removeUses`. */
export async function forgetUses(tx: Tx, rows: Parameters<typeof toUse>[0][]): Promise<number> {
  if (rows.length === 0) return 0
  const uses = rows.map(toUse)
  const subjects = uses.map(subjectOf)
  await lockSubjects(tx, new Map(subjects.map(subject => [subject, null])))
  await removeUses(tx, uses)
  await dropEmpty.run(tx, { subjects })
  return uses.length
}

/** Computes these subjects anew from their voices, and drops those of which nothing is left; they are locked. */
export async function addUp(tx: Tx, subjects: readonly Subject[]): Promise<void> {
  await recompute.run(tx, { subjects })
  await dropEmpty.run(tx, { subjects })
}

export const useColumns = { post_id: 'uuid', tag: 'text', person_id: 'uuid' } as const

const subjectOf = ({ tag }: TagUse): Subject => `#${tag}`

function keysOf(uses: readonly TagUse[]) {
  return { posts: uses.map(use => toUuid(use.post)), tags: uses.map(use => use.tag) }
}

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

const usesOfPosts = sql({
  name: 'timelines.tag-uses-of-posts',
  params: { posts: 'uuid[]' },
  row: useColumns,
})`
  select post_id, tag, person_id
  from tag_posts
  where post_id = any(${'posts'})`

const deleteUses = sql({
  name: 'timelines.delete-tag-uses',
  params: { posts: 'uuid[]', tags: 'text[]' },
  row: useColumns,
})`
  delete from tag_posts p
  using unnest(${'posts'}, ${'tags'}) old (post_id, tag)
  where p.post_id = old.post_id and p.tag = old.tag
  returning p.post_id, p.tag, p.person_id`

const insertUses = sql({
  name: 'timelines.add-tag-uses',
  params: { posts: 'uuid[]', tags: 'text[]', people: 'uuid[]' },
  row: useColumns,
})`
  insert into tag_posts (post_id, tag, person_id)
  select *
  from unnest(${'posts'}, ${'tags'}, ${'people'})
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
  set people_count = said.people, score = said.score
  from unnest(${'subjects'}) wanted (subject)
  cross join lateral voices_sum(wanted.subject) said
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
